"""The whole network and the deep ones in a real browser: the numbers on the page are PyTorch's."""

import re

import pytest
import torch
from playwright.sync_api import expect

from lab.topics.backpropagation.network import data, first_layers
from lab.topics.backpropagation.network_settings import NetworkSettings
from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser


def weight_gradients(example: int) -> list[torch.Tensor]:
    """Return autograd's gradients of one example's loss by the weights of each layer."""
    settings = NetworkSettings()
    inputs, labels, _names, _classes = data(settings.net_data, settings.net_seed)
    weights = [layer.weights.clone().requires_grad_() for layer in first_layers(settings)]
    hidden, scores = inputs[example - 1 : example], torch.empty(0)
    for weight in weights:  # biases are 0
        scores = hidden @ weight.T
        hidden = torch.tanh(scores)
    loss = torch.nn.functional.cross_entropy(scores, labels[example - 1 : example])
    return list(torch.autograd.grad(loss, weights))


def gradient_told(lab: LabPage) -> float:
    """Return the number at the end of the equation of the example's gradient."""
    equations = lab.page.locator(".st-key-network-equations annotation").all_text_contents()
    tex = next(one for one in equations if one.startswith(r"\frac{\partial \ell}"))
    mantissa, power = re.findall(r"(-?\d+\.?\d*)(?:\\cdot10\^\{(-?\d+)\})?$", tex.rpartition("=")[2])[0]
    return float(mantissa) * 10.0 ** int(power or 0)


def test_three_steps_through_the_layers_and_another_example(lab: LabPage) -> None:
    lab.go("/backpropagation?part=network")
    lab.complete()
    slopes = weight_gradients(1)
    for layer in (1, 2, 3):
        expect(lab.page.get_by_text(f"w 1←1 of layer {layer}", exact=False).first).to_be_visible()
        assert gradient_told(lab) == pytest.approx(slopes[layer - 1][0, 0].item(), rel=1e-3)
        if layer < 3:
            before = lab.run()
            lab.button("Layer after").click()
            lab.complete(before)
    before = lab.run()
    lab.enter("Example", 7)
    lab.complete(before)
    assert gradient_told(lab) == pytest.approx(weight_gradients(7)[2][0, 0].item(), rel=1e-3)
    assert lab.page.get_by_text("✓ equal").count() == 3


def test_deep_networks_are_compared_and_told(lab: LabPage) -> None:
    lab.go("/backpropagation?part=depth&depth=5&epochs=1")
    lab.complete()
    curve = lab.curve("Sigmoid, plain")
    assert len(curve) == 5
    assert curve[0] < 0.01 * curve[-1]
    expect(lab.page.get_by_text("First and last layer after epoch 0")).to_be_visible()
    expect(lab.page.get_by_text("Gradient of the first layer over that of the last")).to_be_visible()
