"""Every claim in the text of Losses and activations, asserted on the run it speaks of."""

from functools import cache

import numpy as np
import pytest
import torch

from lab.core.events import Done
from lab.core.lesson import Context
from lab.tables.history import scores
from lab.topics.losses_activations import LESSON
from lab.topics.losses_activations.activation import curve
from lab.topics.losses_activations.functions import FUNCTIONS
from lab.topics.losses_activations.loss import cost
from lab.topics.losses_activations.settings import (
    ActivationSettings,
    GuideSettings,
    LossSettings,
    SignalSettings,
    TwiceSettings,
    VersusSettings,
)

EXPERIMENTS = {type(one.settings()): one for one in LESSON.experiments}


@cache
def told(kind, json):
    told = list(EXPERIMENTS[kind].train(kind.model_validate_json(json), Context()))
    assert isinstance(told[-1], Done)
    return [event for event in told if not isinstance(event, Done)], told[-1].result


def run(settings):
    return told(type(settings), settings.key())


def medians(settings, name):
    """Return the median of a score at every moment."""
    return np.median(scores(run(settings)[0]).values[name], axis=1)


def through(activation, rule, name, **values):
    """Return a measure's median in the first and in the last layer."""
    layers = np.median(run(SignalSettings(activation=activation, **values))[1].measures[rule][name], axis=1)
    return layers[0], layers[-1]


def test_where_curves_are_flat():
    sigmoid = curve(ActivationSettings(activation="sigmoid"))
    assert sigmoid.slopes.max() == 0.25
    assert sigmoid.flat == [(-8, -4.6), (4.6, 8)]
    assert curve(ActivationSettings(activation="tanh")).flat == [(-8, -3), (3, 8)]
    assert curve(ActivationSettings(activation="relu")).flat == [(-8, 0)]
    assert curve(ActivationSettings(activation="leaky_relu")).flat == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_twenty_layers(seed):
    first, last = through("sigmoid", "xavier", "gradient", seed=seed)
    assert last > 1e9 * first
    first, last = through("sigmoid", "xavier", "spread", seed=seed)
    assert first > 1e9 * last
    first, last = through("tanh", "xavier", "gradient", seed=seed)
    assert last < 20 * first
    for name in ("gradient", "spread"):
        first, last = through("relu", "he", name, seed=seed)
        assert 0.1 < first / last < 10
    first, last = through("relu", "xavier", "spread", seed=seed)
    assert first > 1000 * last
    first, last = through("relu", "tfp_uniform", "spread", seed=seed)
    assert last > 100 * first
    assert through("softmax", "xavier", "spread", seed=seed)[1] < 1e-15


def slope(loss, prediction, **values):
    return cost(LossSettings(loss=loss, prediction=prediction, **values)).gradient[0]


def test_one_outlier():
    pulls = [slope(loss, 6.0, target=1.0) for loss in ("squared", "absolute", "huber")]
    assert pulls == [10, 1, 1]


def test_confidently_wrong():
    assert slope("binary", -6.0) == pytest.approx(-0.9975, abs=5e-5)
    assert slope("hinge", 1.05) == 0
    assert slope("hinge", 0.95) == -1
    assert 20 * abs(slope("focal", 2.0)) < abs(slope("binary", 2.0))
    assert slope("focal", -6.0) == pytest.approx(slope("binary", -6.0), rel=0.05)


@pytest.mark.parametrize("seed", [1, 2])
def test_squared_error_against_cross_entropy(seed):
    name = "{}_test_accuracy"
    last = {
        v: medians(VersusSettings(seed=seed), name.format(v))[-1] for v in ("squared", "binary", "softmax")
    }
    assert last["squared"] < 0.75
    assert 0.88 < last["binary"] < 0.93
    assert last["softmax"] > 0.96


def test_a_larger_rate_helps_unless_the_beginning_is_wrong():
    name = "{}_test_accuracy"
    fast = VersusSettings(learning_rate=1.0)
    both = [medians(fast, name.format(variant))[-1] for variant in ("squared", "binary", "softmax")]
    assert max(both) - both[0] < 0.03
    wrong = VersusSettings(learning_rate=1.0, gain=5.0)
    assert medians(wrong, name.format("squared"))[-1] < medians(wrong, name.format("binary"))[-1] - 0.2


def test_softmax_twice():
    plain = TwiceSettings()
    once, two = medians(plain, "once_gradient")[0], medians(plain, "twice_gradient")[0]
    assert two / once == pytest.approx(0.1, abs=0.02)
    assert medians(plain, "once_accuracy")[-1] == pytest.approx(0.98, abs=0.01)
    assert medians(plain, "twice_accuracy")[-1] == pytest.approx(0.75, abs=0.05)
    assert scores(run(plain)[0]).values["twice_loss"].min() > 1.461
    adam = TwiceSettings(optimizer="adam", learning_rate=0.001)
    assert medians(adam, "once_accuracy")[-1] == pytest.approx(0.97, abs=0.01)
    assert medians(adam, "twice_accuracy")[-1] == pytest.approx(0.90, abs=0.02)
    printed = adam.changed(batch_size=1437)
    assert max(medians(printed, f"{name}_accuracy")[-1] for name in ("once", "twice")) < 0.35


def test_softmax_twice_is_no_accident_of_seed_1():
    other = TwiceSettings(seed=2)
    assert medians(other, "twice_accuracy")[-1] < medians(other, "once_accuracy")[-1] - 0.1


def test_the_wrong_choice():
    _events, guide = run(GuideSettings())
    right, wrong = np.median(guide.right, axis=1), np.median(guide.wrong, axis=1)
    assert max(wrong[2], wrong[4]) < 0.5
    assert min(right[2], right[4]) > 0.85
    assert (right > wrong).all()


def test_the_formulas_of_why():
    z = torch.tensor([-6.0], dtype=torch.float64, requires_grad=True)
    (squared,) = torch.autograd.grad((torch.sigmoid(z) - 1).square().sum(), z)
    assert abs(squared.item()) == pytest.approx(0.0049, abs=5e-5)
    assert [FUNCTIONS[name].slope(torch.zeros(1)).item() for name in ("tanh", "linear")] == [1, 1]
    assert np.e / (np.e + 9) == pytest.approx(0.232, abs=5e-4)
