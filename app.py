"""The lab's entry: `streamlit run app.py` serves it.

Streamlit reads this file before it runs it and looks for `st.App(...)` by name, so it stands here.
"""

import streamlit as st

from lab.ui.server import SHELL, lifespan, middleware, routes

app = st.App(SHELL, lifespan=lifespan, routes=routes(), middleware=middleware())
