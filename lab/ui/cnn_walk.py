"""Going through a map pixel by pixel: back, next, play."""

import time

import streamlit as st

from lab.topics.cnn.operation import Place
from lab.topics.cnn.operation_settings import OperationDisplay
from lab.ui.page import change
from lab.ui.words import words

PLAYING, TURNED = "conv:playing", "conv:turned"
SECONDS = 1.0


def go(namespace: str, level: str, row: int, column: int) -> None:
    """Go to a pixel of a map, its row and column counted from 1; in a callback."""
    change(namespace, OperationDisplay, conv_level=level, conv_row=row, conv_column=column)


def walk_buttons(namespace: str, place: Place, shape: tuple[int, int]) -> None:
    """Draw the buttons that go on in the order of reading, and keep going while the walk plays.

    Args:
        namespace: of the controls of `OperationDisplay`.
        place: the pixel that is shown.
        shape: rows and columns of the map it is in.
    """
    here, last = place.row * shape[1] + place.column, shape[0] * shape[1] - 1
    playing = bool(st.session_state.get(PLAYING)) and here < last
    for label, icon, tip, to in (
        (words("Back"), "undo", words("The pixel before."), here - 1),
        (words("Next"), "redo", words("The next pixel, row by row."), here + 1),
    ):
        st.button(
            label,
            icon=f":material/{icon}:",
            key=f"conv:{icon}",
            help=tip,
            disabled=not 0 <= to <= last,
            on_click=_go_to,
            args=(namespace, place.level, to, shape[1]),
        )
    st.button(
        words("Pause") if playing else words("Play"),
        icon=":material/pause:" if playing else ":material/play_arrow:",
        key="conv:play",
        help=words("Slides on by a pixel every second."),
        on_click=_play,
        args=(namespace, not playing, place.level, here == last),
    )
    if playing:
        _turn(namespace, place.level, here + 1, shape)


def _go_to(namespace: str, level: str, number: int, columns: int) -> None:
    go(namespace, level, number // columns + 1, number % columns + 1)


def _play(namespace: str, on: bool, level: str, at_end: bool) -> None:
    st.session_state[PLAYING] = on
    st.session_state[TURNED] = time.monotonic()
    if on and at_end:
        go(namespace, level, 1, 1)


@st.fragment(run_every=SECONDS)
def _turn(namespace: str, level: str, to: int, shape: tuple[int, int]) -> None:
    """Go on by a pixel once the time is over; drawn only while the walk plays."""
    now = time.monotonic()
    if not st.session_state.get(PLAYING) or now - st.session_state[TURNED] < 0.8 * SECONDS:
        return
    st.session_state[TURNED] = now
    st.session_state[PLAYING] = to + 1 < shape[0] * shape[1]
    _go_to(namespace, level, to, shape[1])
    st.rerun()
