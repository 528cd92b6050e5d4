"""What only Gradient descent has: its parts."""

from collections.abc import Callable

import streamlit as st

from lab.topics.gradient_descent.parts import PARTS, Part
from lab.ui import gradient_batches, gradient_line, gradient_network, gradient_race, gradient_sweep
from lab.ui.parts import chosen_part
from lab.ui.words import prose

SHOW: dict[str, Callable[[], None]] = {
    "line": gradient_line.show,
    "race": gradient_race.show,
    "sweep": gradient_sweep.show,
    "batches": gradient_batches.show,
    "network": gradient_network.show,
}


def show() -> None:
    """Draw the chosen part between its two texts."""
    part = chosen_part(Part, PARTS)
    above, below = prose(f"gradient_descent_{part}")
    st.markdown(above)
    SHOW[part]()
    st.markdown(below)
