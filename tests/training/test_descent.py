"""Races against formulas in numpy, against torch's optimisers running alone, and against closed forms."""

import math
import time
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lab.models.surfaces import SURFACES, surface
from lab.training.descent import race
from lab.training.racers import DEFAULT_RATES, Plan, factors

ALL = tuple(DEFAULT_RATES)
BETA, BETA1, BETA2, DECAY = 0.8, 0.85, 0.97, 0.1
PLAN: dict[str, Any] = {"momentum": BETA, "beta1": BETA1, "beta2": BETA2, "decay": DECAY}


def rosenbrock_gradient(p):
    x, y = p
    return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])


def by_hand(name, plan, rates, gradient):
    """Return the positions by the formulas of torch's documentation and the papers, in numpy."""
    p = np.array(plan.start)
    m, v = np.zeros(2), np.zeros(2)
    path = [p]
    for k, rate in enumerate(rates, 1):
        g = gradient(p)
        match name:
            case "sgd":
                p = p - rate * g
            case "momentum" | "nesterov":
                m = BETA * m + g
                p = p - rate * (m if name == "momentum" else g + BETA * m)
            case "adagrad":
                v = v + g**2
                p = p - rate * g / (np.sqrt(v) + 1e-10)
            case "rmsprop":
                v = 0.99 * v + 0.01 * g**2
                p = p - rate * g / (np.sqrt(v) + 1e-8)
            case "adam" | "adamw":
                p = p * (1 - rate * DECAY) if name == "adamw" else p
                m, v = BETA1 * m + (1 - BETA1) * g, BETA2 * v + (1 - BETA2) * g**2
                p = p - rate * (m / (1 - BETA1**k)) / (np.sqrt(v / (1 - BETA2**k)) + 1e-8)
            case "adadelta":
                v = 0.9 * v + 0.1 * g**2
                d = np.sqrt(m + 1e-6) / np.sqrt(v + 1e-6) * g
                m = 0.9 * m + 0.1 * d**2
                p = p - rate * d
            case _:
                raise KeyError(name)
        path.append(p)
    return np.array(path)


