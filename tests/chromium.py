"""One Chromium for all tests that want one: Playwright can be started only once in a thread."""

import shutil
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Playwright,
    ViewportSize,
    sync_playwright,
)

from tests.needed import missing

Started = TypeVar("Started")

FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def program() -> str | None:
    """Return the system's Chromium, or None for Playwright's own."""
    names = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium: the system's if there is one, else Playwright's own."""
    chromium = _or_missing(lambda: playwright.chromium.launch(executable_path=program(), args=FLAGS))
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def context(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """One profile on disk for the lab's pages: what Chromium has read and compiled once, it has.

    Without it each page takes a second longer.
    """
    launch = playwright.chromium.launch_persistent_context
    folder, size = tmp_path_factory.mktemp("profile"), ViewportSize(width=1300, height=1000)
    profile = _or_missing(lambda: launch(folder, executable_path=program(), args=FLAGS, viewport=size))
    yield profile
    profile.close()


def _or_missing(launch: Callable[[], Started]) -> Started:
    try:
        return launch()
    except Error as error:
        missing(f"no Chromium could be started: {error.message.splitlines()[0]}")
        raise
