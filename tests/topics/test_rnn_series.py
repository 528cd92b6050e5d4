"""Series: training against a plain loop, errors against numpy, forecasts blind to the future."""

import math

import numpy as np
import orjson
import pytest
import torch
from torch import nn

from lab.core.errors import LabError
from lab.core.events import Diverged, Evaluated, Finished, Framed, Started
from lab.core.lesson import Context
from lab.data.series import scaled, sunspots
from lab.data.tables import table_key
from lab.topics.rnn.series import MOST_SECONDS, frames_of, planned_epochs, step_seconds, train
from lab.topics.rnn.series_outcome import free_running, outcome
from lab.topics.rnn.series_results import Forecast
from lab.topics.rnn.series_settings import APPLIES, TASKS, SeriesDisplay, SeriesSettings
from lab.topics.rnn.series_stage import stage
from lab.topics.rnn.series_tasks import network_of, task_of
from tests.topics.series_runs import SMALL, chosen, ran, walk, with_series


@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_shuffled_future_leaves_training_and_the_free_forecast_as_they_are(cell, difference):
    values, other = walk(), walk()
    cut = int(0.8 * len(values))
    np.random.default_rng(1).shuffle(other[cut:])
    assert not np.array_equal(values[cut:], other[cut:])
    both = [
        ran(*with_series(one, series_cell=cell, series_difference=difference, series_horizon=24))
        for one in (values, other)
    ]
    frames = [[event for event in events if isinstance(event, Framed)] for events, _result in both]
    for one, two in zip(*frames, strict=True):
        np.testing.assert_array_equal(one.parameters, two.parameters)
    np.testing.assert_array_equal(both[0][1].free, both[1][1].free)
    np.testing.assert_array_equal(both[0][1].one_step[:, 0], both[1][1].one_step[:, 0])
    assert not np.array_equal(both[0][1].one_step, both[1][1].one_step)


@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("place", [0, 5, 22])
def test_a_later_value_changes_no_earlier_forecast(place, difference):
    values = walk()
    cut = int(0.8 * len(values))
    other = values.copy()
    other[cut + place :] += 5
    one, two = (ran(*with_series(series, series_difference=difference))[1] for series in (values, other))
    np.testing.assert_array_equal(one.one_step[:, : place + 1], two.one_step[:, : place + 1])
    assert not np.array_equal(one.one_step[:, place + 1 :], two.one_step[:, place + 1 :])
    for name, forecast in one.naive_one_step.items():
        np.testing.assert_array_equal(forecast[: place + 1], two.naive_one_step[name][: place + 1])


