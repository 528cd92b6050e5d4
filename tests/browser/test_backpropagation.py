"""The walk through a graph in a real browser: the numbers on the page are PyTorch's."""

import re

import pytest
import torch
from playwright.sync_api import expect

from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser

SLOW = 20_000  # milliseconds: on a busy machine the first picture of a page takes long
START = {"w1": 0.5, "x1": 1.5, "w2": -1.0, "x2": 0.5, "b": 0.25}


def neuron(**values: float) -> tuple[float, dict[str, float]]:
    """Return PyTorch's value and gradients of tanh(w1 x1 + w2 x2 + b)."""
    given = {**START, **values}
    leaf = {name: torch.tensor(v, dtype=torch.float64, requires_grad=True) for name, v in given.items()}
    result = torch.tanh(leaf["w1"] * leaf["x1"] + leaf["w2"] * leaf["x2"] + leaf["b"])
    result.backward()
    return result.item(), {name: one.grad.item() for name, one in leaf.items() if one.grad is not None}


def equations(lab: LabPage) -> list[str]:
    """Return the TeX of the equations of this step."""
    return lab.page.locator(".st-key-graph-step annotation").all_text_contents()


def last_number(tex: str) -> float:
    return float(re.findall(r"-?\d+\.?\d*", tex)[-1])


def node(lab: LabPage, name: str) -> dict[str, str]:
    """Return what the drawing says of a node: its value and gradient."""
    label = lab.page.locator(f'.lab-graph g[aria-label^="{name}"]').get_attribute("aria-label") or ""
    return dict(part.strip().split(" ", 1) for part in label.split(";")[1:])


def test_three_steps_forward_and_three_back_and_undo(lab: LabPage) -> None:
    lab.go("/backpropagation")
    forward = lab.page.get_by_role("button", name="Next")
    seen = []
    for step in (1, 2, 3):
        forward.click()
        expect(lab.page).to_have_url(re.compile(rf"step={step}\b"), timeout=SLOW)
        expect(lab.page.get_by_text(f"Forward: n{step} =")).to_be_visible(timeout=SLOW)
        seen.append(last_number(equations(lab)[-1]))
    assert seen == [0.5 * 1.5, -1.0 * 0.5, 0.5 * 1.5 - 1.0 * 0.5]

    value, slopes = neuron()
    lab.page.get_by_role("button", name="End").click()
    expect(lab.page.get_by_text("Backward: n1 has its whole gradient")).to_be_visible(timeout=SLOW)
    products = [last_number(tex) for tex in equations(lab) if "upstream" in tex]
    assert products == pytest.approx([slopes["w1"], slopes["x1"]], rel=1e-3)  # four digits are shown
    for name, slope in slopes.items():
        assert node(lab, name)["gradient"] == f"{slope:.4g}"
    assert node(lab, "n5")["value"] == f"{value:.4g}"

    lab.page.get_by_role("button", name="Back", exact=False).first.click()
    expect(lab.page.get_by_text("Backward: n2 has its whole gradient")).to_be_visible(timeout=SLOW)
    assert node(lab, "w1")["gradient"] == "?"
    assert lab.complaints == []


def test_a_slider_changes_every_number_and_the_table_agrees(lab: LabPage) -> None:
    lab.go("/backpropagation?step=11")
    expect(lab.page.get_by_text("Backward: n1")).to_be_visible(timeout=SLOW)
    before = node(lab, "b")["gradient"]
    lab.page.get_by_role("slider", name="Value of b").press("ArrowRight")
    expect(lab.page).to_have_url(re.compile(r"v5=0\.3\b"), timeout=SLOW)
    value, slopes = neuron(b=0.3)
    expect(lab.page.locator(f'.lab-graph g[aria-label*="value {value:.4g};"]').first).to_be_visible(
        timeout=SLOW
    )
    assert node(lab, "b")["gradient"] == f"{slopes['b']:.4g}" != before
    rows = [row.locator("th, td").all_text_contents() for row in lab.page.locator("table tr").all()[1:]]
    assert [row[0] for row in rows] == list(START)
    for name, verdict, _value, autograd, ours, difference, *_errors in rows:
        assert float(autograd) == pytest.approx(slopes[name], rel=1e-6)
        assert float(ours) == pytest.approx(slopes[name], rel=1e-6)
        assert float(difference) == pytest.approx(slopes[name], rel=1e-6)
        assert "agree" in verdict
    assert lab.complaints == []


def test_a_node_is_clicked_an_expression_typed_a_mistake_told(lab: LabPage) -> None:
    lab.go("/backpropagation")
    lab.page.locator('.lab-graph g[aria-label^="n4"]').click()
    expect(lab.page.get_by_text("Forward: n4 =").or_(lab.page.get_by_text("Backward: n4"))).to_be_visible(
        timeout=SLOW
    )
    box = lab.page.get_by_role("textbox", name="Expression")
    box.fill("x1*x1 + sin(b)")
    box.press("Enter")
    fault = "Expression: expected one of tanh, exp, log, relu, sigmoid, got 'sin' at column 9"
    expect(lab.page.get_by_text(fault)).to_be_visible(timeout=SLOW)
    box.fill("x1*x1 + exp(b)")
    box.press("Enter")
    expect(lab.page.get_by_text(fault)).to_have_count(0, timeout=SLOW)
    expect(lab.page.locator('.lab-graph g[aria-label^="n3 = n1 + n2"]')).to_be_visible(timeout=SLOW)
    assert node(lab, "x1")["value"] == "1.5"  # variables of the same name keep their values
    lab.page.get_by_role("button", name="Play").click()
    expect(lab.page.get_by_text("Forward: n3 =")).to_be_visible(timeout=SLOW)
    lab.page.get_by_role("button", name="Pause").click()
    expect(lab.page.get_by_role("button", name="Play")).to_be_visible(timeout=SLOW)
    assert lab.complaints == []
