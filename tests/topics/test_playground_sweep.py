"""A sweep tells of each value what a run with that value tells, and its picture only what it knows."""

import re
from typing import Any

import numpy as np
import pytest

from lab.core.events import Diverged, Done, Evaluated, Finished, Started, Stepped
from lab.core.lesson import Context
from lab.topics.playground.settings import Display, Settings
from lab.topics.playground.sweep import KNOBS, VALUES, SweepSettings, at, sweep, sweep_seconds, sweep_stage
from lab.topics.playground.train import seconds, train

QUICK = {"epochs": 3, "networks": 2, "batch_size": 30}
EACH_KNOB = pytest.mark.parametrize("knob", KNOBS)


def swept(**values: Any):
    settings = SweepSettings.checked(QUICK | values)
    told = list(sweep(settings, Context()))
    done, events = told[-1], [event for event in told if not isinstance(event, Done)]
    assert isinstance(done, Done)
    return settings, events, done.result


def plain(settings):
    """Return the last scores and the divergences of a plain run."""
    *events, _done = train(settings, Context())
    last = [event for event in events if isinstance(event, Evaluated)][-1]
    steps = np.full(settings.networks, -1)
    for event in events:
        if isinstance(event, Diverged):
            steps[event.network] = event.step
    return last, steps


def assert_equal_to_plain_runs(settings, result):
    for row, value in enumerate(result.values):
        last, steps = plain(at(settings, value))
        assert last.epoch == settings.epochs
        for name, scores in last.scores.items():
            np.testing.assert_array_equal(result.scores[name][row], scores, err_msg=f"{name} at {value}")
        np.testing.assert_array_equal(result.steps[row], steps)


@EACH_KNOB
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"data": "spiral3", "loss": "cross_entropy", "optimizer": "adam", "dropout": 0.2, "hidden": (3,)},
        {"data": "plane", "optimizer": "adamw", "l2": 0.1, "hidden": (), "seed": 9},
    ],
    ids=["default", "classes", "values"],
)
def test_scores_are_those_of_plain_runs_to_the_last_bit(knob, values):
    settings, _events, result = swept(knob=knob, **values)
    assert_equal_to_plain_runs(settings, result)


WILD = {"data": "plane", "activation": "relu", "features": ("x1^2", "x2^2"), "epochs": 12, "networks": 3}


def test_networks_that_diverge_do_so_at_the_step_of_the_plain_run_and_end_no_other():
    settings, events, result = swept(**WILD, hidden=(2,), stop_target=1.0, stop_plateau=5)
    lost = result.steps >= 0
    assert lost.any()
    assert not lost.all()
    np.testing.assert_array_equal(lost, ~np.isfinite(result.scores["test_loss"]))
    assert_equal_to_plain_runs(settings, result)
    told = {event.network: event.step for event in events if isinstance(event, Diverged)}
    flat = result.steps.ravel()
    assert told == {network: step for network, step in enumerate(flat.tolist()) if step >= 0}


@EACH_KNOB
def test_a_value_of_the_knob_is_all_that_differs(knob):
    settings = SweepSettings(knob=knob, edits="5:0:3=1", batches=2, hidden=(3, 5), stop_target=0.1)
    fields = {"learning_rate": "learning_rate", "l2": "l2", "noise": "noise", "batch_size": "batch_size"}
    field = fields.get(knob, "hidden")
    free = {"edits": "", "batches": 0, "stop_target": 0.0, "stop_diverged": False}
    for value in VALUES[knob]:
        one = at(settings, value)
        assert type(one) is Settings
        expected = (value, value) if knob == "neurons" else value
        assert getattr(one, field) == expected
        same = Settings(hidden=(3, 5)).changed(**free, **{field: expected})
        assert one == same


def test_no_hidden_layer_becomes_one_when_neurons_are_swept():
    assert at(SweepSettings(knob="neurons", hidden=()), 6).hidden == (6,)


@EACH_KNOB
def test_the_table_has_a_row_for_each_value_and_network(knob):
    _settings, events, result = swept(knob=knob, epochs=1)
    rows = len(VALUES[knob])
    assert result.steps.shape == (rows, 2)
    table = result.table()
    assert len(table) == rows * 2
    assert list(table.columns) == [
        *("value", "network", "train_loss", "test_loss"),
        *("train_accuracy", "test_accuracy", "diverged_at_step"),
    ]
    for (value, network), row in table.set_index(["value", "network"]).iterrows():  # type: ignore[misc]
        place = result.values.index(value), int(network) - 1
        assert row["test_loss"] == result.scores["test_loss"][place]
        assert row["train_accuracy"] == result.scores["train_accuracy"][place]
        assert row["diverged_at_step"] == result.steps[place]
    assert events[0] == Started(1.0, rows * 2)
    assert events[-1] == Finished("epochs", 1.0)


@EACH_KNOB
def test_progress_only_grows_and_ends_at_one(knob):
    _settings, events, _result = swept(knob=knob, epochs=60, batch_size=1000, networks=1)
    shares = [event.share for event in events if isinstance(event, Stepped)]
    assert 20 <= len(shares) <= 130
    assert shares == sorted(set(shares))
    assert shares[0] > 0
    assert shares[-1] == pytest.approx(1, abs=0.05)


def test_a_sweep_of_no_epochs_shows_the_first_weights():
    settings, _events, result = swept(epochs=0)
    assert_equal_to_plain_runs(settings, result)
    assert (result.scores["test_loss"] == result.scores["test_loss"][0]).all()


@pytest.mark.parametrize("values", [{"knob": knob} for knob in KNOBS] + [WILD])
def test_the_picture_names_the_value_with_the_least_median_and_those_that_diverge(values):
    settings, events, result = swept(**values)
    (panel,) = sweep_stage(settings, Display(), Context(), events).panels
    losses = result.scores["test_loss"]
    medians = [float(np.median(np.nan_to_num(row, nan=np.inf))) for row in losses]
    best = re.search(r"least at ([\d.e-]+)\.", panel.alt)
    assert best is not None
    assert float(best[1]) == result.values[int(np.argmin(medians))]
    lost = [value for value, row in zip(result.values, losses, strict=True) if np.isnan(row).any()]
    named = re.search(r"Networks diverge at (.*)\.$", panel.alt)
    assert (list(map(float, named[1].split(", "))) if named else []) == lost
    train_line, test_line, crosses = panel.figure.data
    for line, name in ((train_line, "train_loss"), (test_line, "test_loss")):
        wanted = np.median(np.nan_to_num(result.scores[name], nan=np.inf), axis=1)
        np.testing.assert_allclose(line.y, np.where(np.isinf(wanted), np.nan, wanted))
    assert list(map(float, crosses.x)) == lost


def test_where_every_network_diverges_no_value_is_called_the_best():
    settings, events, result = swept(**WILD | {"epochs": 30}, knob="l2", learning_rate=10.0)
    assert (result.steps >= 0).all()
    (panel,) = sweep_stage(settings, Display(), Context(), events).panels
    assert "the median test loss is not a number anywhere. Networks diverge at 0, 0.001" in panel.alt
    assert "least" not in panel.alt


@EACH_KNOB
def test_the_estimate_is_the_sum_of_the_runs(knob):
    settings = SweepSettings(knob=knob)
    runs = [at(settings, value) for value in VALUES[knob]]
    assert sweep_seconds(settings) == pytest.approx(sum(map(seconds, runs)))
