"""A run of the Playground goes on as if it had never stopped, also with weights set by hand."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lab.core.errors import SettingError
from lab.core.events import Diverged, Done
from lab.core.lesson import Context
from lab.topics.playground.settings import Settings
from lab.topics.playground.train import resumes, train
from lab.training.supervised import Edit
from tests.contract.test_experiments import assert_equal


def told(chosen, earlier=None):
    *events, done = train(chosen, Context(earlier=earlier))
    assert isinstance(done, Done)
    return events, done.result


@given(
    first=st.integers(0, 30),
    begun=st.integers(0, 6),
    steps=st.lists(st.tuples(st.sampled_from(["epochs", "batches"]), st.integers(1, 9)), max_size=8),
)
def test_going_on_counts_batches_as_a_clock_counts_minutes(first, begun, steps):
    chosen, batches = Settings(epochs=first, batches=begun), first * 7 + begun
    for kind, count in steps:
        chosen = chosen.further(**{kind: count}, per_epoch=7)
        batches = (batches // 7 + count) * 7 if kind == "epochs" else batches + count
        assert (chosen.epochs, chosen.batches) == divmod(batches, 7)


def test_going_on_ends_at_the_most_epochs():
    last = Settings(epochs=1999).further(epochs=100, per_epoch=7)
    assert (last.epochs, last.batches) == (2000, 0)
    assert last.further(batches=3, per_epoch=7) == last


def test_only_what_changes_nothing_of_the_first_weights_and_steps_keeps_the_network():
    plain = Settings(edits="5:0:1=0.5", epochs=10)
    for free in ({"epochs": 99}, {"batches": 3}, {"edits": ""}):
        assert plain.same_network(plain.changed(**free))
    others = {"seed": 2, "hidden": (4,), "learning_rate": 0.1, "data": "xor", "networks": 9, "l2": 0.1}
    for name, value in others.items():
        assert not plain.same_network(plain.changed(**{name: value}))


def test_the_last_edit_of_a_weight_counts():
    chosen = Settings().edited(Edit(5, 0, 3, 1.0)).edited(Edit(5, 1, 3, 2.0)).edited(Edit(5, 0, 3, -0.25))
    assert chosen.edits == "5:1:3=2,5:0:3=-0.25"
    assert chosen.hand_edits() == (Edit(5, 1, 3, 2.0), Edit(5, 0, 3, -0.25))


@given(st.floats(-999_999, 999_999))
def test_a_weight_set_by_hand_is_kept_to_eight_decimals(value):
    (edit,) = Settings().edited(Edit(5, 0, 3, value)).hand_edits()
    assert edit.value == pytest.approx(value, abs=6e-9, rel=1e-12)


@pytest.mark.parametrize("value", [1e6, math.nan, -math.inf, 1e308])
def test_a_weight_that_is_no_decent_number_is_refused(value):
    with pytest.raises(SettingError, match="Weights set by hand"):
        Settings().edited(Edit(5, 0, 3, value))


@pytest.mark.parametrize("edits", ["0:2:0=1", "0:0:25=1", "0:99:9999=1"])
def test_a_weight_of_no_network_is_refused(edits):
    with pytest.raises(SettingError, match="weights of this network"):
        next(train(Settings(networks=2, edits=edits), Context()))


EDITS = st.lists(
    st.builds(
        "{}:{}:{}={}".format, st.integers(0, 9), st.integers(0, 1), st.integers(0, 8), st.integers(-2, 2)
    ),
    max_size=2,
    unique_by=lambda edit: edit.partition("=")[0],
).map(",".join)
ENDS = st.fixed_dictionaries({"epochs": st.integers(0, 9), "batches": st.integers(0, 5), "edits": EDITS})
SAME = st.fixed_dictionaries(
    {
        "data": st.sampled_from(["circle", "xor", "plane"]),
        "optimizer": st.sampled_from(["sgd", "nesterov", "rmsprop", "adam", "adamw"]),
        "learning_rate": st.sampled_from([0.003, 0.1, 10.0]),
        "dropout": st.sampled_from([0.0, 0.5]),
        "batch_size": st.sampled_from([30, 100, 1000]),
        "shuffle": st.booleans(),
        "stop_target": st.sampled_from([0.0, 0.5, 0.1]),
        "stop_plateau": st.sampled_from([0, 5]),
        "stop_diverged": st.booleans(),
    }
)
PAIRS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@given(same=SAME, first=ENDS, then=ENDS, keep=st.booleans())
@PAIRS
def test_a_run_that_can_be_taken_up_ends_as_a_fresh_one_to_the_last_bit(same, first, then, keep):
    if keep:
        then = then | {"epochs": max(first["epochs"], then["epochs"]), "edits": first["edits"]}
    one, other = (Settings(hidden=(2,), networks=2, **same, **ends) for ends in (first, then))
    assert resumes(one, other) or not keep
    assume(resumes(one, other))
    fresh, result = told(other)
    resumed, again = told(other, earlier=told(one)[1])
    assert_equal(resumed, fresh)
    assert again.epoch == result.epoch
    for name, array in result.state.items():
        np.testing.assert_array_equal(again.state[name], array)


def test_a_network_that_diverged_before_is_not_told_of_twice():
    wild = Settings(data="plane", activation="linear", features=("x1^2",), networks=6, learning_rate=0.1)
    one, other = (wild.changed(epochs=epochs, stop_diverged=False) for epochs in (6, 12))
    told_once, earlier = told(one)
    assert any(isinstance(event, Diverged) for event in told_once)
    assert_equal(told(other, earlier)[0], told(other)[0])


@pytest.mark.parametrize(
    ("earlier", "later", "can"),
    [
        ({}, {"epochs": 300}, True),
        ({}, {"batches": 3}, True),
        ({"batches": 3}, {"epochs": 200}, True),
        ({}, {"epochs": 199}, False),
        ({}, {"seed": 2}, False),
        ({}, {"edits": "200:0:3=1"}, True),
        ({}, {"edits": "199:0:3=1"}, False),
        ({"edits": "199:0:3=1"}, {"edits": "199:0:3=2"}, False),
        ({"edits": "200:0:3=1"}, {"edits": "200:0:3=2"}, True),
    ],
)
def test_which_runs_can_be_taken_up(earlier, later, can):
    assert resumes(Settings(**earlier), Settings(**later)) is can
