"""The choice of a part, on pages that have several."""

from collections.abc import Mapping

import streamlit as st

from lab.core.settings import LessonSettings
from lab.ui.page import change, controls
from lab.ui.words import words


def chosen_part(place: type[LessonSettings], parts: Mapping[str, str], label: str = "") -> str:
    """Draw the choice of a part, with buttons to the one before and the one after; return the part.

    Args:
        place: settings whose field `part` says which part is shown.
        parts: by value, in the order in which they are read.
        label: what a part is called on the button, such as "Next part".
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = controls(place, "part").part  # type: ignore[attr-defined]
        names = list(parts)
        here = names.index(part)
        for text, icon, there in (
            (words("Back"), ":material/arrow_back:", here - 1),
            (label or words("Next part"), ":material/arrow_forward:", here + 1),
        ):
            st.button(
                text,
                icon=icon,
                disabled=not 0 <= there < len(names),
                on_click=_turn_to,
                args=(place, names[there % len(names)]),
            )
    return part


def _turn_to(place: type[LessonSettings], part: str) -> None:
    change("part", place, part=part)
