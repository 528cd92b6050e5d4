"""The hand-written backward pass against autograd, and its first-order promise against the Hessian."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.models.dense import (
    FUNCTIONS,
    Layer,
    autograd_gradients,
    deltas,
    dot,
    forward,
    gradients,
    moved,
)

NAMES = sorted(FUNCTIONS)


def random_network(sizes, seed, examples=9):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    layers = [Layer(draw(after, before) / before**0.5, draw(after)) for before, after in pairwise(sizes)]
    labels = torch.randint(sizes[-1], (examples,), generator=generator)
    return layers, draw(examples, sizes[0]), labels


def by_hand(layers, activation, inputs, labels):
    passed = forward(layers, activation, inputs, labels)
    return gradients(passed, deltas(layers, activation, passed, labels))


@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    classes=st.integers(2, 10),
    activation=st.sampled_from(NAMES),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_gradients_by_hand_are_autograds(sizes, classes, activation, seed):
    layers, inputs, labels = random_network((*sizes, classes), seed)
    expected = autograd_gradients(layers, activation, inputs, labels)
    for mine, theirs in zip(by_hand(layers, activation, inputs, labels), expected, strict=True):
        torch.testing.assert_close(mine.weights, theirs.weights, rtol=1e-9, atol=1e-14)
        torch.testing.assert_close(mine.biases, theirs.biases, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("activation", NAMES)
def test_slopes_are_the_derivatives_of_the_values(activation):
    scores = torch.linspace(-6, 6, 241, dtype=torch.float64)[1::2].clone().requires_grad_()
    function = FUNCTIONS[activation]
    (expected,) = torch.autograd.grad(function.value(scores).sum(), scores)
    torch.testing.assert_close(function.slope(scores.detach()), expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("activation", NAMES)
def test_values_are_torchs(activation):
    theirs = {"gelu": torch.nn.functional.gelu, "linear": torch.nn.Identity(), "relu": torch.relu}
    theirs |= {"tanh": torch.tanh, "sigmoid": torch.sigmoid}
    scores = torch.linspace(-6, 6, 101, dtype=torch.float64)
    expected = theirs[activation](scores)
    torch.testing.assert_close(FUNCTIONS[activation].value(scores), expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu", "linear"])
def test_the_error_of_the_prediction_is_half_the_curvature_times_the_square_of_the_step(activation):
    layers, inputs, labels = random_network((3, 5, 4, 3), seed=2)
    gradient = by_hand(layers, activation, inputs, labels)
    before = forward(layers, activation, inputs, labels).losses
    flat = [tensor for one in layers for tensor in (one.weights, one.biases)]
    way = tuple(tensor for one in gradient for tensor in (one.weights, one.biases))

    def loss(*tensors):
        pairs = [Layer(w, b) for w, b in zip(tensors[::2], tensors[1::2], strict=True)]
        return forward(pairs, activation, inputs, labels).losses.mean()

    _value, product = torch.autograd.functional.hvp(loss, tuple(flat), way)
    half_curvature = 0.5 * sum(float((a * b).sum()) for a, b in zip(product, way, strict=True))
    for step, tolerance in ((1e-2, 0.2), (1e-3, 0.02), (1e-4, 0.002)):
        true = (forward(moved(layers, gradient, -step), activation, inputs, labels).losses - before).mean()
        error = float(true) + step * dot(gradient, gradient)
        assert error / step**2 == pytest.approx(half_curvature, rel=tolerance)


def test_the_loss_is_torchs_cross_entropy():
    layers, inputs, labels = random_network((4, 3), seed=1)
    passed = forward(layers, "linear", inputs, labels)
    expected = torch.nn.functional.cross_entropy(passed.scores[-1], labels)
    assert passed.loss == pytest.approx(expected.item(), rel=1e-12)
