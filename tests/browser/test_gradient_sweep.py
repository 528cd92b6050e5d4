"""The learning-rate sweep in a real browser: the edge on the page is the predicted one."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser

TRACE = """([id, name]) => { const plots = [...document.querySelectorAll(".stage-figures .stage-plot")];
  const all = plots.flatMap(plot => plot._fullData ?? []);
  const trace = all.find(trace => trace.name === name);
  return trace ? Array.from(trace[id]) : null; }"""


def trace(lab: LabPage, axis: str, name: str) -> list[float]:
    """Return the numbers of the first trace with this name."""
    return lab.page.evaluate(TRACE, [axis, name])


def told_edge(lab: LabPage) -> float:
    """Return the predicted edge as the note tells it."""
    note = lab.page.get_by_text("Predicted edge by the largest curvature").first
    found = re.search(r"= (\d+\.?\d*(?:e-?\d+)?)\.", note.inner_text())
    assert found is not None
    return float(found[1])


def test_the_edge_moves_with_the_curvature_and_with_momentum(lab: LabPage) -> None:
    lab.go("/gradient_descent?part=sweep&sweep_condition=10.0&sweep_steps=100")
    lab.complete()
    assert told_edge(lab) == 0.2
    assert trace(lab, "x", "predicted edge")[0] == pytest.approx(2 / 10)
    low, high = sorted(set(trace(lab, "x", "observed edge")))
    assert low <= 0.2 <= high
    before = lab.run()
    lab.slider("Condition number of the bowl").press("ArrowRight")
    lab.complete(before)
    assert told_edge(lab) == 0.1
    lab.go("/gradient_descent?part=sweep&sweep_condition=10.0&sweep_optimizer=momentum&sweep_momentum=0.5")
    lab.complete()
    assert told_edge(lab) == pytest.approx(2 * 1.5 / 10)
    assert not lab.complaints


def test_a_click_chooses_the_rate_that_is_looked_at(lab: LabPage) -> None:
    lab.go("/gradient_descent?part=sweep&sweep_steps=50")
    lab.complete()
    expect(lab.box("Rate looked at")).to_have_value("0")
    box = lab.page.locator(".stage-figures .stage-plot").first.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    rates, before = trace(lab, "x", "lower than at the start"), trace(lab, "x", "looked at")
    place = (0.03 + 4 * 9 / 59) / 4.06  # of the tenth rate on an axis of four powers of ten
    lab.page.mouse.click(box["x"] + place * box["width"], box["y"] + box["height"] / 2)
    expect(lab.box("Rate looked at")).to_have_value("10")
    moved = f"([of, old]) => ({TRACE})(of)?.[0] !== old"
    lab.page.wait_for_function(moved, arg=[["x", "looked at"], *before])
    lab.complete()
    assert trace(lab, "x", "looked at") == [pytest.approx(rates[9])]
    assert not lab.complaints
