"""Results of the part on series: errors, accuracies and sentences against numpy and torch."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from lab.core.events import Evaluated, Framed
from lab.core.lesson import Context
from lab.data.series import sunspots
from lab.topics.rnn.series_results import Added, Copied, Forecast
from lab.topics.rnn.series_tasks import naive_free, naive_one_step, network_of, task_of
from tests.topics.series_runs import chosen, ran


def test_forecasts_that_cost_nothing_are_shifted_values():
    series = sunspots()
    one_step, free = naive_one_step(series), naive_free(series, 30)
    values, cut = series.values, 247
    for place in range(62):
        assert one_step["last value"][place] == values[cut + place - 1]
        assert one_step["one season ago"][place] == values[cut + place - 11]
    for ahead in range(30):
        assert free["last value"][ahead] == values[cut - 1]
        assert free["one season ago"][ahead] == values[cut - 11 + ahead % 11]


def test_the_table_holds_root_mean_squared_errors_and_their_median():
    _events, result = ran(chosen(series_networks=3, series_horizon=20))
    table = result.table().set_index("forecast")
    ahead = np.sqrt(np.mean((result.one_step - result.truth) ** 2, axis=1))
    free = np.sqrt(np.mean((result.free - result.truth[:20]) ** 2, axis=1))
    for column, errors in (("one step ahead", ahead), ("running free", free)):
        np.testing.assert_allclose(table[column].to_numpy()[:3], errors)
        assert table.loc["networks, median", column] == pytest.approx(np.median(errors))
    last = np.sqrt(np.mean((sunspots().values[246:-1] - result.truth) ** 2))
    assert table.loc["last value", "one step ahead"] == pytest.approx(last)
    said = result.said_table()
    np.testing.assert_array_equal(said["truth"], result.truth)
    np.testing.assert_array_equal(said["network 2, one step ahead"], result.one_step[1])
    np.testing.assert_array_equal(said["network 3, running free"].to_numpy()[:20], result.free[2])
    assert said["network 3, running free"][20:].isna().all()


@pytest.mark.parametrize(
    ("error", "said"),
    [(0.5, "worth having."), (1.0, "no better."), (2.0, "not worth having."), (math.nan, "diverged.")],
)
def test_whether_the_network_is_worth_having_is_said_plainly(error, said):
    series = sunspots()
    truth, last = series.values[247:], series.values[246:-1]
    one_step = (truth + error * (last - truth))[None].repeat(3, axis=0)
    one = Forecast(series, one_step, one_step[:, :10], {"last value": last}, {"last value": last[:10]})
    assert [sentence.endswith(said) for sentence in one.verdict()] == [True, True]


def test_copied_symbols_are_counted_one_by_one():
    settings = chosen(series_task="copying", series_delay=2, series_networks=2)
    events, result = ran(settings)
    assert isinstance(result, Copied)
    task = task_of(settings, Context())
    frame = [event for event in events if isinstance(event, Framed)][-1]
    inputs, labels = task.test_measured
    for number in range(2):
        network = network_of(settings, task, 0)
        nn.utils.vector_to_parameters(torch.tensor(frame.parameters[number]), network.parameters())
        with torch.no_grad():
            scores = network(inputs)[0][2:]
        right = (scores.argmax(-1) == labels).numpy()
        by_symbol = [right[labels.numpy() == symbol].mean() for symbol in range(4)]
        np.testing.assert_allclose(result.accuracy[number], by_symbol)
        shares = torch.softmax(scores[:, 0].double(), -1).numpy()
        np.testing.assert_allclose(result.probabilities[number], shares, atol=1e-6)
        last = next(event for event in reversed(events) if isinstance(event, Evaluated))
        assert last.scores["test_accuracy"][number] == pytest.approx(right.mean())
    assert task.naive["guessing"] == pytest.approx(math.log(4))


def test_added_numbers_are_judged_by_their_squared_error():
    settings = chosen(series_task="adding", series_delay=2)
    events, result = ran(settings)
    assert isinstance(result, Added)
    last = next(event for event in reversed(events) if isinstance(event, Evaluated))
    expected = np.mean((result.answers - result.sums) ** 2, axis=1)
    np.testing.assert_allclose(result.errors(), expected, rtol=1e-5)
    np.testing.assert_allclose(last.scores["test_loss"], expected, rtol=1e-5)
    assert task_of(settings, Context()).naive["always 1"] == pytest.approx(1 / 6)
