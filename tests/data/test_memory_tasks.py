"""Copying and adding: what is asked follows from what is read, and the baselines from a closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.data.memory_tasks import CHANCE, CONSTANT_ERROR, SYMBOLS, adding, copying

SEEDS = st.integers(0, 10_000)


@given(length=st.integers(3, 60), seed=SEEDS, data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_target_is_the_symbol_of_so_many_steps_ago(length, seed, data):
    delay = data.draw(st.integers(1, length - 1))
    one = copying(5, length, delay, np.random.default_rng(seed))
    assert one.inputs.shape == (length, 5, SYMBOLS)
    np.testing.assert_array_equal(one.inputs.sum(axis=2), 1)
    read = one.inputs.argmax(axis=2)
    for step in range(delay, length):
        np.testing.assert_array_equal(one.targets[step - delay], read[step - delay])
    assert len(one.targets) == length - delay


@given(length=st.integers(3, 60), seed=SEEDS, data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_sum_is_that_of_the_two_marked_numbers(length, seed, data):
    delay = data.draw(st.integers(0, length - 2))
    one = adding(20, length, delay, np.random.default_rng(seed))
    numbers, marks = one.inputs[..., 0], one.inputs[..., 1]
    np.testing.assert_array_equal(marks.sum(axis=0), 2)
    half = (length - delay) // 2
    np.testing.assert_array_equal(marks[:half].sum(axis=0), 1)
    np.testing.assert_array_equal(marks[half : length - delay].sum(axis=0), 1)
    np.testing.assert_allclose(one.targets, (numbers * marks).sum(axis=0))
    assert ((numbers >= 0) & (numbers < 1)).all()


def test_always_saying_one_costs_a_sixth_and_no_other_constant_less():
    sums = adding(200_000, 10, 0, np.random.default_rng(0)).targets
    assert np.mean((sums - 1) ** 2) == pytest.approx(CONSTANT_ERROR, rel=0.01)
    assert all(np.mean((sums - other) ** 2) > np.mean((sums - 1) ** 2) for other in (0.9, 1.1))


def test_symbols_are_equally_likely():
    symbols = copying(20_000, 10, 1, np.random.default_rng(0)).targets
    np.testing.assert_allclose(np.bincount(symbols.ravel()) / symbols.size, CHANCE, atol=0.005)
