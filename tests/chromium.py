"""One Chromium for all tests that want one: Playwright can be started only once in a thread."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests.needed import missing

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
def browser() -> Iterator[Browser]:
    """Chromium: the system's if there is one, else Playwright's own."""
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        except Error as error:
            missing(f"no Chromium could be started: {error.message.splitlines()[0]}")
            raise
        yield chromium
        chromium.close()
