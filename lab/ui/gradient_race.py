"""The race on a surface: its controls, a formula of one's own, a click for the start, a step in numbers."""

from typing import Any

import streamlit as st

from lab.core.errors import LabError
from lab.models.surfaces import OWN
from lab.topics.gradient_descent import LESSON
from lab.topics.gradient_descent.race_rules import rule
from lab.topics.gradient_descent.race_settings import (
    OPTIMISERS,
    SUITED,
    RaceDisplay,
    RaceReading,
    RaceSettings,
)
from lab.topics.gradient_descent.race_stage import RACE, fate
from lab.topics.gradient_descent.race_table import standings, steps_table
from lab.training.descent import Race
from lab.ui import session
from lab.ui.challenges import challenges
from lab.ui.needed import needed_controls, wished
from lab.ui.own_formula import forget_fault, formula_box
from lab.ui.page import change, controls, run, stop_button, undo_buttons, views
from lab.ui.tables import table
from lab.ui.words import words

NAMESPACE = "race"


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = _settings()
    with above:
        undo_buttons(RaceSettings, NAMESPACE)
        _all_ten(settings)
    if settings.surface == OWN:
        formula_box(RaceSettings, NAMESPACE, "formula", settings.formula)
    ground = settings.ground()
    st.latex(f"f({'x' if ground.flat else 'x, y'}) = {ground.formula}")
    display = RaceDisplay() if ground.flat else controls(RaceDisplay, "race_display")
    asked = run(RACE, settings)
    if not asked.ended:
        stop_button(RACE, asked)
    views(RACE, asked, display, {"start": _start_at})
    if asked.result is not None:
        _read(settings, asked.result)
    challenges(LESSON, asked, of=RACE.name)


def _settings() -> RaceSettings:
    """Draw the controls that decide something; another surface brings a start and a rate of its own."""
    before: RaceSettings | None = st.session_state.get(f"kept:{NAMESPACE}")
    chosen = wished(RaceSettings, NAMESPACE)
    if before is not None and session.incoming() is None and chosen.surface != before.surface:
        forget_fault(NAMESPACE)
        start = dict(zip(("start_x", "start_y"), chosen.ground().start, strict=True))
        chosen = chosen.changed(**start, rate=SUITED[chosen.surface])
        change(NAMESPACE, RaceSettings, **dict(chosen))
    return needed_controls(chosen, chosen.unused(), NAMESPACE)


def _all_ten(settings: RaceSettings) -> None:
    st.button(
        words("All ten"),
        help=words("Let every optimiser race."),
        disabled=set(settings.optimisers) == OPTIMISERS.keys(),
        on_click=change,
        args=(NAMESPACE, RaceSettings),
        kwargs={"optimisers": tuple(OPTIMISERS)},
        icon=":material/groups:",
    )


def _start_at(place: Any) -> None:
    """Start where the learner has clicked; on a curve, at its x."""
    known: RaceSettings = st.session_state[f"kept:{NAMESPACE}"]
    names = ("x",) if known.ground().flat else ("x", "y")
    try:
        values = {f"start_{name}": round(float(place[name]), 3) for name in names}
        known.changed(**values)
    except (KeyError, TypeError, ValueError, LabError):
        return
    change(NAMESPACE, RaceSettings, **values)


def _read(settings: RaceSettings, result: Race) -> None:
    """Write out one step of one racer, and offer all of them as a table."""
    flat = settings.ground().flat
    with st.expander(words("Who came how far"), icon=":material/flag:", expanded=True):
        frame = standings(result, {key: words(name) for key, name in OPTIMISERS.items()})
        short = {name: st.column_config.NumberColumn(format="%.4g") for name in frame.select_dtypes("float")}
        st.dataframe(frame, hide_index=True, column_config=short)
    st.subheader(words("One step in numbers"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reading = controls(RaceReading, "race_reading")
    name = reading.race_racer if reading.race_racer in result.names else result.names[0]
    if name != reading.race_racer:
        text = words("{absent} does not race; here is {name}.")
        st.caption(text.format(absent=words(OPTIMISERS[reading.race_racer]), name=words(OPTIMISERS[name])))
    step = min(reading.race_step, settings.steps)
    for line in rule(result, name, step, settings.plan(), flat=flat):
        st.latex(line)
    diverged = result.diverged[result.names.index(name)]
    if diverged and step >= diverged:
        text = words("{name} {fate}; nothing finite is left to show.")
        told = fate(result, result.names.index(name))
        st.info(text.format(name=words(OPTIMISERS[name]), fate=told), icon=":material/trending_up:")
    frame = steps_table(result, name, flat=flat)
    with st.expander(words("Every step"), icon=":material/table:"):
        table("Position, gradient, memories and update, step by step", frame, f"race_{name}.csv")
