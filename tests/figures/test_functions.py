"""Figures of functions hold the very numbers they are given."""

from typing import Any

import numpy as np
import pytest

from lab.figures.functions import Mark, bands_figure, bars_figure, function_figure, ranges

X = np.linspace(-1, 1, 5)


def traces(chart) -> list[Any]:
    return list(chart.data)


def test_curves_marks_and_flat_ranges_are_drawn():
    flat = np.array([True, True, False, False, True])
    chart = function_figure(
        X, {"f": X**2}, x_title="z", y_title="a", marks=[Mark("now", 0.5, 0.25)], flat=flat
    )
    curve, red, point = traces(chart)
    np.testing.assert_allclose(curve.y, X**2)
    np.testing.assert_array_equal(np.isfinite(red.y), flat)
    assert (point.x[0], point.y[0], point.name) == (0.5, 0.25, "now")
    plain = function_figure(X, {"f": X}, x_title="z", y_title="a", flat=np.zeros(5, bool))
    assert len(traces(plain)) == 1


def test_bands_are_percentiles_of_each_part():
    values = np.arange(1.0, 12.0)[None].repeat(3, axis=0)
    chart = bands_figure(np.arange(3.0), {"one": values}, x_title="layer", y_title="mean")
    ribbon, line = traces(chart)
    np.testing.assert_allclose(line.y, 6)
    np.testing.assert_allclose(ribbon.y, [10, 10, 10, 2, 2, 2])


@pytest.mark.parametrize("top", [1.0, 5.0, 1e-40, 1e30])
def test_logarithmic_axes_leave_zeros_out_and_stay_readable(top):
    values = np.array([[0.0, 0.0], [1.0, 1.0], [top, top]])
    chart = bands_figure(np.arange(3.0), {"one": values}, x_title="layer", y_title="size", log=True)
    assert np.isnan(traces(chart)[1].y[0])
    tick = chart.to_dict()["layout"]["yaxis"]["dtick"]
    decades = abs(np.log10(top))
    assert tick == "D2" if decades < 2 else decades / tick <= 6


def test_bars_are_medians_with_their_spread():
    values = np.arange(1.0, 12.0)[None]
    (bar,) = traces(bars_figure(["a"], {"one": values}, x_title="task", y_title="share"))
    assert (bar.y[0], bar.error_y.array[0], bar.error_y.arrayminus[0]) == (6, 4, 4)
    (single,) = traces(bars_figure(["a"], {"one": values[:, :1]}, x_title="task", y_title="share"))
    assert single.error_y.array is None


def test_ranges_cover_all_or_nothing():
    assert ranges(X, np.ones(5, bool)) == [(-1.0, 1.0)]
    assert ranges(X, np.zeros(5, bool)) == []
