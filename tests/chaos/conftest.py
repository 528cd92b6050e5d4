"""One server behind a proxy for all faults, and a browser's page of it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.lab_page import LabPage
from tests.chaos.__main__ import SMALL, Stand, standing


@pytest.fixture(scope="session")
def stand() -> Iterator[Stand]:
    with standing(SMALL) as one:
        yield one


@pytest.fixture
def page(stand: Stand, browser: Browser) -> Iterator[LabPage]:
    yield from _visit(stand, browser)


@pytest.fixture
def neighbour(stand: Stand, browser: Browser) -> Iterator[LabPage]:
    yield from _visit(stand, browser)


def _visit(stand: Stand, browser: Browser) -> Iterator[LabPage]:
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
    yield LabPage(context.new_page(), f"http://127.0.0.1:{stand.proxy.port}")
    context.close()
