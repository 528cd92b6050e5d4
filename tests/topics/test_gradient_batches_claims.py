"""Every claim of the text of part 4, Batch size."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from lab.core.lesson import Context
from lab.topics.gradient_descent.batches import seconds_of, variants
from lab.topics.gradient_descent.batches_settings import BatchSettings
from lab.topics.gradient_descent.batches_stage import BATCHES, curves

SEEDS = pytest.mark.parametrize("seed", [1, 2])


@cache
def told(**values) -> Any:
    *events, done = run(BatchSettings(**values))
    return curves(BatchSettings(**values), events), done.result


def run(settings) -> list[Any]:
    return list(BATCHES.train(settings, Context()))


def at(curve, epoch):
    return curve.median()[np.argmin(np.abs(curve.epochs - epoch))]


@SEEDS
def test_per_epoch(seed):
    courses, _result = told(batch_seed=seed)
    assert at(courses["one"], 1) == pytest.approx(0.23, abs=0.03)
    assert at(courses["mini"], 1) == pytest.approx(0.6, abs=0.05)
    assert at(courses["full"], 1) == pytest.approx(2.3, abs=0.15)
    assert [one.updates for one in variants(BatchSettings()).values()] == [1, 48, 1437]


@SEEDS
def test_per_step(seed):
    courses, _result = told(batch_seed=seed)
    assert at(courses["mini"], 30 / 48) < at(courses["one"], 50 / 1437)
    assert at(courses["mini"], 10 / 48) == pytest.approx(at(courses["full"], 10), rel=0.05)


@pytest.mark.alone
def test_per_second():
    settings = BatchSettings()
    mini, one = (variants(settings)[name] for name in ("mini", "one"))
    ratio = min(seconds_of(settings, one) for _ in range(3)) / min(
        seconds_of(settings, mini) for _ in range(3)
    )
    assert ratio > 4
    courses, _result = told()
    spent = courses["mini"].epochs[-1] / ratio  # in epochs of single examples
    reached = courses["one"].median()[courses["one"].epochs <= spent]
    assert courses["mini"].median()[-1] < reached.min()


@SEEDS
def test_the_noise(seed):
    _courses, result = told(batch_seed=seed)
    noise = dict(zip(result.noise.sizes, result.noise.drawn, strict=True))
    for small, large in ((5, 20), (50, 200)):
        assert noise[small] / noise[large] == pytest.approx(2, rel=0.2)
    assert noise[30] / result.noise.full == pytest.approx(1, abs=0.15)


@SEEDS
def test_accuracy(seed):
    courses, _result = told(batch_seed=seed)
    last = {name: one.median("accuracy")[-1] for name, one in courses.items()}
    assert last["mini"] > 95
    assert last["one"] > 90
    assert last["full"] < 70


@SEEDS
def test_the_rate_scaled_with_the_batch(seed):
    courses, _result = told(batch_seed=seed, batch_scaled=True)
    for epoch in range(1, 11):
        assert at(courses["one"], epoch) == pytest.approx(at(courses["mini"], epoch), rel=0.02)
    rate = variants(BatchSettings(batch_scaled=True))["full"].rate
    assert rate == pytest.approx(4.8, abs=0.05)
    assert courses["full"].median()[-1] > courses["full"].median()[0]


@SEEDS
def test_a_rate_of_three_tenths(seed):
    courses, _result = told(batch_seed=seed, batch_rate=0.3)
    usual, _usual = told(batch_seed=seed)
    assert courses["one"].median()[-1] > 1.5
    assert courses["mini"].median()[-1] < usual["mini"].median()[-1]
