"""Descents at many rates at once against torch.optim, rate by rate, and against closed forms."""

import math

import numpy as np
import pytest
import torch

from lab.models.surfaces import surface
from lab.training.rates import WEIGHT_DECAY, Rule, descents

STEPS, FAR = 30, 1e6
REAL = {
    "sgd": lambda p, rate: torch.optim.SGD(p, lr=rate),
    "momentum": lambda p, rate: torch.optim.SGD(p, lr=rate, momentum=0.8),
    "nesterov": lambda p, rate: torch.optim.SGD(p, lr=rate, momentum=0.8, nesterov=True),
    "adagrad": lambda p, rate: torch.optim.Adagrad(p, lr=rate),
    "rmsprop": lambda p, rate: torch.optim.RMSprop(p, lr=rate),
    "adadelta": lambda p, rate: torch.optim.Adadelta(p, lr=rate),
    "adam": lambda p, rate: torch.optim.Adam(p, lr=rate),
    "adamw": lambda p, rate: torch.optim.AdamW(p, lr=rate),
}


def recorded(one, rules, rates, start, steps):
    """Return positions, [step, rule, rate, 2], and losses, [step, rule, rate]."""
    told = [(m.positions.clone(), m.losses.clone()) for m in descents(one, rules, rates, start, steps)]
    return tuple(torch.stack(column).numpy() for column in zip(*told, strict=True))


def alone(one, name, rate):
    """Return one racer's positions by torch.optim alone."""
    place = torch.nn.Parameter(torch.tensor(one.start, dtype=torch.float64))
    optimizer = REAL[name]([place], rate)
    path = [place.detach().clone()]
    for _step in range(STEPS):
        optimizer.zero_grad()
        one.value(place[0], place[1]).backward()
        optimizer.step()
        path.append(place.detach().clone())
    return torch.stack(path).numpy()


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("ground", ["bowl", "rosenbrock", "himmelblau"])
def test_every_rate_walks_as_torch_optim_alone(name, ground):
    one, rates = surface(ground), np.geomspace(1e-5, 3, 60).tolist()
    paths, _losses = recorded(one, [Rule(name, 0.8)], rates, one.start, STEPS)
    for number in range(60):
        expected = alone(one, name, rates[number])
        with np.errstate(invalid="ignore"):
            far = ~(np.abs(expected) < FAR).all(axis=1)
        until = int(far.argmax()) if far.any() else STEPS + 1
        np.testing.assert_allclose(paths[:until, 0, number], expected[:until], rtol=1e-6, atol=1e-6)


def test_adamw_has_the_default_decay_of_torch():
    assert torch.optim.AdamW([torch.nn.Parameter(torch.ones(1))]).defaults["weight_decay"] == WEIGHT_DECAY


@pytest.mark.parametrize("condition", [1.0, 7.0, 300.0])
def test_descent_in_a_bowl_is_the_closed_form(condition):
    one, rates = surface("bowl", condition), np.geomspace(1e-4, 2 / condition, 60)
    paths, losses = recorded(one, [Rule("sgd")], rates.tolist(), one.start, 100)
    curvatures = np.array([1.0, condition])
    steps = np.arange(101)[:, None, None]
    expected = (1 - rates[:, None] * curvatures) ** steps * np.array(one.start)
    np.testing.assert_allclose(paths[:, 0], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(losses[:, 0], (curvatures * expected**2).sum(axis=-1) / 2, atol=1e-10)


@pytest.mark.parametrize("name", ["momentum", "nesterov"])
def test_momentum_in_a_bowl_is_the_power_of_its_matrix(name):
    """In one direction: (place, velocity) is multiplied by the same two-by-two matrix in each step."""
    one, momenta, rates = surface("bowl", 20.0), (0.0, 0.3, 0.9), (0.01, 0.05, 0.1)
    paths, _losses = recorded(one, [Rule(name, m) for m in momenta], rates, one.start, 50)
    for row, m in enumerate(momenta):
        for column, rate in enumerate(rates):
            for axis, curvature in enumerate((1.0, 20.0)):
                kept = m if name == "momentum" else m * m
                pull = curvature if name == "momentum" else (1 + m) * curvature
                matrix = np.array([[1 - rate * pull, -rate * kept], [curvature, m]])
                expected = np.linalg.matrix_power(matrix, 50) @ [one.start[axis], 0.0]
                assert paths[50, row, column, axis] == pytest.approx(expected[0], rel=1e-8, abs=1e-10)


def test_who_overflows_does_not_touch_the_others():
    one = surface("rosenbrock")
    paths, _losses = recorded(one, [Rule("momentum", 0.8)], [1e-4, 5.0, 2e-4], one.start, STEPS)
    assert not np.isfinite(paths[-1, 0, 1]).all()
    for place, rate in ((0, 1e-4), (2, 2e-4)):
        single, _single_losses = recorded(one, [Rule("momentum", 0.8)], [rate], one.start, STEPS)
        np.testing.assert_array_equal(paths[:, 0, place], single[:, 0, 0])


def test_rules_side_by_side_are_each_alone():
    one, rates = surface("beale"), [0.001, 0.01]
    rules = [Rule("momentum", 0.2), Rule("momentum", 0.7), Rule("adam")]
    together, _losses = recorded(one, rules, rates, one.start, 20)
    for place, rule in enumerate(rules):
        single, _single = recorded(one, [rule], rates, one.start, 20)
        np.testing.assert_array_equal(together[:, place], single[:, 0])


def test_on_a_curve_y_stays():
    one = surface("parabola")
    paths, _losses = recorded(one, [Rule("sgd")], [0.5], one.start, 4)
    assert paths[:, 0, 0, 1].tolist() == [one.start[1]] * 5
    assert paths[4, 0, 0, 0] == pytest.approx(one.start[0] * math.pow(0.5, 4))
