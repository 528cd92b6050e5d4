"""A learner trains a network, plays the paths, turns the landscape, and brings a network along."""

from typing import Any

import pytest
from playwright.sync_api import expect

from lab.topics.gradient_descent.network_settings import NetworkSettings
from tests.browser.lab_page import LabPage, turned
from tests.topics.network_races import race_of

pytestmark = pytest.mark.browser

PLOT = "document.querySelector('[data-figure={figure}] .stage-plot')"
LANDSCAPE, MAP = PLOT.format(figure="network_landscape"), PLOT.format(figure="network_map")
CAMERA = f"() => {LANDSCAPE}._fullLayout.scene._scene.getCamera().eye"
PATH = f"""name => {{
  const trace = {MAP}._fullData.find(one => one.name === name && one.meta?.path === "line");
  return [Array.from(trace.x), Array.from(trace.y)]; }}"""
QUICK = "/gradient_descent?part=network&net_steps=50&net_grid=15&net_hidden=6-6"


def query(lab: LabPage) -> dict[str, Any]:
    return lab.page.evaluate("() => Object.fromEntries(new URLSearchParams(location.search))")


def test_paths_are_played_and_the_camera_is_kept(lab: LabPage) -> None:
    lab.go(QUICK)
    lab.complete()
    settings = NetworkSettings(net_steps=50, net_grid=15, net_hidden=(6, 6))
    _events, race = race_of(settings)
    expected = race.slices["pca"].positions[0]
    x, y = lab.page.evaluate(PATH, "Gradient descent")
    assert x == pytest.approx(expected[:, 0].tolist(), abs=1e-3)
    assert y == pytest.approx(expected[:, 1].tolist(), abs=1e-3)
    slider = lab.slider("Step of the paths")
    expect(slider).to_have_value("50")
    slider.press("Home")
    lab.page.wait_for_function(f"() => ({PATH})('Adam')[0].length === 1")
    slider.press("End")
    lab.page.wait_for_function(f"() => ({PATH})('Adam')[0].length === 51")

    kept = turned(lab, "network_landscape", CAMERA)
    lab.seconds(lambda: lab.slider("Learning rate").press("ArrowLeft"))
    assert query(lab)["net_rate"] == "0.3"
    assert lab.page.evaluate(CAMERA) == pytest.approx(kept, abs=1e-6)
    assert lab.complaints == []


def test_the_other_plane_is_there_at_once_and_a_network_is_brought_along(lab: LabPage) -> None:
    lab.go(QUICK)
    lab.complete()
    lab.page.get_by_role("radio", name="in two random directions").click()
    lab.page.wait_for_function(f"() => {MAP}._fullLayout.xaxis.title.text.startsWith('Random direction 1')")
    lab.page.get_by_text("Use your Playground network").click()
    box = lab.page.get_by_role("textbox", name="Address of the Playground")
    box.fill("http://localhost/playground?data=gauss&hidden=3&epochs=2&dropout=0.1")
    box.press("Enter")
    lab.seconds(lambda: lab.button("Take it over").click())
    assert query(lab)["net_data"] == "gauss"
    expect(lab.page.get_by_text("not taken over: Dropout.")).to_be_visible()
    assert lab.complaints == []
