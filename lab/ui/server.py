"""The server: Streamlit with the lab's own routes, warmed up before the first visitor."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
import torch
from streamlit.runtime.pages_manager import PagesManager

from lab.core.events import Done
from lab.core.lesson import Context
from lab.curriculum import lessons
from lab.ui.desk import desk

SHELL = Path(__file__).with_name("shell.py")


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Start the workers and warm up before the first visitor; end the workers after the last."""
    # Our pages/ beside app.py is none of Streamlit's first, automatic kind; the menu is lab.curriculum's.
    PagesManager.uses_pages_directory = False
    desk().start()
    warm_up()
    yield
    desk().close()


def warm_up() -> None:
    """Compute each lesson's first part once, at its shortest, with figures; then freeze what that loaded.

    torch loads much at its first step, and Streamlit collects garbage after every script run: with all
    modules of torch and pandas to visit that takes 0.15 s of CPU, with frozen ones 4 ms. What only later
    parts need is loaded when they are opened, so that the server is up within seconds.
    """
    torch.set_num_threads(1)
    for experiment in (lesson.experiments[0] for lesson in lessons()):
        settings = (experiment.shortest or experiment.settings)()
        items = list(experiment.train(settings, Context()))
        told = [item for item in items if not isinstance(item, Done)]
        result = next((item.result for item in items if isinstance(item, Done)), None)
        stage = experiment.stage(settings, experiment.display(), Context(), told, result)
        for panel in stage.panels:
            panel.figure.to_dict()
    gc.collect()
    gc.freeze()
