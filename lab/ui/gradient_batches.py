"""Full batch, mini-batch and one example: controls, pictures and tables."""

import streamlit as st

from lab.topics.gradient_descent.batches_settings import BatchDisplay, BatchSettings
from lab.topics.gradient_descent.batches_stage import BATCHES, comparison_table, course_table
from lab.ui.page import controls, run, stop_button, undo_buttons, views
from lab.ui.tables import table
from lab.ui.words import words

NAMESPACE = "batches"


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = controls(BatchSettings, NAMESPACE)
    with above:
        undo_buttons(BatchSettings, NAMESPACE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(BatchDisplay, "batches_display")
    asked = run(BATCHES, settings)
    if not asked.ended:
        stop_button(BATCHES, asked)
    views(BATCHES, asked, display)
    if asked.result is None:
        return
    st.dataframe(comparison_table(settings, asked.events, asked.result), hide_index=True)
    with st.expander(words("Every measurement"), icon=":material/table:"):
        table(
            "Loss and accuracy, one row per network and moment",
            course_table(settings, asked.events),
            "batches.csv",
        )
