"""The served lab when something goes wrong, and for those who have no mouse, no sight or a small screen."""

import random
import re
import time
from collections.abc import Callable
from urllib.parse import quote, urlencode

import numpy as np
import psutil
import pytest
from playwright.sync_api import expect

from lab.topics.playground.settings import Settings
from tests.browser.lab_page import STAGES, LabPage, trained_alone
from tests.browser.lab_server import LabServer
from tests.browser.monkey import Monkey

pytestmark = pytest.mark.browser

LONG = Settings(data="spiral", hidden=(8, 8, 8), networks=32, epochs=2000)


def link(settings: Settings) -> str:
    return f"/playground?{urlencode(settings.to_query())}"


BEGUN = f"() => ({STAGES})[0]?.known.progress?.share > 0"


def shares(server: LabServer, seconds: float = 0.5) -> list[float]:
    """Return how much of a core each worker uses for a moment, the busiest last."""
    workers = server.workers()
    before = [worker.cpu_times().user for worker in workers]
    time.sleep(seconds)
    used = [worker.cpu_times().user - old for worker, old in zip(workers, before, strict=True)]
    return sorted(share / seconds for share in used)


def wait_until_idle(server: LabServer, timeout: float = 2) -> None:
    deadline = time.monotonic() + timeout
    while shares(server, 0.25)[-1] > 0.1:
        assert time.monotonic() < deadline, "a worker goes on with a run that nobody wants"


def test_the_last_of_several_changes_wins_and_ends_the_others(lab: LabPage) -> None:
    long = LONG.changed(epochs=1200)
    lab.go(link(long))
    lab.page.wait_for_function(BEGUN)
    for seed in (2, 3):
        lab.enter("Seed", seed)
    lab.page.wait_for_url("**seed=3**")
    lab.complete()
    parameters, _losses = trained_alone(long.changed(seed=3))
    np.testing.assert_array_equal(lab.parameters(), parameters)
    lab.enter("Seed", 1)
    lab.page.wait_for_function(BEGUN)  # it trains anew: the run that was left has not gone on to its end


def test_closing_the_tab_frees_the_worker(visit: Callable[[], LabPage], server: LabServer) -> None:
    leaving = visit()
    leaving.go(link(LONG.changed(seed=40)))  # more than three seconds
    leaving.page.wait_for_function(BEGUN)
    leaving.page.close()
    wait_until_idle(server)


def test_a_worker_that_dies_is_told_and_replaced(lab: LabPage, server: LabServer) -> None:
    settings = LONG.changed(seed=50, epochs=1200)
    lab.go(link(settings))
    lab.page.wait_for_function(BEGUN)
    before = {worker.pid for worker in server.workers()}
    server.busy_worker().kill()
    said = lab.page.locator("[data-testid=stAlertContentError] p")
    expect(said).to_have_text(re.compile(r"^The worker process died in the midst of this run: [^.]+\.$"))
    expect(said).to_have_count(1)
    lab.button("Run again").click()
    lab.page.wait_for_function(BEGUN)
    expect(said).to_have_count(0)
    lab.complete()
    expect(lab.page.locator(".stage-epoch")).to_have_text(f"epoch {settings.epochs} of {settings.epochs}")
    after = {worker.pid for worker in server.workers() if worker.status() != psutil.STATUS_ZOMBIE}
    assert len(after) == len(before)
    assert len(after - before) == 1


SAID = {"button", "textbox", "spinbutton", "slider", "combobox", "checkbox", "switch", "radio", "link", "tab"}


def nameless(lab: LabPage) -> list[str]:
    """Return the controls to which the browser's accessibility tree gives no name."""
    session = lab.page.context.new_cdp_session(lab.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    live = [node for node in nodes if not node.get("ignored") and node["role"]["value"] in SAID]
    assert len(live) > 60
    without = [node for node in live if not node.get("name", {}).get("value", "").strip()]
    return [f"{node['role']['value']} {node.get('backendDOMNodeId')}" for node in without]


def test_everything_has_a_name_and_neurons_open_by_keys(lab: LabPage) -> None:
    lab.open()
    assert nameless(lab) == []
    plots = lab.page.locator(".stage-plot:visible")
    assert plots.count() == 3
    for plot in plots.all():
        expect(plot).to_have_attribute("role", "img")
        expect(plot).to_have_attribute("aria-label", re.compile(r"\w+ .{20,}"))
    lab.button("Add a neuron to layer 2").focus()
    lab.page.keyboard.press("Tab")
    expect(lab.page.locator(".stage-neuron:focus")).to_have_count(1)
    lab.page.keyboard.press("ArrowRight")
    lab.page.keyboard.press("Enter")
    expect(lab.page.get_by_role("group", name="neuron 1 of layer 2")).to_be_visible()
    lab.page.keyboard.press("Tab")
    expect(lab.page.locator(".stage-fields input:focus")).to_have_count(1)


def test_a_small_screen_has_no_sideways_scrolling(lab: LabPage) -> None:
    lab.page.set_viewport_size({"width": 390, "height": 844})
    lab.open(Settings(hidden=(16, 16, 16, 16)))
    wide = """() => [document.documentElement, document.querySelector("[data-testid=stMain]")]
      .map(node => node.scrollWidth - node.clientWidth)"""
    assert lab.page.evaluate(wide) == [0, 0]


def test_a_monkey_finds_nothing(lab: LabPage, server: LabServer) -> None:
    monkey = Monkey(lab, random.Random(1), server.log)
    monkey.play(seconds=20)
    print(monkey.report())
    assert monkey.actions


MARKUP = "<img src=x onerror=\"window.hacked='it was'\"><script>window.hacked='it was'</script>"


def test_markup_in_an_address_is_text(lab: LabPage) -> None:
    """The page says what it got; markup would make the console complain, too."""
    lab.go(f"/playground?seed={quote(MARKUP)}")
    expect(lab.page.get_by_text("From the link:")).to_contain_text("onerror")
    assert lab.page.locator("img[src=x]").count() == 0
    assert lab.page.evaluate("() => window.hacked") is None
