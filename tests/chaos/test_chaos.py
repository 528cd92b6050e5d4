"""The faults of `make chaos`, with few learners and a short silence: nothing hangs, everybody goes on.

That the server is restarted is tested with a browser alone, since a start takes seconds.
"""

import asyncio
import os
import re
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.browser.conftest import browser  # noqa: F401
from tests.browser.lab_page import STAGES, LabPage
from tests.chaos.__main__ import FAULTS, LONG, MEMORY, Stand, standing, struck
from tests.load.session import Session
from tests.load.visitor import PATIENCE, Visitor, line_to, visiting

CORES = os.cpu_count() or 1
LEARNERS = max(3, CORES + 1)  # so that runs are paused
BEGUN = f"() => ({STAGES})[0]?.known.progress?.share > 0"


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with standing(MEMORY | {"LAB_WORKERS": str(LEARNERS + 2)}) as one:
        yield one


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "server restarted"])
def test_everybody_goes_on_after(stand: Stand, fault: str) -> None:
    number = hash_of(fault)
    outcome = asyncio.run(struck(stand, fault, LEARNERS, silence=0.6, round_number=number, ahead=0.8))
    assert [one for one in outcome.next_runs if one.outcome != "final"] == []
    assert outcome.kept == LEARNERS


def hash_of(fault: str) -> int:
    """Return a number of its own for each fault, so that no run was computed before."""
    return 1 + list(FAULTS).index(fault)


@pytest.fixture(scope="module")
def page(stand: Stand, browser: Browser) -> Iterator[LabPage]:  # noqa: F811
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
    yield LabPage(context.new_page(), f"http://127.0.0.1:{stand.proxy.port}")
    context.close()


def opened(page: LabPage, seed: int) -> None:
    """Open a long run of this seed and wait until it trains."""
    page.go(f"/playground?{urlencode(LONG | {'networks': '8', 'epochs': '1000', 'seed': str(seed)})}")
    page.page.wait_for_function(BEGUN, timeout=30_000)


def next_run_works(page: LabPage, seed: int) -> None:
    """Another seed gets its picture, with all other settings as they were."""
    expect(page.box("Seed")).to_have_value(str(seed), timeout=30_000)
    page.enter("Seed", seed + 1)
    page.page.wait_for_url(re.compile(rf"seed={seed + 1}\b"), timeout=30_000)
    assert "data=spiral" in page.page.url
    page.complete(timeout=60)


@pytest.mark.browser
def test_a_reloaded_page_keeps_its_settings(stand: Stand, page: LabPage) -> None:
    opened(page, 71)
    page.page.reload()
    page.idle(30)
    next_run_works(page, 71)


@pytest.mark.browser
def test_a_browser_goes_on_after_the_network_was_cut(stand: Stand, page: LabPage) -> None:
    opened(page, 81)
    stand.proxy.cut(refuse=True)
    time.sleep(1)  # as long as the network is away
    stand.proxy.restore()
    page.idle(30)
    next_run_works(page, 81)


@pytest.mark.browser
def test_a_browser_goes_on_after_the_server_was_restarted(stand: Stand, page: LabPage) -> None:
    opened(page, 91)
    stand.restart()
    page.idle(30)
    next_run_works(page, 91)


def test_what_a_browser_changed_before_its_visit_began_here_counts(stand: Stand) -> None:
    """After a restart the first message brings all widgets, and a URL that is older than they are."""
    url, query = stand.server.url, {"seed": "11", "epochs": "40"}
    with visiting(url, "playground", query) as before:
        (box,) = (one for one in before.session.of_kind("number_input") if one.label == "Seed")
        (rate,) = (one for one in before.session.of_kind("slider") if one.label.startswith("Learning rate"))
        before.session.set_stop(rate, "0.1")
        widgets = before.session.widgets
    widgets[box.id] = WidgetState(id=box.id, double_value=12)
    with line_to(url) as line:
        visitor = Visitor(url, line, Session("playground", query))
        visitor.session.widgets = widgets
        visitor.rerun()
        while "seed=12" not in visitor.session.query.split("&"):  # the page runs twice
            visitor.session.took(line.recv(PATIENCE))
        (box,) = (one for one in visitor.session.of_kind("number_input") if one.label == "Seed")
        assert box.value == 12
        assert box.set_value
        assert {"epochs=40", "learning_rate=0.1"} <= {*visitor.session.query.split("&")}
