"""The first part of the page on recurrent networks: a cell unrolled, stepped through, set by hand."""

import time

import streamlit as st

from lab.core.errors import LabError
from lab.core.settings import controls_of
from lab.topics.rnn.cell import Unrolled
from lab.topics.rnn.cell_drawing import chain, inside
from lab.topics.rnn.cell_equations import MEANING, equations
from lab.topics.rnn.cell_settings import MOST_STEPS, CellDisplay, CellSettings, Place, written
from lab.topics.rnn.cell_stage import CELL, step_shown
from lab.ui.graph import draw_graph
from lab.ui.page import change, controls, run, stop_button, undo_buttons, views
from lab.ui.tables import table
from lab.ui.words import words

NAMESPACE, SHOWN = "cell", "cell-shown"
TYPED, FAULT, PLAYING, TURNED = "cell:typed", "cell:fault", "cell:playing", "cell:turned"
SECONDS, WIDEST = 1.5, 9.0


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = controls(CellSettings, NAMESPACE)
    with above:
        undo_buttons(CellSettings, NAMESPACE)
    display = controls(CellDisplay, SHOWN)
    asked = run(CELL, settings)
    found: Unrolled | None = asked.result
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _read_box(settings)
        if found is not None:
            _walk(step_shown(found, display), len(found.symbols))
    if not asked.ended:
        stop_button(CELL, asked)
    if found is not None:
        _drawn(settings, found, step_shown(found, display))
    views(CELL, asked, display)
    if found is not None:
        with st.expander(words("Every number of every step, and the weights"), icon=":material/table:"):
            table("Every step, one row per unit", found.table(), "cell.csv")
            table("Weights and biases", found.weight_table(), "cell_weights.csv")


def _read_box(settings: CellSettings) -> None:
    """Draw the word or the numbers as text that can be changed; what cannot be read is said below it."""
    field = "cell_word" if settings.cell_reads == "word" else "cell_numbers"
    fault = st.session_state.get(FAULT, {}).get(field)
    if not fault:
        st.session_state[TYPED] = (", " if field == "cell_numbers" else "").join(settings.symbols())

    def take() -> None:
        text = str(st.session_state[TYPED]).lower().replace(" ", "")
        st.session_state[FAULT] = {}
        try:
            change(NAMESPACE, CellSettings, **{field: controls_of(CellSettings)[field].checked(text)})
        except LabError as fault:
            st.session_state[FAULT] = {field: str(fault)}

    with st.container(width=230):
        label = words("Word to read") if field == "cell_word" else words("Numbers to read")
        tip = words("1 to 8 letters, or 1 to 8 numbers with commas between; press Enter.")
        st.text_input(label, key=TYPED, on_change=take, help=tip, max_chars=80)
        if fault:
            st.error(fault, icon=":material/error:")


def _go(step: int) -> None:
    """Go to a step; in a callback, or before the controls are drawn."""
    change(SHOWN, CellDisplay, cell_step=max(1, min(step, MOST_STEPS)))


def _walk(number: int, last: int) -> None:
    """Draw the buttons that go from step to step."""
    for label, icon, tip, to, off in (
        ("Previous", "undo", "One step back.", number - 1, number == 1),
        ("Next", "redo", "One step further.", number + 1, number == last),
    ):
        st.button(
            words("{label} step").format(label=words(label)),
            icon=f":material/{icon}:",
            key=f"cell:{label}",
            help=words(tip),
            type="primary" if label == "Next" else "secondary",
            disabled=off,
            on_click=_go,
            args=(to,),
        )
    playing = bool(st.session_state.get(PLAYING)) and number < last
    st.button(
        words("Pause") if playing else words("Play"),
        icon=":material/pause:" if playing else ":material/play_arrow:",
        key="cell:play",
        help=words("Go on by one step every one and a half seconds."),
        on_click=_play,
        args=(not playing, number, last),
    )
    if playing:
        _turn(number, last)


def _play(on: bool, number: int, last: int) -> None:
    st.session_state[PLAYING] = on
    st.session_state[TURNED] = time.monotonic()
    if on and number == last:
        _go(1)


@st.fragment(run_every=SECONDS)
def _turn(number: int, last: int) -> None:
    """Go on by a step once the time is over; drawn only while the walk plays."""
    now = time.monotonic()
    if not st.session_state.get(PLAYING) or now - st.session_state[TURNED] < 0.8 * SECONDS:
        return
    st.session_state[TURNED] = now
    st.session_state[PLAYING] = number + 1 < last
    _go(number + 1)
    st.rerun()


def _drawn(settings: CellSettings, found: Unrolled, number: int) -> None:
    """Draw the chain, the inside of one step, its equations, and the states to be set by hand."""
    draw_graph("cell:chain", chain(found, number), _go)
    st.subheader(
        words("Step {number} of {last}: it reads {symbol}").format(
            number=number, last=len(found.symbols), symbol=found.symbols[number - 1]
        ),
        anchor=False,
    )
    draw_graph("cell:inside", inside(found, number), _go)
    said = words("Blue above zero, orange below. The same weights are used at every step.")
    if found.kind != "rnn":
        said += " " + words("Framed green: gates, shares from 0 to 1.")
    st.caption(said)
    with st.container(key="cell-equations"):
        _equations(found, number)
    _by_hand(settings, found, number)


def _equations(found: Unrolled, number: int) -> None:
    written_out = equations(found, number)
    across = 1 if found.kind == "rnn" else 2
    for first in range(0, len(written_out), across):  # row by row, so that a phone keeps the order
        columns, row = st.columns(across), written_out[first : first + across]
        for column, (name, equation) in zip(columns, row, strict=False):
            column.caption(words(MEANING[name]))
            column.latex(equation)


def _by_hand(settings: CellSettings, found: Unrolled, number: int) -> None:
    """Draw a box for each number of the state that step `number` hands on, and of the one it began with."""
    names = "hc" if found.kind == "lstm" else "h"
    st.markdown(
        words(
            "**Set the state by hand**, as it is handed on after step {number}; the steps after it follow."
        ).format(number=number)
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name in names:
            for unit, value in enumerate(found.state(name, number), start=1):
                _state_box(settings, (name, number, unit), float(value))
        st.button(
            words("As computed"),
            icon=":material/restart_alt:",
            help=words("Take back all states that were set by hand."),
            disabled=not settings.cell_edits,
            on_click=change,
            args=(NAMESPACE, CellSettings),
            kwargs={"cell_edits": ""},
        )


def _state_box(settings: CellSettings, place: Place, value: float) -> None:
    name, number, unit = place
    key = f"cell:{name}.{unit}"
    st.session_state[key] = max(-WIDEST, min(WIDEST, round(value, 3)))

    def set_by_hand() -> None:
        edits = {**settings.edits(), place: st.session_state[key]}
        change(NAMESPACE, CellSettings, cell_edits=written(edits))

    st.number_input(
        words("{name} after step {number}, unit {unit}").format(name=name, number=number, unit=unit),
        -WIDEST,
        WIDEST,
        step=0.1,
        format="%.3f",
        key=key,
        on_change=set_by_hand,
        width=170,
    )
