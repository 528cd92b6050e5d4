"""Letters and languages: a text to learn, what the network writes, and a word read letter by letter."""

import html
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from jaxtyping import Float32

from lab.core.errors import LabError
from lab.data.texts import MOST_BYTES, read_text
from lab.figures.letters import visible
from lab.figures.theme import BLUE, ORANGE, faded
from lab.topics.rnn.language_stage import LANGUAGE
from lab.topics.rnn.letters import Written
from lab.topics.rnn.text_settings import (
    LanguageDisplay,
    LanguageSettings,
    LettersDisplay,
    LettersSettings,
    Task,
)
from lab.topics.rnn.text_stage import LETTERS, Writing, writing
from lab.ui.page import change, controls, run, settled, stop_button, undo_buttons, views
from lab.ui.session import files, keep_file
from lab.ui.tables import table
from lab.ui.words import words

TASK, LEARN, WRITE = "text-task", "letters", "letters-view"
TELL, WORD = "language", "language-view"


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        task = controls(Task, TASK).text_task
    if task == "letters":
        _letters()
    else:
        _language()


def _letters() -> None:
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = controls(LettersSettings, LEARN)
    with above:
        undo_buttons(LettersSettings, LEARN)
    settings = _with_text(settings)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(LettersDisplay, WRITE)
        display = _typed(WRITE, display, "text_prompt", words("Beginning"), "The ")
    asked = run(LETTERS, settings)
    if not asked.ended:
        stop_button(LETTERS, asked)
    if asked.result is not None and not asked.result.overflow:
        _written(writing(settings, display, asked.result), display)
    views(LETTERS, asked, display, {"unit": _unit_chosen})
    if asked.result is not None:
        _samples(asked.result)


def _with_text(settings: LettersSettings) -> LettersSettings:
    """Return the settings with the learner's text, or draw the box for it and end the page here."""
    if settings.text_source == "lab":
        return settled(LEARN, settings, text_file="") if settings.text_file else settings
    pasted = st.text_area(
        words("My own text"),
        height=160,
        help=words("500 letters to {most:,} bytes. It stays in this visit and is never stored.").format(
            most=MOST_BYTES
        ),
    )
    if pasted:
        raw = pasted.encode("utf-8", "surrogatepass")
        try:
            read_text(raw)
        except LabError as error:
            st.error(str(error), icon=":material/error:")
            st.stop()
        return settled(LEARN, settings, text_file=keep_file(raw))
    if settings.text_file not in files():
        st.info(words("Paste a text to begin, or choose the lab's own prose."))
        st.stop()
    return settings


def _typed(namespace: str, display: Any, field: str, label: str, example: str) -> Any:
    """Draw a box for a hidden text of the display, and return the display with what was typed."""
    key = f"{namespace}:{field}"
    st.session_state.setdefault(key, getattr(display, field))
    typed = st.text_input(label, key=key, placeholder=example, width=260)
    try:
        return settled(namespace, display, **{field: typed})
    except LabError as error:
        st.error(str(error), icon=":material/error:")
        return display


def _written(told: Writing, display: LettersDisplay) -> None:
    """Write the text, each letter on the colour of the chosen unit's value."""
    unit = min(display.text_unit, told.states.shape[1])
    values = told.states[:, unit - 1]
    st.subheader(words("What it writes"), anchor=False)
    st.html(coloured(told.beginning, told.text, values))
    st.caption(
        words(
            "Bold is your beginning. The colour is unit {unit} after each letter: blue above 0, orange below."
        ).format(unit=unit)
    )
    with st.expander(words("Unit {unit}, letter by letter").format(unit=unit), icon=":material/table:"):
        letters = [visible(one) for one in told.beginning + told.text]
        frame = pd.DataFrame({"letter": letters, "value": values.astype(np.float64).round(4)})
        table("Value of the unit after each letter", frame, "unit.csv")


def coloured(beginning: str, text: str, values: Float32[np.ndarray, " letter"]) -> str:
    """Return the text as HTML; whatever the letters are, they are text and nothing else.

    Example:
        >>> coloured("<", "b", np.array([0.5, -1.0], np.float32)).count("&lt;")
        1
    """
    most = max(float(np.abs(values).max()), 1e-9)
    spans = []
    for place, (letter, value) in enumerate(zip(beginning + text, values.tolist(), strict=True)):
        ground = faded(BLUE if value > 0 else ORANGE, round(0.65 * abs(value) / most, 2))
        weight = ";font-weight:700" if place < len(beginning) else ""
        shown = "<br>" if letter == "\n" else html.escape(letter)
        spans.append(f'<span style="background:{ground}{weight}">{shown}</span>')
    style = "white-space:pre-wrap;line-height:1.9;font-family:ui-monospace,monospace;overflow-wrap:anywhere"
    return f'<p style="{style}">{"".join(spans)}</p>'


def _unit_chosen(place: Any) -> None:
    try:
        unit = round(float(place["y"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return
    change(WRITE, LettersDisplay, text_unit=int(np.clip(unit, 1, 200)))


def _samples(result: Written) -> None:
    """List what the network wrote while it learned."""
    losses = dict(zip(result.steps.tolist(), result.test_loss.round(4).tolist(), strict=True))
    frame = pd.DataFrame(
        {
            "step": list(result.samples),
            "loss on unseen text (nats)": [losses[step] for step in result.samples],
            "what it wrote": [" ".join(sample.split()) for sample in result.samples.values()],
        }
    )
    st.subheader(words("From nonsense to words"), anchor=False)
    table("Samples while it learned, at temperature 0.7", frame, "samples.csv")


def _language() -> None:
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = controls(LanguageSettings, TELL)
    with above:
        undo_buttons(LanguageSettings, TELL)
    display = controls(LanguageDisplay, WORD)
    display = _typed(WORD, display, "language_word", words("A word of yours"), "lavorare")
    asked = run(LANGUAGE, settings)
    if not asked.ended:
        stop_button(LANGUAGE, asked)
    views(LANGUAGE, asked, display)
