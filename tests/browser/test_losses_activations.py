"""A learner walks through Losses and activations; the numbers on the page are torch's."""

import re

import pytest
import torch
from torch.nn import functional

from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:\\cdot 10\^\{-?\d+\})?")
SOURCES = """() => Array.from(document.querySelectorAll('[data-testid=stMain] .katex-display annotation'),
  node => node.textContent)"""


def numbers(lab: LabPage, place: int) -> list[float]:
    """Return the numbers of an equation on the page, four digits each."""
    text = lab.page.evaluate(SOURCES)[place]
    return [float(re.sub(r"\\cdot 10\^\{(-?\d+)\}", r"e\1", one)) for one in NUMBER.findall(text)]


def test_three_steps_down_a_loss_are_those_of_torch(lab: LabPage) -> None:
    lab.go("/losses_activations?part=loss&prediction=-3.0&rate=2.0")
    lab.complete()
    z = torch.tensor([-3.0], dtype=torch.float64, requires_grad=True)
    yes = torch.ones(1, dtype=torch.float64)
    for _step in range(3):
        loss = functional.binary_cross_entropy_with_logits(z, yes)
        (gradient,) = torch.autograd.grad(loss, z)
        assert numbers(lab, 0)[-1] == pytest.approx(loss.item(), rel=6e-4)
        assert numbers(lab, 1)[-1] == pytest.approx(gradient.item(), rel=6e-4)
        z = (z - 2 * gradient).detach().requires_grad_()
        assert numbers(lab, 2)[-1] == pytest.approx(z.item(), rel=6e-4)
        lab.seconds(lambda: lab.button("Take this step").click())
    assert lab.complaints == []


def test_a_slider_moved_by_keys_moves_the_point_and_the_numbers(lab: LabPage) -> None:
    lab.go("/losses_activations?activation=tanh&z=0.5")
    lab.complete()
    lab.seconds(lambda: lab.slider("Score z").press("ArrowRight"))
    z = torch.tensor(0.55, dtype=torch.float64)
    assert numbers(lab, 0)[-1] == pytest.approx(torch.tanh(z).item(), rel=6e-4)
    assert numbers(lab, 1)[-1] == pytest.approx(1 - torch.tanh(z).item() ** 2, rel=6e-4)
    assert "z=0.55" in lab.page.url
    assert lab.complaints == []


def test_the_next_part_sends_a_signal_through_layers(lab: LabPage) -> None:
    lab.go("/losses_activations")
    lab.complete()
    lab.seconds(lambda: lab.button("Next part").click())
    assert "part=signal" in lab.page.url
    gradients = lab.page.evaluate(
        "() => Array.from(document.querySelector('[data-figure=gradient] .stage-plot')"
        "._fullData.find(trace => trace.name.startsWith('Xavier')).y)"
    )
    assert len(gradients) == 20
    assert gradients[-1] > 1e9 * gradients[0]  # as the text says of sigmoid
    assert lab.complaints == []
