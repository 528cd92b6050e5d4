"""A learner pulls the line, clicks another, and lets descent finish; the numbers are numpy's."""

from typing import Any

import numpy as np
import pytest

from lab.data.regression import diabetes, standardised
from lab.topics.gradient_descent.line_settings import LineSettings
from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser


def query(lab: LabPage) -> dict[str, float]:
    script = "() => Object.fromEntries(new URLSearchParams(location.search))"
    told = lab.page.evaluate(script)
    plain = dict(LineSettings())
    return {name: float(told.get(name, plain[name])) for name in ("slope", "intercept")}


def area(lab: LabPage, figure: str) -> tuple[float, float, float, float]:
    box = lab.page.locator(f"[data-figure={figure}] .nsewdrag").bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def test_pull_click_and_finish(lab: LabPage) -> None:
    lab.go("/gradient_descent?part=line&slope=0.0&intercept=0.0")
    lab.complete()
    left, top, width, height = area(lab, "line")
    shape = "() => document.querySelector('[data-figure=line] .stage-plot')._fullLayout"
    low, high = lab.page.evaluate(f"() => ({shape})().yaxis.range")
    level = top + height * high / (high - low)

    def pull() -> None:
        lab.page.mouse.move(left + width / 2, level)
        lab.page.mouse.down()
        lab.page.mouse.move(left + width / 2, level - height / (high - low), steps=5)
        lab.page.mouse.up()

    lab.seconds(pull)
    assert query(lab)["slope"] == pytest.approx(0, abs=0.01)
    assert query(lab)["intercept"] == pytest.approx(1, abs=0.05)

    left, top, width, height = area(lab, "plane")
    lab.seconds(lambda: lab.page.mouse.click(left + 0.25 * width, top + 0.25 * height))
    assert query(lab)["slope"] == pytest.approx(-1.5, abs=0.05)
    assert query(lab)["intercept"] == pytest.approx(1.5, abs=0.05)

    lab.seconds(lambda: lab.button("Let descent finish").click())
    frame: Any = diabetes()
    x, y = standardised(frame["bmi"]), standardised(frame["target"])
    best = np.polyfit(x, y, 1)
    path = lab.page.evaluate(
        "() => { const t = document.querySelector('[data-figure=plane] .stage-plot')._fullData"
        ".find(trace => trace.name === 'descent'); return [t.x.at(-1), t.y.at(-1)]; }"
    )
    np.testing.assert_allclose(path, best, atol=1e-5)
    assert lab.complaints == []
