"""Curves draw the percentiles that numpy computes, and never hide a diverged network."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lab.figures.curves import band, history, sweep

LOSSES = arrays(np.float64, (5, 9), elements=st.floats(0, 100))


@given(LOSSES)
def test_the_band_is_numpys_percentiles(values):
    spread = band(values, np.inf)
    np.testing.assert_allclose(spread.median, np.median(values, axis=1))
    np.testing.assert_allclose(spread.low, np.percentile(values, 10, axis=1))
    np.testing.assert_allclose(spread.high, np.percentile(values, 90, axis=1))


def test_diverged_networks_count_as_worst():
    values = np.array([[1.0, 2.0, np.nan], [1.0, np.nan, np.nan]])
    spread = band(values, np.inf)
    assert spread.median[0] == 2.0
    assert np.isnan(spread.median[1])  # the median network has diverged: a gap, not a flattering number
    assert band(values, 0.0).median.tolist() == [1.0, 0.0]


def test_curves_have_titles_units_and_the_shown_network():
    values = np.array([[0.5, 0.6], [0.1, 0.3]])
    chart: Any = history(np.array([0.0, 10.0]), {"test": values}, y_title="Loss (nats)", shown=1)
    layout = chart.to_dict()["layout"]
    assert layout["xaxis"]["title"]["text"] == "Epoch"
    assert layout["yaxis"]["title"]["text"] == "Loss (nats)"
    lines = {trace.name: trace for trace in chart.data}
    np.testing.assert_allclose(lines["test, median"].y, [0.55, 0.2], rtol=1e-6)
    np.testing.assert_allclose(lines["test, network 2"].y, [0.6, 0.3], rtol=1e-6)


def test_the_ribbon_goes_up_p90_and_back_down_p10():
    values = np.linspace(0, 1, 22).reshape(2, 11)
    chart: Any = history(np.array([0.0, 1.0]), {"test": values}, y_title="Loss", shown=0)
    ribbon = next(trace for trace in chart.data if trace.fill == "toself")
    high, low = np.percentile(values, (90, 10), axis=1)
    np.testing.assert_allclose(ribbon.y, [*high, *low[::-1]], rtol=1e-6)


def test_the_sweep_marks_where_networks_diverge():
    losses = {"test": np.array([[0.2, 0.4, 0.3], [0.1, np.nan, np.nan]])}
    chart: Any = sweep(["0.1", "1"], losses, x_title="Learning rate", y_title="Loss")
    crosses = next(trace for trace in chart.data if trace.name == "diverged")
    assert list(crosses.x) == ["1"]
    assert list(crosses.text) == ["2"]
    np.testing.assert_allclose(chart.data[0].y[0], 0.3)
