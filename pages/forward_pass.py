"""Forward pass: follow one input through a network, number by number."""

import streamlit as st

from lab.topics.forward_pass import LESSON, WALK
from lab.ui import forward_input, forward_pass, forward_tables
from lab.ui.page import close_page, open_page, run, undo_buttons, views

open_page(LESSON)
forward_pass.style()
with st.sidebar:
    spot = forward_input.place()
    settings = forward_pass.network()
    with st.container(horizontal=True):
        undo_buttons(WALK.settings, forward_pass.NETWORK)
    with spot:
        pick = forward_input.picked(settings)
asked = run(WALK, settings)

left, right = st.columns([5, 7], gap="medium")
with right:
    display = forward_pass.display(settings, pick)
    views(WALK, asked, display)
walk = forward_pass.walk(settings, asked, display)
with left:
    if walk is None:
        forward_pass.waiting()
    else:
        forward_pass.verdict(settings, pick, walk)
        forward_pass.stepper(walk)
        forward_pass.numbers(settings, display, walk)
        forward_input.editors(settings, pick, walk)
forward_tables.tables(settings, display, walk)
close_page(LESSON)
