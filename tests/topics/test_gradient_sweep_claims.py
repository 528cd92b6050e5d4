"""Every claim of the text of part 3, Every learning rate at once."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from lab.core.events import Done
from lab.core.lesson import Context
from lab.topics.gradient_descent.map_stage import MAP
from lab.topics.gradient_descent.sweep import swept
from lab.topics.gradient_descent.sweep_settings import SweepSettings

ADAPTIVE = ("adagrad", "rmsprop", "adadelta", "adam", "adamw")


@cache
def told(**values) -> Any:
    return swept(SweepSettings(**values))


def least(one):
    return one.gaps()[-1, one.best]


def test_the_edge():
    one = told()
    assert one.edge is not None
    assert one.rates[one.edge - 1] == pytest.approx(0.0194, abs=5e-5)
    assert one.rates[one.edge] == pytest.approx(0.0227, abs=5e-5)
    assert one.predicted == 0.02
    assert one.best == one.edge - 1
    assert (np.diff(one.gaps()[-1, : one.edge]) < 0).all()
    tenth = np.abs(np.log(10 * one.rates / one.rates[one.best])).argmin()
    assert one.gaps()[-1, tenth] > 1000 * least(one)


def test_direction_by_direction():
    one = told()
    flat, steep = 1 - one.rates[one.best] * one.bottom.curvatures
    assert (round(flat, 2), round(steep, 2)) == (0.98, -0.94)
    half = np.abs(np.log(2 * one.rates / one.rates[one.best])).argmin()
    for rate in (half, half + 1):
        shares = one.shares(int(rate))
        assert shares[10, 1] < 1e-6 * shares[0, 1]
        assert shares[-1, 0] > 1e6 * shares[-1, 1]
        assert shares[-1, 0] > one.shares(one.best)[-1, 0]


def test_condition_numbers():
    assert [told(sweep_condition=k).predicted for k in (1.0, 1000.0)] == [2, 0.002]
    assert least(told(sweep_condition=1.0)) == 0
    assert least(told(sweep_condition=1000.0)) > 4


def test_momentum_and_nesterov():
    plain, momentum, nesterov = told(), told(sweep_optimizer="momentum"), told(sweep_optimizer="nesterov")
    assert momentum.predicted == pytest.approx(0.038)
    assert momentum.predicted / plain.predicted == pytest.approx(1.9)
    assert least(plain) == pytest.approx(0.004, abs=5e-4)
    assert least(momentum) < 1e-7
    assert least(nesterov) < 1e-10
    assert nesterov.predicted == pytest.approx(0.0136, abs=5e-5)


def test_the_map():
    *_events, done = MAP.train(SweepSettings(), Context())
    assert isinstance(done, Done)
    one = done.result
    momentum, rate = one.best
    assert one.rates[rate] == pytest.approx(0.031, abs=5e-4)
    assert one.momenta[momentum] == pytest.approx(0.7)
    assert one.optimum == pytest.approx((0.033, 0.67), abs=1e-3)
    assert np.nanmin(one.needed) == 16
    assert np.nanmin(one.needed[0]) == 57
    assert np.nanmin(one.needed[momentum]) < 20
    assert one.momenta[-1] == 0.975
    assert np.nanmin(one.gaps[-1]) > 1e6 * np.nanmin(one.gaps[momentum])


@pytest.mark.parametrize("name", ADAPTIVE)
def test_rules_that_divide_by_gradients(name):
    one = told(sweep_optimizer=name)
    assert one.rates[-1] == 10
    assert one.edge is None
    assert one.predicted is None
    assert told(sweep_optimizer=name, sweep_low=1e-6).gaps()[-1, 0] > 0.99 * one.gaps()[0, 0]


def test_where_the_surface_is_no_bowl():
    banana = told(sweep_surface="rosenbrock")
    assert banana.edge is not None
    assert banana.rates[banana.edge - 1] == pytest.approx(0.006, abs=7e-4)
    assert banana.rates[banana.edge - 1] / banana.predicted == pytest.approx(3, abs=0.4)
    assert least(banana) > 0.1
    kink = told(sweep_surface="kink")
    assert kink.predicted is None
    assert kink.edge is None
    assert (kink.positions[-1, :, 0] != kink.positions[-2, :, 0]).all()


def test_the_pace_of_the_formulas():
    for condition in (10.0, 100.0):
        rates = np.geomspace(1e-4, 2 / condition, 20_000)
        factors = np.maximum(np.abs(1 - rates), np.abs(1 - rates * condition))
        assert factors.min() == pytest.approx((condition - 1) / (condition + 1), rel=1e-3)
