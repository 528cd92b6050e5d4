"""Every function, loss, slope and equation of the lesson against torch."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import hinge_loss
from torch.nn import functional

from lab.topics.losses_activations.activation import curve
from lab.topics.losses_activations.costs import COSTS, softmax_loss
from lab.topics.losses_activations.equations import Equation, number
from lab.topics.losses_activations.functions import FUNCTIONS, pullback
from lab.topics.losses_activations.loss import cost, target_of
from lab.topics.losses_activations.settings import ACTIVATIONS, LOSSES, ActivationSettings, LossSettings

TORCH = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),  # torch's softplus is cut at 20
    "softmax": lambda z: functional.softmax(z, dim=-1),
    "linear": lambda z: z * 1,
}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:\\cdot 10\^\{-?\d+\})?")
RANDOM = np.random.default_rng(11)


def numbers_of(equation):
    """Read the numbers back from the KaTeX text, written with all their digits."""
    return [
        float(re.sub(r"\\cdot 10\^\{(-?\d+)\}", r"e\1", one)) for one in NUMBER.findall(equation.katex(17))
    ]


def last_number(equation):
    return numbers_of(equation)[-1]


def test_every_choice_has_its_formula():
    assert FUNCTIONS.keys() == ACTIVATIONS.keys() == TORCH.keys()
    assert COSTS.keys() | {"softmax"} == LOSSES.keys()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_slopes_are_torchs(name):
    z = torch.cat([torch.linspace(-30, 30, 601).double(), torch.tensor(RANDOM.normal(0, 4, 99))])
    z = z.reshape(-1, 7).requires_grad_()
    values = TORCH[name](z)
    torch.testing.assert_close(FUNCTIONS[name].value(z.detach()), values.detach(), rtol=0, atol=1e-10)
    if name == "softmax":
        jacobian = torch.func.vmap(torch.func.jacrev(TORCH[name]))(z.detach())
        slopes = torch.diagonal(jacobian, dim1=-2, dim2=-1)
    else:
        (slopes,) = torch.autograd.grad(values.sum(), z)
    torch.testing.assert_close(FUNCTIONS[name].slope(z.detach()), slopes, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_chain_rule_is_autograds(name):
    z = torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    upstream = torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (expected,) = torch.autograd.grad(TORCH[name](z), z, upstream)
    torch.testing.assert_close(pullback(name, z.detach(), upstream), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_overflows(name):
    far = torch.tensor([[-1e45, 1e45, 0.0, 800.0, -800.0]], dtype=torch.float64)
    assert FUNCTIONS[name].value(far).isfinite().all()
    assert FUNCTIONS[name].slope(far).isfinite().all()


def test_saturated_ranges_are_those_of_the_closed_forms():
    edge = math.log((1 - (q := (1 - math.sqrt(0.96)) / 2)) / q)  # sigmoid: a (1 - a) = 0.01
    (_left, low), (high, _right) = curve(ActivationSettings(activation="sigmoid")).flat
    assert (-low, high) == pytest.approx((edge, edge), abs=0.02)
    (_left, low), (high, _right) = curve(ActivationSettings(activation="tanh")).flat
    assert high == pytest.approx(math.atanh(math.sqrt(0.99)), abs=0.02)
    assert curve(ActivationSettings(activation="relu")).flat == [(-8.0, 0.0)]
    assert curve(ActivationSettings(activation="leaky_relu")).flat == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_numbers_in_the_activations_equations_are_torchs(name):
    for z, second, third in RANDOM.uniform(-8, 8, (10, 3)):
        drawn = curve(ActivationSettings(activation=name, z=z, second=second, third=third))
        scores = torch.tensor([z, second, third], dtype=torch.float64, requires_grad=True)
        value = TORCH[name](scores if name == "softmax" else scores[:1])[0]
        (slopes,) = torch.autograd.grad(value, scores)
        expected = value.item(), slopes[0].item()
        assert (drawn.value, drawn.slope) == pytest.approx(expected, rel=1e-6, abs=1e-12)
        read = tuple(map(last_number, drawn.equations))
        assert read == pytest.approx(expected, rel=1e-6, abs=1e-12)


def torch_loss(chosen, p):
    """The loss as torch, or the paper, computes it."""
    y = torch.tensor([target_of(chosen)], dtype=torch.float64)
    match chosen.loss:
        case "squared":
            return functional.mse_loss(p, y)
        case "absolute":
            return functional.l1_loss(p, y)
        case "huber":
            return functional.huber_loss(p, y, delta=chosen.delta)
        case "binary":
            return functional.binary_cross_entropy_with_logits(p, y)
        case "hinge":
            return functional.hinge_embedding_loss(p * y, torch.tensor([-1.0], dtype=torch.float64))
        case "focal":
            entropy = functional.binary_cross_entropy_with_logits(p, y)
            return (1 - torch.exp(-entropy)) ** chosen.gamma * entropy
        case _:
            raise AssertionError(chosen.loss)


def any_loss(data, loss):
    """Random settings within the controls."""
    values = {name: data.draw(st.floats(-6, 6), name) for name in ("prediction", "target", "z1", "z2", "z3")}
    return LossSettings(
        loss=loss,
        truth=data.draw(st.sampled_from(["yes", "no"])),
        label=data.draw(st.sampled_from(["1", "2", "3"])),
        delta=data.draw(st.floats(0.1, 5)),
        gamma=data.draw(st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0])),
        rate=data.draw(st.floats(0.01, 10)),
        **values,
    )


@pytest.mark.parametrize("loss", COSTS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_losses_and_gradients_are_torchs(loss, data):
    chosen = any_loss(data, loss)
    drawn = cost(chosen)
    p = torch.tensor([chosen.prediction], dtype=torch.float64, requires_grad=True)
    expected = torch_loss(chosen, p)
    (gradient,) = torch.autograd.grad(expected, p)
    assert drawn.loss == pytest.approx(expected.item(), rel=1e-9, abs=1e-12)
    corner = chosen.prediction * target_of(chosen) == 1 if loss == "hinge" else False
    if not corner:
        assert drawn.gradient[0] == pytest.approx(gradient.item(), rel=1e-9, abs=1e-12)
    assert drawn.after[0] == pytest.approx(chosen.prediction - chosen.rate * drawn.gradient[0])
    moved = torch_loss(chosen, torch.tensor(drawn.after))
    assert drawn.loss_after == pytest.approx(moved.item(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("loss", COSTS)
def test_the_curves_are_slopes_of_one_another(loss):
    drawn = cost(LossSettings(loss=loss, target=0.95, prediction=1.25))
    rise = np.diff(drawn.losses[0]) / np.diff(drawn.grid)
    middle = (drawn.slopes[0][1:] + drawn.slopes[0][:-1]) / 2
    smooth = np.abs(np.diff(drawn.slopes[0])) < 0.5  # not at a corner
    np.testing.assert_allclose(rise[smooth], middle[smooth], atol=0.02)


def test_hinge_is_scikit_learns():
    drawn = cost(LossSettings(loss="hinge", truth="no", prediction=0.3))
    assert drawn.loss == pytest.approx(hinge_loss([-1], [0.3], labels=[-1, 1]))


@pytest.mark.parametrize("label", ["1", "2", "3"])
def test_softmax_cross_entropy_is_torchs(label):
    for z1, z2, z3 in RANDOM.uniform(-6, 6, (10, 3)):
        chosen = LossSettings(loss="softmax", label=label, z1=z1, z2=z2, z3=z3, rate=0.7)
        drawn = cost(chosen)
        z = torch.tensor([z1, z2, z3], dtype=torch.float64, requires_grad=True)
        truth = torch.tensor(int(label) - 1)
        expected = functional.cross_entropy(z, truth)
        (gradient,) = torch.autograd.grad(expected, z)
        assert drawn.loss == pytest.approx(expected.item(), rel=1e-9)
        np.testing.assert_allclose(drawn.gradient, gradient, rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(drawn.after, z.detach() - 0.7 * gradient, rtol=1e-9)
        after = functional.cross_entropy(torch.tensor(drawn.after), truth)
        assert drawn.loss_after == pytest.approx(after.item(), rel=1e-9)
        place = 100  # of the grid
        for k in range(3):
            moved = z.detach().clone()
            moved[k] = drawn.grid[place]
            moved.requires_grad_()
            there = functional.cross_entropy(moved, truth)
            assert drawn.losses[k, place] == pytest.approx(there.item(), rel=1e-9)
            (slope,) = torch.autograd.grad(there, moved)
            assert drawn.slopes[k, place] == pytest.approx(slope[k].item(), rel=1e-9, abs=1e-14)
        loss, pulled, step = drawn.equations
        assert last_number(loss) == pytest.approx(expected.item(), rel=1e-6)
        np.testing.assert_allclose(numbers_of(pulled)[-3:], gradient, rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(numbers_of(step)[-3:], drawn.after, rtol=1e-6)


@pytest.mark.parametrize("loss", COSTS)
def test_the_numbers_in_the_losses_equations_are_torchs(loss):
    for prediction, target in RANDOM.uniform(-6, 6, (10, 2)):
        chosen = LossSettings(loss=loss, prediction=prediction, target=target, rate=0.3)
        p = torch.tensor([prediction], dtype=torch.float64, requires_grad=True)
        expected = torch_loss(chosen, p)
        (gradient,) = torch.autograd.grad(expected, p)
        value, slope, step = cost(chosen).equations
        read = last_number(value), last_number(slope), last_number(step)
        after = prediction - 0.3 * gradient.item()
        assert read == pytest.approx((expected.item(), gradient.item(), after), rel=1e-6, abs=1e-12)


def test_softmax_loss_does_not_overflow():
    assert softmax_loss(torch.tensor([1e4, 0.0, -1e4], dtype=torch.float64), 2).item() == pytest.approx(2e4)


@given(value=st.floats(-1e12, 1e12))
def test_numbers_in_katex_are_read_back(value):
    read = float(re.sub(r"\\cdot 10\^\{(-?\d+)\}", r"e\1", number(value, 17)))
    assert read == value
    short = float(re.sub(r"\\cdot 10\^\{(-?\d+)\}", r"e\1", number(value)))
    assert short == pytest.approx(value, rel=5.1e-4)


def test_no_place_is_left_open():
    everything = [curve(ActivationSettings(activation=name)).equations for name in FUNCTIONS]
    everything += [cost(LossSettings(loss=name)).equations for name in LOSSES]
    for equations in everything:
        for equation in equations:
            text = equation.katex()
            assert not re.search(r"<\w+>", text)
            assert text.count("{") == text.count("}")
    with pytest.raises(KeyError):
        Equation("<missing>", {}).katex()
