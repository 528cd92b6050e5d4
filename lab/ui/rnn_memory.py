"""What a recurrent network remembers: gradients through time, clipping, recall over a delay."""

from typing import Any

import streamlit as st

from lab.core.lesson import Experiment
from lab.topics.rnn.memory_settings import MemoryView
from lab.topics.rnn.memory_stage import BACK, CLIP, DELAY
from lab.ui.page import controls, run, stop_button, undo_buttons, views
from lab.ui.tables import table
from lab.ui.words import prose, words

LOOKS: dict[str, tuple[Experiment[Any, Any, Any], str]] = {
    "back": (BACK, "Gradients, one row per state and step"),
    "clip": (CLIP, "Losses and gradients, one row per measurement and network"),
    "delay": (DELAY, "Recall, one row per delay and cell"),
}


def show() -> None:
    """Draw the part of the page."""
    view = controls(MemoryView, "memory-view").memory_view
    experiment, title = LOOKS[view]
    st.markdown(prose(f"rnn_memory_{view}")[0])
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = controls(experiment.settings, f"memory-{view}")
    with above:
        undo_buttons(experiment.settings, f"memory-{view}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(experiment.display, f"memory-{view}-shown")
    asked = run(experiment, settings)
    if not asked.ended:
        stop_button(experiment, asked)
    views(experiment, asked, display)
    if asked.result is not None:
        frame = asked.result if view == "clip" else asked.result.table()
        with st.expander(words("Every number"), icon=":material/table:"):
            table(title, frame, f"memory_{view}.csv")
    st.markdown(prose(f"rnn_memory_{view}")[1])