def factors_by_hand(schedule, steps, fall):
    k = np.arange(steps)
    half = max(1, round(math.log(2) / fall))
    rise = max(1, steps // 5)
    return {
        "constant": np.ones(steps),
        "step": 0.5 ** (k // half),
        "cosine": (1 + np.cos(np.pi * k / steps)) / 2,
        "exponential": np.exp(-fall * k),
        "warmup": np.minimum(1, 0.1 + 0.9 * k / rise),
        "dynamic": 1 / (1 + fall * k),
    }[schedule]


SCHEDULES = ("constant", "step", "cosine", "exponential", "warmup", "dynamic")


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", [name for name in ALL if name not in ("noisy", "lbfgs")])
def test_positions_are_those_of_the_formulas(name, schedule):
    plan = Plan((-1.2, 1.0), steps=60, rate=0.001, schedule=schedule, fall=0.05, **PLAN)
    result = race(SURFACES["rosenbrock"], [name], plan)
    rates = 0.001 * factors_by_hand(schedule, 60, 0.05)
    np.testing.assert_allclose(result.rates[0], rates, rtol=1e-9, atol=1e-18)
    path = by_hand(name, plan, rates, rosenbrock_gradient)
    np.testing.assert_allclose(result.positions[0], path, rtol=1e-6, atol=1e-9)
    gradients = np.array([rosenbrock_gradient(p) for p in path[:-1]])
    np.testing.assert_allclose(result.gradients[0], gradients, rtol=1e-6, atol=1e-6)


@given(steps=st.integers(1, 300), fall=st.floats(0.001, 1), schedule=st.sampled_from(SCHEDULES))
@settings(max_examples=40, deadline=None)
def test_schedules_are_those_of_the_formulas(steps, fall, schedule):
    ours = factors(schedule, steps, fall)
    np.testing.assert_allclose(ours, factors_by_hand(schedule, steps, fall), rtol=1e-8, atol=1e-12)


def alone(name, plan, function):
    """Return positions of torch's optimiser with a parameter of its own, in the loop of any textbook."""
    point = nn.Parameter(torch.tensor(plan.start, dtype=torch.float64))
    rate = 1.0 if name == "lbfgs" else plan.rate
    makers = {
        "sgd": lambda: torch.optim.SGD([point], lr=rate),
        "momentum": lambda: torch.optim.SGD([point], lr=rate, momentum=BETA),
        "nesterov": lambda: torch.optim.SGD([point], lr=rate, momentum=BETA, nesterov=True),
        "adagrad": lambda: torch.optim.Adagrad([point], lr=rate),
        "rmsprop": lambda: torch.optim.RMSprop([point], lr=rate),
        "adam": lambda: torch.optim.Adam([point], lr=rate, betas=(BETA1, BETA2)),
        "adamw": lambda: torch.optim.AdamW([point], lr=rate, betas=(BETA1, BETA2), weight_decay=DECAY),
        "adadelta": lambda: torch.optim.Adadelta([point], lr=rate),
        "lbfgs": lambda: torch.optim.LBFGS(
            [point], lr=1, max_iter=1, max_eval=25, history_size=10, line_search_fn="strong_wolfe"
        ),
    }
    optimizer, looked, path = makers[name](), 0, [point.tolist()]

    def closure():
        nonlocal looked
        looked += 1
        optimizer.zero_grad()
        loss = function(point[0], point[1])
        loss.backward()
        return loss

    for _step in range(plan.steps):
        optimizer.step(closure)
        path.append(point.tolist())
    return np.array(path), looked


@pytest.mark.parametrize("where", ["rosenbrock", "himmelblau", "beale", "rastrigin", "plateau", "waves"])
def test_side_by_side_equals_each_alone(where):
    one = SURFACES[where]
    plan = Plan(one.start, steps=50, rate=0.002, **PLAN)
    names = [name for name in ALL if name != "noisy"]
    together = race(one, names, plan)
    for number, name in enumerate(names):
        path, looked = alone(name, plan, one.value)
        np.testing.assert_allclose(together.positions[number], path, rtol=1e-6, atol=1e-9, err_msg=name)
        assert together.evaluations[number, -1] == looked


@given(rate=st.floats(0.001, 0.3), condition=st.floats(1, 50), x=st.floats(-3, 3), y=st.floats(-3, 3))
@settings(max_examples=30, deadline=None)
def test_on_the_bowl_steps_have_a_closed_form(rate, condition, x, y):
    result = race(surface("bowl", condition), ["sgd"], Plan((x, y), steps=40, rate=rate))
    k = np.arange(41)[:, None]
    closed = (1 - rate * np.array([1, condition])) ** k * np.array([x, y])
    np.testing.assert_allclose(result.positions[0], closed, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(result.losses[0], closed**2 @ [0.5, condition / 2], rtol=1e-9, atol=1e-20)


def test_memories_are_those_of_the_formulas():
    names = ["momentum", "adagrad", "rmsprop", "adam", "adadelta"]
    result = race(SURFACES["rosenbrock"], names, Plan((-1.2, 1.0), steps=30, rate=0.001, **PLAN))
    g = result.gradients
    sums, updates = np.zeros((5, 2)), np.zeros(2)
    for k in range(30):
        sums[0] = BETA * sums[0] + g[0, k]
        sums[1] += g[1, k] ** 2
        sums[2] = 0.99 * sums[2] + 0.01 * g[2, k] ** 2
        sums[3] = BETA1 * sums[3] + (1 - BETA1) * g[3, k]
        sums[4] = 0.9 * sums[4] + 0.1 * g[4, k] ** 2
        kept = [result.first[0], result.second[1], result.second[2], result.first[3], result.second[4]]
        np.testing.assert_allclose([one[k] for one in kept], sums, rtol=1e-10)
        change = np.sqrt((updates + 1e-6) / (sums[4] + 1e-6)) * g[4, k]
        updates = 0.9 * updates + 0.1 * change**2
        np.testing.assert_allclose(result.first[4, k], updates, rtol=1e-10)
        mean = result.first[3, k] / (1 - BETA1 ** (k + 1))
        np.testing.assert_allclose(result.first_corrected[3, k], mean, rtol=1e-12)
        square = result.second[3, k] / (1 - BETA2 ** (k + 1))
        np.testing.assert_allclose(result.second_corrected[3, k], square, rtol=1e-12)
    np.testing.assert_allclose(result.updates[1], -0.001 * g[1] / np.sqrt(result.second[1]), rtol=1e-7)
    assert np.isnan(result.second[0]).all()
    assert np.isnan(result.first_corrected[0]).all()


def test_what_diverges_is_named_and_the_others_go_on():
    plan = Plan((-1.2, 1.0), steps=40, rate=0.01)
    result = race(SURFACES["rosenbrock"], ALL, plan)
    fallen = [name for name, step in zip(result.names, result.diverged, strict=True) if step]
    assert fallen == ["sgd", "noisy", "momentum", "nesterov"]
    for number, step in enumerate(result.diverged):
        first = step or 41
        assert np.isfinite(result.positions[number, :first]).all()
        assert np.isfinite(result.losses[number, :first]).all()
        assert np.isnan(result.positions[number, first:]).all()
    assert np.nanmax(np.abs(result.positions)) > 1e50  # nothing is clamped
    calm = race(SURFACES["rosenbrock"], ["adam"], plan)
    np.testing.assert_array_equal(calm.positions[0], result.positions[ALL.index("adam")])


def test_the_step_that_leaves_the_window_is_told():
    result = race(surface("bowl", 30.0), ["sgd"], Plan((-4.5, 1.5), steps=9, rate=0.07))
    y = 1.5 * (1 - 0.07 * 30) ** np.arange(10)
    assert result.left == (int(np.argmax(np.abs(y) > 3)),)
    assert race(surface("bowl", 30.0), ["sgd"], Plan((-4.5, 1.5), steps=9, rate=0.01)).left == (0,)


def test_noise_has_the_spread_that_is_asked_for_and_its_own_seed():
    one, plan = SURFACES["plateau"], Plan((50.0, 50.0), steps=500, rate=1e-9, noise=3.0, seed=4)
    noise = race(one, ["noisy"], plan).gradients[0]  # so far out the true gradient is 0
    assert noise.std() == pytest.approx(3, rel=0.1)
    assert abs(noise.mean()) < 0.3
    again = race(one, ["sgd", "noisy", "adam"], plan).gradients[1]
    np.testing.assert_array_equal(noise, again)
    on_curve = race(SURFACES["waves"], ["noisy"], plan).gradients[0]
    assert (on_curve[:, 1] == 0).all()


@pytest.mark.parametrize("where", ["himmelblau", "regression"])
def test_the_stochastic_racer_steps_by_the_gradient_it_saw(where):
    one = SURFACES[where]
    plan = Plan(one.start, steps=40, rate=0.003, schedule="dynamic", fall=0.05, noise=2.0, batch=7, seed=3)
    result = race(one, ["noisy"], plan)
    rates = 0.003 * factors_by_hand("dynamic", 40, 0.05)
    moved = result.positions[0, :-1] - rates[:, None] * result.gradients[0]
    np.testing.assert_allclose(result.positions[0, 1:], moved, rtol=1e-12, atol=1e-12)
    true = race(one, ["sgd"], plan).gradients[0]
    assert (np.abs(result.gradients[0, 0] - true[0]) > 0.01).all()


CLASSES = {
    "sgd": torch.optim.SGD, "noisy": torch.optim.SGD, "momentum": torch.optim.SGD,
    "nesterov": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "adadelta": torch.optim.Adadelta,
    "lbfgs": torch.optim.LBFGS,
}  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_default_rates_are_those_of_torch(name):
    assert CLASSES[name]([nn.Parameter(torch.zeros(2))]).defaults["lr"] == DEFAULT_RATES[name]


def test_each_at_its_default_rate_walks_by_it():
    names = [name for name in ALL if name not in ("noisy", "lbfgs")]
    plan = Plan((-1.2, 1.0), steps=30, rate=0.5, own_rates=True, **PLAN)
    result = race(SURFACES["rosenbrock"], names, plan)
    for number, name in enumerate(names):
        path = by_hand(name, plan, [DEFAULT_RATES[name]] * 30, rosenbrock_gradient)
        np.testing.assert_allclose(result.positions[number], path, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("batch", [1, 8, 442])
def test_mini_batches_go_through_the_table_once_per_epoch(batch):
    one, whole = SURFACES["regression"], math.ceil(442 / batch)
    # A point that hardly moves: the batches' gradients, weighted by their sizes, average to the true one.
    plan = Plan((0.2, 0.1), steps=whole, rate=1e-12, batch=batch)
    seen = race(one, ["noisy"], plan).gradients[0]
    true = race(one, ["sgd"], plan).gradients[0, 0]
    sizes = np.full(whole, batch)
    sizes[-1] = 442 - batch * (whole - 1)
    np.testing.assert_allclose(sizes @ seen / 442, true, rtol=1e-9)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("formula", ["log(x)*y", "1/(x*y)", "sqrt(x)+y**2", "exp(exp(x))*y", "x**y"])
def test_functions_without_a_value_somewhere_end_well(name, formula):
    for start in ((1.0, 1.0), (0.0, 0.0), (-2.0, 3.0)):
        result = race(surface("own", formula=formula), [name], Plan(start, steps=20, rate=0.5))
        step = result.diverged[0] or 21
        finite = np.isfinite(result.losses[0, 1:])
        assert finite[: step - 1].all()
        assert not finite[step - 1 :].any()


def test_a_place_without_a_gradient_is_told_from_an_overflow():
    kinked = race(surface("own", formula="sqrt(x) + y**2"), ["sgd", "adam"], Plan((0.0, 1.0), steps=5))
    assert kinked.diverged == (1, 1)
    assert [kinked.lacks_gradient(racer) for racer in (0, 1)] == [True, True]
    wild = race(SURFACES["rosenbrock"], ["sgd", "adam"], Plan((-1.2, 1.0), steps=10, rate=0.01))
    assert [wild.lacks_gradient(racer) for racer in (0, 1)] == [False, False]


def test_500_steps_of_all_ten_take_about_a_second():
    race(SURFACES["rosenbrock"], ALL, Plan((-1.2, 1.0), steps=5, rate=0.001))
    began = time.process_time()
    race(SURFACES["rosenbrock"], ALL, Plan((-1.2, 1.0), steps=500, rate=0.001))
    assert time.process_time() - began < 3  # about a second of one core
