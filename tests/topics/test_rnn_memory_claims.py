"""What the texts on memory claim, asserted on the runs they speak of, for three seeds."""

from functools import cache

import numpy as np
import pytest

from lab.core.events import Diverged, Done
from lab.core.lesson import Context
from lab.data.memory_tasks import CONSTANT_ERROR
from lab.topics.rnn import memory_clip, memory_delay
from lab.topics.rnn.memory_back import back
from lab.topics.rnn.memory_settings import BackSettings, ClipSettings, DelaySettings

SEEDS = pytest.mark.parametrize("seed", [1, 2, 3])
TWO = pytest.mark.parametrize("seed", [1, 2])
"""Seeds of what takes seconds."""


def middle(seed, **values):
    """Return the median length of each state's gradient, by steps ago."""
    found = back(BackSettings(memory_back_seed=seed, **values))
    return {name: np.median(one, axis=1) for name, one in found.lengths.items()}


@SEEDS
def test_gradients_vanish_and_explode(seed):
    assert BackSettings().memory_back_length == 50
    assert middle(seed, memory_back_radius=0.5)["rnn"][49] < 1e-14
    assert middle(seed, memory_back_radius=1.5, memory_back_inputs=0.0)["rnn"][49] > 1e7
    assert middle(seed, memory_back_radius=1.5)["rnn"][49] < 1e5
    for size in (0.1, 0.5):
        assert middle(seed, memory_back_radius=3.0, memory_back_inputs=size)["rnn"][49] > 1000


@SEEDS
def test_gates_help_only_when_they_are_kept_open(seed):
    plain = middle(seed)
    assert all(plain[name][49] < plain["rnn"][49] / 1000 for name in ("lstm", "lstm_c", "gru"))
    kept = middle(seed, memory_back_keep=4.0)
    assert kept["gru"][49] > 1 / 3
    assert kept["lstm_c"][49] > kept["lstm_c"][0]


@cache
def clip(**values):
    *events, done = memory_clip.train(ClipSettings(**values), Context())
    lost = [event.network for event in events if isinstance(event, Diverged)]
    assert isinstance(done, Done)
    return [sum(network < 5 for network in lost), sum(network >= 5 for network in lost)], done.result


def late(told, name):
    """Return the median of the last fifty updates."""
    return np.median(told[name].to_numpy()[told["update"].to_numpy() > 250])


@SEEDS
def test_clipping_saves_networks_that_overflow(seed):
    (free, cut), told = clip(memory_clip_seed=seed)
    assert free == 5
    assert cut == 0
    assert np.nanmax(told["free length"]) > 1e9
    assert 10 < np.nanmax(told["clipped length"]) < 1000
    assert late(told, "clipped loss") < CONSTANT_ERROR


@SEEDS
def test_nothing_explodes_at_a_small_radius_nor_with_gates(seed):
    lost, told = clip(memory_clip_seed=seed, memory_clip_radius=0.8)
    assert lost == [0, 0]
    assert min(late(told, "free loss"), late(told, "clipped loss")) > 0.9 * CONSTANT_ERROR
    for cell in ("lstm", "gru")[: 2 if seed == 1 else 0]:
        assert clip(memory_clip_seed=seed, memory_clip_cell=cell)[0] == [0, 0]


@cache
def recall(**values):
    *_events, done = memory_delay.train(DelaySettings(**values), Context())
    assert isinstance(done, Done)
    return done.result


def right(found, kind, delay):
    return np.median(found.accuracy[kind][found.delays.index(delay)])


@SEEDS
def test_who_is_ahead(seed):
    found = recall(memory_delay_seed=seed)
    assert found.delays == (1, 2, 5, 10, 20)
    assert all(right(found, kind, delay) == 1 for kind in found.accuracy for delay in (1, 2, 5))
    assert right(found, "gru", 20) == 1
    assert right(found, "lstm", 20) < 0.5
    assert right(found, "rnn", 20) > 2 / 3


def test_the_lstm_remembers_with_its_forget_gate_open():
    reached = [right(recall(memory_delay_seed=seed, memory_delay_keep=3.0), "lstm", 20) for seed in (1, 2, 3)]
    assert np.median(reached) == 1
    assert min(reached) > 0.8


@TWO
def test_the_first_forget_gate_concerns_the_lstm_alone(seed):
    found = recall(memory_delay_seed=seed, memory_delay_keep=3.0)
    plain = recall(memory_delay_seed=seed)
    for kind in ("rnn", "gru"):
        np.testing.assert_array_equal(found.accuracy[kind], plain.accuracy[kind])
    half = recall(memory_delay_seed=seed, memory_delay_keep=0.0, memory_delay_longest=10)
    assert right(half, "lstm", 10) <= 0.5


@TWO
def test_distractors_are_harder(seed):
    found = recall(memory_delay_seed=seed, memory_delay_noise=True)
    assert max(right(found, "lstm", 20), right(found, "gru", 20)) < 0.35
    more = {"memory_delay_longest": 10, "memory_delay_updates": 200, "memory_delay_keep": 3.0}
    assert right(recall(memory_delay_seed=seed, memory_delay_noise=True, **more), "lstm", 10) == 1


@SEEDS
def test_who_remembers_keeps_its_colours(seed):
    states = recall(memory_delay_seed=seed).states["gru"]
    strong = np.abs(states[2]) > 0.5
    assert strong.sum() >= 2
    assert (np.sign(states[3:, strong]) == np.sign(states[2, strong])).mean() > 0.8


@SEEDS
def test_learning_opens_the_way_of_the_gradient(seed):
    reach = recall(memory_delay_seed=seed).reach
    assert len(reach["before"]["gru"]) == 21
    assert np.median(reach["before"]["gru"][20]) < 0.001
    assert np.median(reach["after"]["gru"][20]) > 0.5
