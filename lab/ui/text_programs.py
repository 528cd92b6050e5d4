"""What only Programs from the texts has: its cards, each with settings, a listing and an outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from lab.core.lesson import Experiment
from lab.runs.engine import Run
from lab.topics.text_programs import (
    CONVOLUTION,
    DENSE,
    LESSON,
    NOISE,
    SOFTMAX,
    SQUARE,
    TUMOURS,
    convolution,
    dense,
    noise,
    softmax,
    square,
    tumours,
)
from lab.topics.text_programs.programs import PARTS, Part, listing
from lab.ui.challenges import challenges
from lab.ui.page import controls, run, stop_button, undo_buttons, views
from lab.ui.parts import chosen_part
from lab.ui.tables import table
from lab.ui.words import prose, words


@dataclass(frozen=True, slots=True)
class Card:
    """A program on the page.

    Attributes:
        experiment: runs it.
        listed: the functions whose source is its listing.
        summary: makes the table of its outcome from a result and the display settings.
    """

    experiment: Experiment[Any, Any, Any]
    listed: tuple[Callable[..., Any], ...]
    summary: Callable[[Any, Any], pd.DataFrame]


CARDS = {
    "noise": Card(NOISE, noise.LISTED, lambda result, _display: noise.summary(result)),
    "square": Card(SQUARE, square.LISTED, lambda result, _display: square.summary(result)),
    "softmax": Card(SOFTMAX, softmax.LISTED, lambda result, _display: softmax.summary(result)),
    "tumours": Card(TUMOURS, tumours.LISTED, tumours.summary),
    "convolution": Card(
        CONVOLUTION, convolution.LISTED, lambda result, _display: convolution.summary(result)
    ),
    "dense": Card(DENSE, dense.LISTED, dense.summary),
}


def show() -> None:
    """Draw the chosen program's card: what the text prints, its listing, its run, what it leaves open."""
    part = chosen_part(Part, PARTS, words("Next program"))
    card = CARDS[part]
    above, below = prose(f"text_programs_{part}")
    with st.sidebar:
        buttons = st.container(horizontal=True)
        settings = controls(card.experiment.settings, part)
    with buttons:
        undo_buttons(card.experiment.settings, part)
    told, listed = st.columns([2, 3], gap="medium")
    told.markdown(above)
    with listed:
        st.caption(words("The listing that runs here, in PyTorch"))
        st.code(listing(*card.listed), language="python", height=520)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(card.experiment.display, f"{part}_view", {"part": part})
    asked = run(card.experiment, settings)
    if not asked.ended:
        stop_button(card.experiment, asked)
    views(card.experiment, asked, display)
    if asked.result is not None:
        _outcome(card, asked, display, part)
    challenges(LESSON, asked, of=card.experiment.name)
    st.markdown(below)


def _outcome(card: Card, asked: Run, display: Any, part: str) -> None:
    frame = card.summary(asked.result, display)
    st.subheader(words("Outcome"), anchor=False)
    st.table(frame.set_index(frame.columns[0]))
    with st.expander(words("Every measurement"), icon=":material/table:"):
        history = asked.result.history
        table("Every measurement, one row per epoch and network", history, f"{part}.csv")
