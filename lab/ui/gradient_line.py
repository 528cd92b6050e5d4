"""The line that is fitted by hand: pulled in the picture, set by sliders, finished by descent."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from lab.topics.gradient_descent import LESSON
from lab.topics.gradient_descent.line import Fitted
from lab.topics.gradient_descent.line_settings import NAMES, WIDEST, LineDisplay, LineSettings
from lab.topics.gradient_descent.line_stage import LINE
from lab.ui.challenges import challenges
from lab.ui.page import change, controls, run, settled, undo_buttons, views
from lab.ui.tables import table
from lab.ui.upload import NUMBERS, uploaded_table
from lab.ui.words import words

NAMESPACE, HELD = "line", "line:held"


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = controls(LineSettings, NAMESPACE)
    with above:
        undo_buttons(LineSettings, NAMESPACE)
    settings = _with_table(settings)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(LineDisplay, "line_display")
        _step_buttons(settings)
    asked = run(LINE, settings)
    views(LINE, asked, display, {"line_ends": _pulled, "line_place": _placed})
    if st.session_state.pop(HELD, False):
        text = words("Slope and intercept go from {low:g} to {high:g}: the line was held at the end.")
        st.info(text.format(low=-WIDEST, high=WIDEST), icon=":material/vertical_align_center:")
    if asked.result is not None:
        _write(asked.result)
        st.dataframe(asked.result.table().round(4).replace(0.0, 0.0), hide_index=True)
        with st.expander(words("Every step"), icon=":material/table:"):
            table("Lines, losses and gradients, step by step", asked.result.steps_table(), "line.csv")
    challenges(LESSON, asked, of=LINE.name)


def _with_table(settings: LineSettings) -> LineSettings:
    """Return the settings with the learner's table, or draw the upload and end the page here."""
    if settings.line_table in NAMES:
        return settled(NAMESPACE, settings, line_file="") if settings.line_file else settings
    found = uploaded_table(settings.line_file, NUMBERS)
    if found is None:
        st.info(words("Upload a table to begin, or choose another data set."))
        st.stop()
    return settled(NAMESPACE, settings, line_file=found)


def _step_buttons(settings: LineSettings) -> None:
    steps: list[tuple[str, str, int]] = [
        (words("My line alone"), words("Take all steps of descent back."), 0),
        (words("+1 step"), words("One more step against the gradient."), settings.line_steps + 1),
        (words("Let descent finish"), words("A hundred steps from your line."), 100),
    ]
    for label, tip, count in steps:
        st.button(
            label,
            help=tip,
            disabled=count == settings.line_steps or count > 500,
            on_click=change,
            args=(NAMESPACE, LineSettings),
            kwargs={"line_steps": count},
        )


def _write(result: Fitted) -> None:
    """Write out loss and gradient of the learner's line."""
    (slope, intercept), (steep, lift) = result.path[0], result.gradients[0]
    error = r"\sum_{i=1}^{m}\big(w x^{(i)} + b - y^{(i)}\big)"
    st.latex(rf"L = \frac1m{error}^2 = {result.losses[0]:.4f}")
    st.latex(rf"\frac{{\partial L}}{{\partial w}} = \frac2m{error}\,x^{{(i)}} = {steep:.4f}")
    st.latex(rf"\frac{{\partial L}}{{\partial b}} = \frac2m{error} = {lift:.4f}")
    count = len(result.columns.x)
    st.caption(
        words("at w = {slope:.3g} and b = {intercept:.3g}, over m = {count} examples").format(
            slope=slope, intercept=intercept, count=count
        )
    )


def _within(value: float) -> float:
    return round(float(np.clip(value, -WIDEST, WIDEST)), 3)


def _safely(act: Callable[[dict[str, float]], tuple[float, float]]) -> Callable[[Any], None]:
    """Return a trigger that sets the line, and leaves it if the browser sends what is no line."""

    def acted(value: Any) -> None:
        try:
            wanted = [float(number) for number in act(value)]
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            return
        if np.isfinite(wanted).all():
            slope, intercept = map(_within, wanted)
            change(NAMESPACE, LineSettings, slope=slope, intercept=intercept)
            st.session_state[HELD] = max(map(abs, wanted)) > WIDEST

    return acted


def _through(ends: dict[str, float]) -> tuple[float, float]:
    slope = (ends["y1"] - ends["y0"]) / (ends["x1"] - ends["x0"])
    return slope, ends["y0"] - slope * ends["x0"]


_pulled = _safely(_through)
_placed = _safely(lambda place: (place["x"], place["y"]))