def test_training_is_that_of_a_plain_loop_over_torchs_lstm():
    settings = chosen(series_clip=0.5, series_epochs=3)
    _events, result = ran(settings)
    first = network_of(settings, task_of(settings, Context()), 0)
    cell, output = nn.LSTM(1, 8), nn.Linear(8, 1)
    cell.load_state_dict(first.cell.state_dict())
    output.load_state_dict(first.output.state_dict())
    parameters = [*cell.parameters(), *output.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    values = torch.tensor(sunspots().values[:247], dtype=torch.float32)
    values = (values - values.mean()) / values.std(unbiased=False)
    order = torch.Generator().manual_seed(1)
    for _epoch in range(3):
        for batch in torch.randperm(235, generator=order).split(30):
            windows = torch.stack([values[place : place + 12] for place in batch], dim=1)[..., None]
            loss = (output(cell(windows)[0][-1])[:, 0] - values[batch + 12]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 0.5)
            optimizer.step()
    whole = scaled(sunspots(), difference=False)
    windows = torch.from_numpy(whole.windows(12, 247, 309))[..., None]
    with torch.no_grad():
        said = output(cell(windows)[0][-1])[:, 0].numpy()
    np.testing.assert_allclose(result.one_step[0], said * whole.spread + whole.mean, atol=0.01)


@pytest.mark.parametrize("task", ["sunspots", "co2"])
@pytest.mark.parametrize("difference", [False, True])
def test_the_measured_loss_is_the_squared_error_of_the_forecasts(task, difference):
    settings = chosen(series_task=task, series_difference=difference, series_networks=2)
    events, result = ran(settings)
    last = next(event for event in reversed(events) if isinstance(event, Evaluated))
    spread = scaled(result.series, difference=difference).spread
    expected = np.mean((result.one_step - result.truth) ** 2, axis=1) / spread**2
    np.testing.assert_allclose(last.scores["test_loss"], expected, rtol=1e-4)
    naive = task_of(settings, Context()).naive
    for name, forecast in result.naive_one_step.items():
        assert naive[name] == pytest.approx(np.mean((forecast - result.truth) ** 2) / spread**2)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_running_free_is_reading_ones_own_forecasts_after_the_past(cell, layers):
    settings = chosen(series_cell=cell, series_layers=layers)
    network = network_of(settings, task_of(settings, Context()), 0)
    past = torch.randn(12, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        said = free_running(network, past, 15)
        read = past.clone()
        for forecast in said:
            again = network(read[:, None, None])[0][-1].item()
            assert forecast == pytest.approx(again, abs=1e-6)
            read = torch.cat([read, torch.tensor([again])])


def test_a_free_forecast_of_changes_is_summed_up_from_the_last_training_value():
    settings = chosen(series_difference=True, series_horizon=20)
    _events, result = ran(settings)
    one = scaled(sunspots(), difference=True)
    network = network_of(settings, task_of(settings, Context()), 0)
    frame = [event for event in _events if isinstance(event, Framed)][-1]
    with torch.no_grad():
        nn.utils.vector_to_parameters(torch.tensor(frame.parameters[0]), network.parameters())
        standard = free_running(network, torch.from_numpy(one.numbers[one.cut - 12 : one.cut]), 20)
    level = sunspots().values[246]
    for forecast, change in zip(result.free[0], standard, strict=True):
        level += one.mean + one.spread * float(change)
        assert forecast == pytest.approx(level, rel=1e-6)


def test_train_and_test_sequences_of_a_memory_task_are_different_draws():
    task = task_of(chosen(series_task="adding"), Context())
    train_inputs, test_inputs = task.train[0], task.test_measured[0]
    seen = {tuple(row.tolist()) for row in train_inputs[..., 0].T}
    assert not seen & {tuple(row.tolist()) for row in test_inputs[..., 0].T}


def test_an_overflow_is_told_and_the_others_go_on():
    settings = chosen(series_optimizer="sgd", series_rate=10, series_clip=0, series_cell="rnn")
    events, result = ran(settings)
    (fall,) = [event for event in events if isinstance(event, Diverged)]
    assert (fall.network, fall.step) > (-1, 1)
    assert events[-1] == Finished("diverged", events[-1].epoch)
    last = next(event for event in reversed(events) if isinstance(event, Evaluated))
    assert np.isnan(last.scores["test_loss"]).all()
    assert np.isnan(result.one_step).all()
    assert result.verdict()[0] == "One step ahead the networks diverged."
    shown = stage(settings, SeriesDisplay(), Context(), events, result)
    assert f"Network 1 diverged: its loss overflowed in step {fall.step}." in shown.notes
    assert all(orjson.dumps(panel.figure.to_dict()) for panel in shown.panels)
    assert "diverged" in [trace.name for panel in shown.panels for trace in panel.figure.data]


def test_events_begin_at_once_and_come_often():
    events, _result = ran(chosen(series_epochs=10))
    assert events[0] == Started(10.0, 1)
    epochs = [event.epoch for event in events if isinstance(event, Evaluated)]
    assert epochs[0] == 0
    assert epochs[-1] == 10
    assert (np.diff(epochs) > 0).all()
    assert 12 <= len(epochs) <= 66
    assert 2 <= len([event for event in events if isinstance(event, Framed)]) <= 12


@pytest.mark.parametrize("task", [task for task in TASKS if task != "csv"])
def test_a_picture_is_there_before_the_run_is_over(task):
    settings = chosen(series_task=task, series_networks=2)
    events, result = ran(settings)
    early = stage(settings, SeriesDisplay(series_shown=2), Context(), events[:4])
    late = stage(settings, SeriesDisplay(series_shown=2), Context(), events, result)
    assert [panel.id for panel in early.panels] == [panel.id for panel in late.panels]
    assert all(orjson.dumps(panel.figure.to_dict()) for panel in (*early.panels, *late.panels))
    assert not early.notes
    assert late.notes == result.verdict()


def test_the_outcome_of_the_last_frame_is_the_result():
    settings = chosen(series_networks=2)
    events, result = ran(settings)
    frame = [event for event in events if isinstance(event, Framed)][-1]
    again = outcome(settings, Context(), frame.parameters)
    assert isinstance(again, Forecast)
    np.testing.assert_array_equal(again.one_step, result.one_step)


def test_fewer_epochs_are_trained_than_a_core_can_do_in_time_and_the_page_says_so():
    heavy = SeriesSettings(
        series_cell="gru", series_hidden=64, series_layers=2, series_length=60, series_epochs=100
    )
    epochs = planned_epochs(heavy, 1024)
    batches = math.ceil(1024 / heavy.series_batch)
    assert 1 <= epochs < 100
    assert 3 * epochs * batches * step_seconds(heavy) <= MOST_SECONDS
    assert planned_epochs(SeriesSettings(), 223) == SeriesSettings().series_epochs
    told = [Evaluated(0.0, {name: np.ones(3) for name in ("train_loss", "test_loss", "gradient_norm")})]
    task = task_of(heavy, Context())
    vector = nn.utils.parameters_to_vector(network_of(heavy, task, 0).parameters())
    frame = Framed(0.0, vector.detach().numpy()[None].repeat(3, axis=0))
    (note,) = stage(heavy, SeriesDisplay(), Context(), [Started(1.0, 3), *told, frame]).notes
    epochs = planned_epochs(heavy, task.per_epoch)
    assert note == f"{epochs} of 100 epochs: more would take longer than 18 s on a current core."


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"series_task": "csv", "series_file": "0" * 64}, "Uploaded series: expected a file of this visit"),
        ({"series_task": "csv"}, "Uploaded series: expected a file of this visit"),
    ],
)
def test_a_missing_file_is_one_sentence(values, said):
    with pytest.raises(LabError, match=said):
        list(train(chosen(**values), Context()))


