"""A learner races, moves the rate, turns the landscape, plays, clicks a start and types a formula."""

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.lab_page import LabPage, turned

pytestmark = pytest.mark.browser

PLOT = "document.querySelector('[data-figure={figure}] .stage-plot')"
LANDSCAPE, MAP = PLOT.format(figure="race_landscape"), PLOT.format(figure="race_map")
CAMERA = f"() => {LANDSCAPE}._fullLayout.scene._scene.getCamera().eye"


def path(lab: LabPage, name: str) -> np.ndarray:
    """Return the points of a racer that the map shows now."""
    script = f"""name => {{
      const trace = {MAP}._fullData.find(one => one.name === name && one.meta?.path === "line");
      return [Array.from(trace.x), Array.from(trace.y)]; }}"""
    return np.array(lab.page.evaluate(script, name)).T


def query(lab: LabPage) -> dict[str, Any]:
    return lab.page.evaluate("() => Object.fromEntries(new URLSearchParams(location.search))")


def bowl(rate: float, steps: int = 100) -> np.ndarray:
    """Return gradient descent on the bowl of condition number 30 by its closed form."""
    return (1 - rate * np.array([1, 30])) ** np.arange(steps + 1)[:, None] * np.array([-4.5, 1.5])


def test_the_camera_is_kept_when_the_rate_moves(lab: LabPage) -> None:
    lab.go("/gradient_descent?part=race")
    lab.complete()
    np.testing.assert_allclose(path(lab, "Gradient descent"), bowl(0.05), atol=1e-6)
    kept = turned(lab, "race_landscape", CAMERA)
    lab.seconds(lambda: lab.slider("Learning rate").press("ArrowLeft"))
    assert query(lab)["rate"] == "0.03"
    np.testing.assert_allclose(path(lab, "Gradient descent"), bowl(0.03), atol=1e-6)
    assert lab.page.evaluate(CAMERA) == pytest.approx(kept, abs=1e-6)


def test_play_shows_the_paths_step_by_step(lab: LabPage) -> None:
    lab.go("/gradient_descent?part=race&steps=20")
    lab.complete()
    slider = lab.slider("Step of the paths")
    expect(slider).to_have_value("20")
    slider.press("Home")
    lab.page.wait_for_function(f"() => {MAP}._fullData.find(t => t.meta?.path === 'line').x.length === 1")
    lab.button("Play").click()
    lab.page.wait_for_function(f"() => {MAP}._fullData.find(t => t.meta?.path === 'line').x.length === 21")
    np.testing.assert_allclose(path(lab, "Gradient descent"), bowl(0.05, 20), atol=1e-6)


def test_a_click_on_the_map_is_the_new_start(lab: LabPage) -> None:
    lab.go("/gradient_descent?part=race")
    lab.complete()
    node = lab.page.locator("[data-figure=race_map] .nsewdrag")
    node.scroll_into_view_if_needed()
    box = node.bounding_box()
    assert box is not None
    spot = box["x"] + 0.7 * box["width"], box["y"] + 0.25 * box["height"]
    lab.seconds(lambda: lab.page.mouse.click(*spot))
    start = [float(query(lab)[name]) for name in ("start_x", "start_y")] if "start_y" in query(lab) else []
    assert (start or [2.0, 1.5]) == pytest.approx([2.0, 1.5], abs=0.06)
    assert path(lab, "Gradient descent")[0] == pytest.approx([2.0, 1.5], abs=0.06)


def test_a_bad_formula_is_answered_and_a_good_one_is_raced(lab: LabPage) -> None:
    lab.go("/gradient_descent?part=race&surface=own&start_x=2.0&start_y=1.0&rate=0.1")
    lab.complete()
    box = lab.page.get_by_role("textbox", name="Your own f(x, y)")
    box.fill("x**2 + y*(2 - z)")
    box.press("Enter")
    sentence = "Expression: expected one of the variables x, y, got 'z' at column 15"
    expect(lab.page.get_by_text(sentence)).to_be_visible(timeout=20_000)

    def corrected() -> None:
        box.fill("x**2 + y**2/2")
        box.press("Enter")

    lab.seconds(corrected)
    expect(lab.page.get_by_text(sentence)).to_have_count(0, timeout=20_000)
    closed = (1 - 0.1 * np.array([2, 1])) ** np.arange(101)[:, None] * np.array([2.0, 1.0])
    np.testing.assert_allclose(path(lab, "Gradient descent"), closed, atol=1e-6)


def test_who_diverges_is_named(lab: LabPage) -> None:
    lab.go("/gradient_descent?part=race&surface=rosenbrock&start_x=-1.2&start_y=1.0&rate=0.01")
    lab.complete()
    told = "Gradient descent left the window at step 2 and diverged at step 6."
    expect(lab.page.locator(".stage-notes")).to_contain_text(told)
    assert lab.page.evaluate(f"() => {MAP}._fullLayout.xaxis.range") == [-2, 2]
