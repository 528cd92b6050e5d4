"""What only this page has: its parts."""

from collections.abc import Callable

import streamlit as st

from lab.topics.cnn.parts import PARTS, Part
from lab.ui import cnn_inside, cnn_looks, cnn_operation, cnn_quality, cnn_train
from lab.ui.parts import chosen_part
from lab.ui.words import prose

SHOW: dict[str, Callable[[], None]] = {
    "operation": cnn_operation.show,
    "train": cnn_train.show,
    "inside": cnn_inside.show,
    "looks": cnn_looks.show,
    "quality": cnn_quality.show,
}


def show() -> None:
    """Draw the chosen part between its two texts."""
    part = chosen_part(Part, PARTS)
    above, below = prose(f"cnn_{part}")
    st.markdown(above)
    SHOW[part]()
    st.markdown(below)