def test_a_series_too_short_for_the_sequences_is_one_sentence():
    with pytest.raises(
        LabError, match="Sequence length: expected at most 16 steps for a series of 30, got 20"
    ):
        ran(*with_series(walk(30), series_length=20))
    ran(*with_series(walk(30), series_length=16))


def test_a_delay_must_leave_room():
    with pytest.raises(LabError, match="Delay: expected at most 10 steps, for sequences of 12, got 11"):
        SeriesSettings.checked({**SMALL, "series_task": "copying", "series_delay": 11})
    assert SeriesSettings.checked({**SMALL, "series_delay": 58}).series_delay == 58  # not used by sunspots


def test_every_setting_that_depends_on_the_task_names_tasks():
    assert set(APPLIES) < set(SeriesSettings.model_fields)
    assert all(set(tasks) < set(TASKS) for tasks in APPLIES.values())


def test_the_chosen_column_of_a_file_is_forecast():
    columns = np.stack([walk(), walk(seed=1), walk(seed=2)], axis=1)
    raw = "\n".join(["a,b,c", *(",".join(map(repr, row)) for row in columns.tolist())]).encode()
    context = Context(files={table_key(raw): raw})
    for column, place in (("a", 0), ("b", 1), ("", 2)):
        settings = chosen(series_task="csv", series_file=table_key(raw), series_column=column)
        np.testing.assert_array_equal(ran(settings, context)[1].series.values, columns[:, place])
    with pytest.raises(LabError, match="Column of my series: expected one of a, b, c, got 'd'"):
        ran(chosen(series_task="csv", series_file=table_key(raw), series_column="d"), context)


def test_frames_come_about_every_second_and_fewer_of_large_networks():
    long = SeriesSettings(series_epochs=100)
    whole = 3 * 800 * step_seconds(long)
    assert whole / frames_of(long, 800, 50_000) == pytest.approx(0.7, rel=0.1)
    assert frames_of(long, 800, 400_000) == 10
    assert frames_of(chosen(), 16, 5_000) == 6
