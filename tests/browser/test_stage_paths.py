"""Paths that are played, places that are picked, and a line that is pulled, in a real browser."""

import base64
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PLOT = "document.querySelector('.stage-figures .stage-plot')"
SEEN = f"() => {PLOT}._fullData.map(trace => Array.from(trace.x))"
WINDOW = {"xaxis": {"range": [0, 10], "title": {"text": "x"}}, "yaxis": {"range": [-5, 5]}}


def typed(values: Any) -> dict[str, str]:
    """An array as Plotly for Python sends it."""
    return {"dtype": "f8", "bdata": base64.b64encode(np.asarray(values, "<f8").tobytes()).decode()}


def figure(*traces: dict[str, Any], **layout: Any) -> dict[str, Any]:
    spec = {"data": list(traces), "layout": {**WINDOW, **layout}}
    return {"figures": [{"id": "paths", "title": "Paths", "alt": "Two paths.", "spec": spec}], "done": True}


LINE = {"x": typed([1, 2, 3, 4, 5]), "y": typed([0, 1, 0, 1, 0]), "meta": {"path": "line"}}
HEAD = {"x": [1, 2, 3], "y": [0, 1, 0], "mode": "markers", "meta": {"path": "head"}}
FIXED = {"x": [1, 9], "y": [0, 0]}


def test_paths_are_shown_up_to_the_step_and_the_rest_as_it_is(harness: Any) -> None:
    page = harness.page
    harness.show(figure(LINE, HEAD, FIXED, meta={"steps": 4}))
    slider = page.get_by_role("slider", name="Step of the paths")
    expect(slider).to_have_value("4")
    assert page.evaluate(SEEN) == [[1, 2, 3, 4, 5], [3], [1, 9]]
    slider.press("Home")
    harness.settle()
    assert page.evaluate(SEEN) == [[1], [1], [1, 9]]
    slider.press("ArrowRight")
    harness.settle()
    assert page.evaluate(SEEN) == [[1, 2], [2], [1, 9]]
    expect(page.locator(".stage-epoch:visible")).to_have_text("step 1 of 4")


def test_play_runs_to_the_end_and_a_new_run_shows_whole_paths(harness: Any) -> None:
    page = harness.page
    harness.show(figure(LINE, meta={"steps": 4}))
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"() => ({SEEN})()[0].length === 3")
    expect(page.get_by_role("slider")).to_have_value("4")
    page.get_by_role("slider").press("Home")
    harness.show(figure({**LINE, "x": typed([2, 3, 4, 5, 6])}, meta={"steps": 4}), run="b")
    assert page.evaluate(SEEN) == [[2, 3, 4, 5, 6]]
    harness.show(figure(FIXED), run="c")
    expect(page.get_by_role("slider")).to_have_count(0)


def test_a_click_tells_its_place_on_the_plane(harness: Any) -> None:
    page = harness.page
    grid = np.zeros((5, 5)).tolist()
    ground = {"type": "contour", "x": [0, 2.5, 5, 7.5, 10], "y": [-5, -2.5, 0, 2.5, 5], "z": grid}
    harness.show(figure(ground, meta={"pick": "start"}))
    area = page.locator(".stage-figures .nsewdrag").bounding_box()
    page.mouse.click(area["x"] + 0.3 * area["width"], area["y"] + 0.2 * area["height"])
    page.wait_for_function("() => harness.triggers.length > 0")
    (place,) = harness.triggers("start")
    assert place["x"] == pytest.approx(3, abs=0.05)
    assert place["y"] == pytest.approx(3, abs=0.05)


def test_a_pulled_line_tells_its_ends_and_later_follows_python(harness: Any) -> None:
    page = harness.page

    def shown(y: float) -> dict[str, Any]:
        line = {"type": "line", "x0": 1, "x1": 9, "y0": y, "y1": y, "line": {"width": 4}}
        return figure(FIXED, meta={"pull": "line"}, shapes=[line], editrevision=str(y))

    harness.show(shown(0))
    area = page.locator(".stage-figures .nsewdrag").bounding_box()
    middle = area["x"] + 0.5 * area["width"], area["y"] + 0.5 * area["height"]
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0], middle[1] - 0.2 * area["height"], steps=4)
    page.mouse.up()
    page.wait_for_function("() => harness.triggers.length > 0")
    told = harness.triggers("line")[-1]
    assert told["x0"] == pytest.approx(1, abs=0.1)
    assert [told["y0"], told["y1"]] == pytest.approx([2, 2], abs=0.1)
    harness.show(shown(2.0), run="b")
    harness.show(shown(0), run="c")
    assert page.evaluate(f"() => {PLOT}._fullLayout.shapes[0].y0") == 0


def test_the_last_message_says_which_figures_there_are_and_in_which_order(harness: Any) -> None:
    page = harness.page
    titles = page.locator(".stage-figures .stage-title")

    def named(*names: str, done: bool = True) -> dict[str, Any]:
        spec = {"data": [FIXED], "layout": WINDOW}
        figures = [{"id": name, "title": name, "alt": "A line.", "spec": spec} for name in names]
        return {"figures": figures, "done": done}

    harness.show(None, events="/events")
    harness.push(named("curve", "filters", done=False))
    expect(titles).to_have_text(["curve", "filters"])
    harness.push(named("picture", "filters", "map"))
    expect(titles).to_have_text(["picture", "filters", "map"])
