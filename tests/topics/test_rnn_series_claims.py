"""Every claim in the texts on series and on cost, asserted on the run it speaks of."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from lab.core.events import Diverged, Done, Evaluated
from lab.core.lesson import Context
from lab.data.series import co2, sunspots
from lab.models.recurrent import parameter_count
from lab.topics.rnn.cost import measured, network_of, step_of
from lab.topics.rnn.cost_settings import FORMS, CostSettings
from lab.topics.rnn.series import train
from lab.topics.rnn.series_settings import SeriesSettings
from lab.topics.rnn.series_tasks import MEASURED, PER_EPOCH, SEQUENCES


@cache
def told(json):
    *events, done = train(SeriesSettings.model_validate_json(json), Context())
    assert isinstance(done, Done)
    return events, done.result


def run(**values) -> tuple[list[Any], Any]:
    return told(SeriesSettings(**values).key())


def errors(column="one step ahead", **values):
    """Return the root mean squared errors by name."""
    table = run(**values)[1].table().set_index("forecast")
    return table[column]


@pytest.mark.parametrize("seed", [1, 2])
def test_sunspots_are_worth_a_network(seed):
    found = errors(series_seed=seed)
    assert 18 < found["networks, median"] < 22.5
    assert found["last value"] == pytest.approx(33, abs=0.5)
    assert found["one season ago"] == pytest.approx(38, abs=0.5)


def test_running_free_keeps_the_rhythm_of_the_cycles_and_misses_their_heights():
    result = run()[1]
    free, truth = result.free, result.truth[:50]
    for row in free:
        strength = np.abs(np.fft.rfft(row - row.mean(), 500))
        assert 500 / strength.argmax() == pytest.approx(11, abs=1.5)
        assert row.max() < 0.85 * truth.max()


def test_a_trend_is_missed_by_values_and_met_by_changes():
    series = co2(weekly=False)
    assert series.values[series.cut :].min() > 0.98 * series.values[: series.cut].max()
    assert np.median(series.values[series.cut :]) > series.values[: series.cut].max()
    plain = errors(series_task="co2")
    assert plain["networks, median"] > 2 * plain["last value"]
    changes = errors(series_task="co2", series_difference=True)
    assert changes["networks, median"] < changes["last value"] / 3
    result = run(series_task="co2")[1]
    assert (result.one_step < result.truth).mean() > 0.9  # the forecasts stay behind


def test_a_noisy_wave_is_not_worth_a_network():
    ahead, free = (errors(column, series_task="sine") for column in ("one step ahead", "running free"))
    assert 0.09 < ahead["networks, median"] < 0.125
    assert ahead["one season ago"] == pytest.approx(0.1 * 2**0.5, rel=0.1)
    assert free["one season ago"] < free["networks, median"]
    assert (ahead > 0.09).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "adds"), [({}, True), ({"series_cell": "rnn"}, False), ({"series_truncation": 5}, False)]
)
def test_adding_needs_an_lstm_and_gradients_that_reach_the_marks(values, adds):
    result = run(series_task="adding", series_epochs=50, **values)[1]
    share = np.median(result.errors()) * 6
    assert share < 0.1 if adds else share > 0.95
    if not adds:  # about 1, whatever was read
        assert (np.abs(result.answers.mean(axis=1) - 1) < 0.15).all()
        assert (result.answers.std(axis=1) < 0.5 * result.sums.std()).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ({}, 0.98, 1),
        ({"series_delay": 10, "series_cell": "rnn"}, 0.85, 1),
        ({"series_delay": 10}, 0.3, 0.8),
    ],
)
def test_copying_far_is_easier_for_the_vanilla_cell(values, low, high):
    reached = np.median(run(series_task="copying", **values)[1].accuracy.mean(axis=1))
    assert low < reached <= high


EXPLODING = {"series_cell": "rnn", "series_optimizer": "sgd", "series_rate": 3.0}


def test_a_gradient_explodes_unless_it_is_clipped():
    events, _result = run(**EXPLODING, series_clip=0.0)
    assert {event.network for event in events if isinstance(event, Diverged)} == {0, 1, 2}
    events, result = run(**EXPLODING, series_clip=0.1)
    assert not [event for event in events if isinstance(event, Diverged)]
    assert np.isfinite(result.one_step).all()
    losses = [event.scores["train_loss"] for event in events if isinstance(event, Evaluated)]
    assert np.isfinite(losses).all()


def test_the_numbers_of_the_text():
    assert sunspots().cut / len(sunspots().values) == pytest.approx(0.8, abs=0.005)
    assert (PER_EPOCH, SEQUENCES, MEASURED) == (1024, 512, 200)


def test_a_batch_of_one_wastes_time_in_every_form():
    one, thirty = CostSettings(cost_batch=1), CostSettings()
    for form in FORMS:
        steps = [step_of(network_of(form, settings), settings) for settings in (one, thirty)]
        times = np.array([[measured(step) for step in steps] for _round in range(5)])[2:]
        speeds = np.array([50, 50 * 30]) / np.median(times, axis=0)
        assert speeds[0] < speeds[1] / 5, form


def test_parameters_grow_as_the_text_says():
    def cells(cell, hidden, inputs=1):
        return parameter_count(cell, inputs=inputs, hidden=hidden, layers=1, outputs=1) - hidden - 1

    for cell, times in (("rnn", 1), ("gru", 3), ("lstm", 4)):
        assert cells(cell, 50, 7) == times * 50 * (7 + 50 + 2)
        assert 3.5 < cells(cell, 100) / cells(cell, 50) < 4
    assert cells("gru", 50) / cells("lstm", 50) == 0.75
