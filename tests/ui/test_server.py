"""The server is found by Streamlit, warm before its first visitor, and not started by its workers."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.server.app_discovery import discover_asgi_app

from lab.ui import menu, server
from tests.waited import waited

ROOT = Path(__file__).parents[2]

WARM = """
import gc, sys, torch
from lab.ui.server import warm_up
warm_up()
print(gc.get_freeze_count(), torch.get_num_threads(), int("captum.attr" in sys.modules))
"""


def test_warming_up_freezes_what_was_loaded_and_leaves_one_thread():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WARM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    frozen, threads, can_attribute = map(int, done.stdout.split())
    assert frozen > 100_000
    assert threads == 1
    assert can_attribute


def test_streamlit_finds_the_app_by_reading_the_file():
    found = discover_asgi_app(ROOT / "app.py")
    assert found.is_asgi_app
    assert found.import_string == "app:app"


def test_the_app_has_the_labs_routes():
    app = runpy.run_path(str(ROOT / "app.py"))["app"]
    assert isinstance(app, st.App)
    assert server.SHELL.is_file()


@pytest.mark.parametrize(("name", "runs"), [("__mp_main__", 0), ("shell", 0), ("__main__", 1)])
def test_only_streamlit_itself_runs_the_shell(monkeypatch, name, runs):
    served = []
    monkeypatch.setattr(menu, "serve", lambda: served.append(name))
    runpy.run_path(str(server.SHELL), run_name=name)
    assert len(served) == runs


def test_the_lifespan_starts_the_workers_first_and_ends_them_last(monkeypatch):
    did = []

    class Desk:
        def start(self):
            did.append("start")

        def close(self):
            did.append("close")

    monkeypatch.setattr(server, "desk", Desk)
    monkeypatch.setattr(server, "warm_up", lambda: did.append("warm up"))
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)

    async def live():
        async with server.lifespan(None):  # type: ignore[arg-type]
            did.append("serve")
            assert PagesManager.uses_pages_directory is False

    waited(live())
    assert did == ["start", "warm up", "serve", "close"]
