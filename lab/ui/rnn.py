"""What only this page has: its parts."""

from collections.abc import Callable

import streamlit as st

from lab.topics.rnn.parts import PARTS, Part
from lab.ui import rnn_cell, rnn_cost, rnn_memory, rnn_series, rnn_text
from lab.ui.parts import chosen_part
from lab.ui.words import prose

SHOW: dict[str, Callable[[], None]] = {
    "cell": rnn_cell.show,
    "series": rnn_series.show,
    "text": rnn_text.show,
    "cost": rnn_cost.show,
    "memory": rnn_memory.show,
}


def show() -> None:
    """Draw the chosen part between its two texts."""
    part = chosen_part(Part, PARTS)
    above, below = prose(f"rnn_{part}")
    st.markdown(above)
    SHOW[part]()
    st.markdown(below)
