"""A network's own landscape: controls, pictures, tables, and the Playground's network taken over."""

import streamlit as st

from lab.core.errors import LabError
from lab.topics.gradient_descent.network_settings import NetworkDisplay, NetworkSettings
from lab.topics.gradient_descent.network_stage import NETWORK
from lab.ui.page import change, controls, run, stop_button, undo_buttons, views
from lab.ui.playground_address import sentence, settings_in, taken_over
from lab.ui.tables import table
from lab.ui.words import words

NAMESPACE = "network"
ADDRESS, TOLD = "network:address", "network:told"


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = controls(NetworkSettings, NAMESPACE)
    with above:
        undo_buttons(NetworkSettings, NAMESPACE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(NetworkDisplay, "network_display")
    _playground()
    asked = run(NETWORK, settings)
    if not asked.ended:
        stop_button(NETWORK, asked)
    views(NETWORK, asked, display)
    if asked.result is None:
        return
    st.dataframe(asked.result.table(display.net_plane), hide_index=True)
    with st.expander(words("Every step"), icon=":material/table:"):
        table("Paths, step by step", asked.result.path_table(display.net_plane), "network_paths.csv")


def _playground() -> None:
    """Draw the field for the Playground's address, and what became of the last one."""
    with st.expander(words("Use your Playground network"), icon=":material/hub:"):
        st.text_input(
            words("Address of the Playground"),
            key=ADDRESS,
            placeholder="http://…/playground?data=circle&hidden=4-2",
            help=words("Copy it from the browser while the Playground shows your network."),
        )
        st.button(words("Take it over"), on_click=_take_over)
        address, kind, text = st.session_state.get(TOLD, ("", "", ""))
        if kind and address == st.session_state[ADDRESS]:
            getattr(st, kind)(text)


def _take_over() -> None:
    address = st.session_state[ADDRESS]
    try:
        theirs = settings_in(address)
    except LabError as error:
        st.session_state[TOLD] = (address, "error", str(error))
        return
    values, missing = taken_over(theirs)
    change(NAMESPACE, NetworkSettings, **dict(NetworkSettings().changed(**values)))
    st.session_state[TOLD] = (address, "success", sentence(theirs, missing))
