"""What a learner with a browser sees while things break: one sentence; settings and pictures stay."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab_page import STAGES, LabPage
from tests.chaos.__main__ import LONG, Stand

pytestmark = pytest.mark.browser

BEGUN = f"() => ({STAGES})[0]?.known.progress?.share > 0"
SHORT = LONG | {"networks": "4", "epochs": "50"}
SECONDS = 20  # without a network
TOLD = "Streamlit server is not responding. Are you connected to the internet?"
LOST = "The connection to the lab was lost; the page will catch up when it is back."


def opened(page: LabPage, seed: int) -> None:
    """Open a long run of this seed and wait until it trains."""
    page.go(f"/playground?{urlencode(LONG | {'networks': '8', 'epochs': '1000', 'seed': str(seed)})}")
    page.page.wait_for_function(BEGUN, timeout=30_000)


@contextmanager
def cut_off(stand: Stand, *pages: LabPage) -> Iterator[None]:
    """Cut the network for twenty seconds, in which each page says in a sentence why it does not answer."""
    until = time.monotonic() + SECONDS
    stand.proxy.cut(refuse=True)
    try:
        for page in pages:
            expect(told(page)).to_be_visible(timeout=1000 * SECONDS)
        yield
        time.sleep(max(0.0, until - time.monotonic()))
        for page in pages:
            expect(told(page)).to_have_count(1)
    finally:
        stand.proxy.restore()
    for page in pages:
        expect(told(page)).to_have_count(0, timeout=60_000)


def told(page: LabPage) -> Locator:
    return page.page.get_by_role("dialog").get_by_text(TOLD)


def next_run_works(page: LabPage, seed: int) -> None:
    """Another seed gets its picture, with all other settings as they were."""
    expect(page.box("Seed")).to_have_value(str(seed), timeout=30_000)
    page.enter("Seed", seed + 1)
    page.page.wait_for_url(re.compile(rf"seed={seed + 1}\b"), timeout=30_000)
    assert {"data=spiral", "hidden=8-8-8"} <= {*page.page.url.partition("?")[2].split("&")}
    page.complete(timeout=60)
    expect(page.page.get_by_text(LOST)).to_have_count(0)
    expect(told(page)).to_have_count(0)


def test_a_reloaded_page_keeps_its_settings(page: LabPage) -> None:
    opened(page, 71)
    page.page.reload()
    page.idle(30)
    next_run_works(page, 71)


@pytest.mark.slow
def test_pictures_and_runs_outlive_a_network_gone_for_twenty_seconds(
    stand: Stand, page: LabPage, neighbour: LabPage
) -> None:
    neighbour.go(f"/playground?{urlencode(SHORT | {'seed': '81'})}")
    neighbour.complete()
    before = neighbour.numbers()
    opened(page, 83)
    run = page.run()
    with cut_off(stand, page, neighbour):
        expect(page.page.get_by_text(LOST)).to_be_visible(timeout=1000 * SECONDS)
        assert neighbour.numbers() == before
    page.complete(timeout=60)
    assert page.run() == run
    neighbour.idle(60)
    assert neighbour.numbers() == before
    next_run_works(page, 83)
    next_run_works(neighbour, 81)


@pytest.mark.slow
def test_a_restarted_server_is_told_and_found_again(stand: Stand, page: LabPage) -> None:
    opened(page, 91)
    stand.server.kill()
    expect(told(page)).to_be_visible(timeout=30_000)
    stand.restart()
    page.idle(60)
    next_run_works(page, 91)


def test_a_run_without_memory_says_so_and_a_smaller_one_works(stand: Stand, page: LabPage) -> None:
    page.go("/cnn?part=train&seed=95")
    said = page.page.locator("[data-testid=stAlertContentError] p")
    expect(said).to_have_text(
        re.compile(r"^The worker ran out of memory \(limit 64 MB\): [^.]+\.$"), timeout=60_000
    )
    expect(said).to_have_count(1)
    assert "seed=95" in page.page.url
    page.go(f"/playground?{urlencode(SHORT | {'seed': '95'})}")
    page.complete()
    next_run_works(page, 95)
