"""The Playground: shape a small network, train several at once, look inside."""

import streamlit as st

from lab.topics.playground import LESSON, TRAIN
from lab.ui import playground
from lab.ui.challenges import challenges
from lab.ui.page import close_page, controls, open_page, run, stop_button, undo_buttons, views

open_page(LESSON)
with st.sidebar:
    above = st.container(horizontal=True)
    settings = controls(TRAIN.settings, "train")
with above:
    undo_buttons(TRAIN.settings, "train")
settings = playground.without_stale_edits(playground.with_table(settings))
with st.container(horizontal=True, vertical_alignment="bottom"):
    display = controls(TRAIN.display, "display")

data = playground.shown_data(settings)
asked = run(TRAIN, settings)
with st.container(horizontal=True):
    playground.going_on(settings, asked, data)
    stop_button(TRAIN, asked)
views(TRAIN, asked, display, playground.triggers(settings, display, data))
playground.tables(settings, display, asked, data)
playground.sweep(settings)
challenges(LESSON, asked)
close_page(LESSON)
