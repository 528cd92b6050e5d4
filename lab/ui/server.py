"""The server: Streamlit with the lab's own routes, warmed up before the first visitor."""

import gc
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from pathlib import Path

import streamlit as st
import torch
from starlette.middleware import Middleware
from starlette.routing import Route
from streamlit.file_util import get_static_dir
from streamlit.runtime import get_instance
from streamlit.runtime.pages_manager import PagesManager

from lab.core.events import Done
from lab.core.lesson import Context
from lab.curriculum import lessons
from lab.serving import metrics
from lab.serving.door import Door
from lab.serving.gate import Gate
from lab.serving.headers import Headers, security_headers
from lab.serving.hosting import hosting, tell
from lab.ui.desk import desk
from lab.ui.login import enter_routes, is_logged_in
from lab.ui.logs import start_logging
from lab.ui.routes import ROUTES

SHELL = Path(__file__).with_name("shell.py")

_log = logging.getLogger(__name__)


@cache
def _door() -> Door | None:
    return Door(hosting().class_code, hosting().secret) if hosting().class_code else None


def routes() -> list[Route]:
    """Return the lab's own routes, which stand before Streamlit's."""
    door = _door()
    return [*ROUTES, *metrics.routes(counts), *(enter_routes(door) if door else [])]


def middleware() -> list[Middleware]:
    """Return what every request passes before Streamlit sees it, the outermost first."""
    chosen = hosting()
    logged_in = is_logged_in if chosen.login == "oidc" else None
    page = Path(get_static_dir(), "index.html").read_text(encoding="utf-8")
    return [
        Middleware(Headers, headers=security_headers(chosen.frame_ancestors, page)),
        Middleware(Gate, door=_door(), logged_in=logged_in, token=chosen.metrics_token),
    ]


def counts() -> Mapping[str, float]:
    """Return the counts of the desk, and how many browsers are connected."""
    return {**desk().stats(), "sessions": get_instance()._session_mgr.num_active_sessions()}


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Start the workers and warm up before the first visitor; end the workers after the last."""
    # Our pages/ beside app.py is none of Streamlit's first, automatic kind; the menu is lab.curriculum's.
    PagesManager.uses_pages_directory = False
    start_logging(hosting().log)
    tell(hosting())
    desk().start()
    warm_up()
    _log.info("server started")
    yield
    _log.info("server stops")
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
    import_module("captum.attr")  # brings matplotlib, too long for the first who asks for attributions
    gc.collect()
    gc.freeze()
