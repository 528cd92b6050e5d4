"""The part of the page on cost: what is measured, the picture and the table."""

import streamlit as st

from lab.topics.rnn.cost_settings import CostDisplay, CostSettings
from lab.topics.rnn.cost_stage import COST
from lab.ui.page import controls, run, stop_button, undo_buttons, views
from lab.ui.tables import table
from lab.ui.words import words

NAMESPACE = "cost"


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = controls(CostSettings, NAMESPACE)
    with above:
        undo_buttons(CostSettings, NAMESPACE)
    asked = run(COST, settings)
    if not asked.ended:
        stop_button(COST, asked)
    views(COST, asked, CostDisplay())
    if asked.result is not None:
        st.caption(
            words(
                "Measured when these settings were first asked for, on one core of the machine that ran it."
            )
        )
        table("Each form of the cell", asked.result.table(), "cost.csv")
