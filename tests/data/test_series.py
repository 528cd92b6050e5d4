"""Series: closed forms of the waves, the real ones as their files have them, scaling blind to the future."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.data.packaged import packaged
from lab.data.series import PERIODS, Series, co2, co2_weeks, mixed, scaled, sine, sunspots


def test_a_sine_without_noise_is_the_formula():
    t = np.arange(600)
    np.testing.assert_allclose(sine(0, 1).values, np.sin(2 * np.pi * t / 25), atol=1e-12)
    expected = sum(height * np.sin(2 * np.pi * t / period) for period, height in PERIODS.items())
    np.testing.assert_allclose(mixed(0, 1).values, expected, atol=1e-12)


def test_the_highest_wave_is_the_stated_period():
    strength = np.abs(np.fft.rfft(mixed(0, 1).values))
    assert 600 / strength.argmax() == pytest.approx(mixed(0, 1).period, abs=0.5)


def test_noise_has_the_asked_spread_and_comes_from_the_seed():
    noise = sine(0.5, 3).values - sine(0, 3).values
    assert noise.std() == pytest.approx(0.5, rel=0.1)
    np.testing.assert_array_equal(sine(0.5, 3).values, sine(0.5, 3).values)
    assert not np.array_equal(sine(0.5, 3).values, sine(0.5, 4).values)


def test_sunspots_are_those_of_the_file():
    table = np.loadtxt(
        packaged("statsmodels", "datasets", "sunspots", "sunspots.csv"), delimiter=",", skiprows=1
    )
    np.testing.assert_array_equal(np.stack([sunspots().times, sunspots().values], axis=1), table)
    assert (table[0, 0], table[-1, 0], len(table)) == (1700, 2008, 309)


def test_the_sunspots_strongest_period_is_eleven_years():
    values = sunspots().values
    strength = np.abs(np.fft.rfft(values - values.mean()))
    assert len(values) / strength.argmax() == pytest.approx(sunspots().period, abs=0.5)


def test_carbon_dioxide_keeps_what_was_measured_and_fills_straight():
    weeks, weekly = co2_weeks(), co2(weekly=True)
    there = weeks.notna().to_numpy()
    assert (len(weeks), int((~there).sum())) == (2284, 59)
    np.testing.assert_array_equal(weekly.values[there], weeks.to_numpy()[there])
    filled = np.interp(np.flatnonzero(~there), np.flatnonzero(there), weeks.to_numpy()[there])
    np.testing.assert_allclose(weekly.values[~there], filled)
    assert np.flatnonzero(~there).max() + 1 < weekly.cut  # no gap is filled by a value of the test part


def test_a_month_is_the_mean_of_its_weeks_and_no_test_month_is_made_up():
    weeks, monthly = co2_weeks(), co2(weekly=False)
    assert len(monthly.values) == 526
    dates, values = pd.DatetimeIndex(weeks.index), weeks.to_numpy()
    month = np.asarray((dates.year - 1958) * 12 + dates.month - 3)
    for place in (*range(6), *range(monthly.cut - 1, 526)):
        mine = values[month == place]
        if not np.isnan(mine).all():  # June 1958 has no measurement
            assert monthly.values[place] == pytest.approx(np.nanmean(mine))
        assert place < monthly.cut or np.isfinite(mine).any()
    assert monthly.times[0] == pytest.approx(1958 + 59 / 365.25, abs=0.01)


@pytest.mark.parametrize(
    "one", [sine(0.1, 1), mixed(0.1, 1), sunspots(), co2(weekly=True), co2(weekly=False)]
)
def test_times_rise_and_nothing_is_missing(one):
    assert np.isfinite(one.values).all()
    assert (np.diff(one.times) > 0).all()
    assert len(one.values) == len(one.times)


@given(values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=30, max_size=80), difference=st.booleans())
@settings(max_examples=40, deadline=None)
def test_scaling_sees_the_training_part_alone_and_can_be_undone(values, difference):
    values = np.array(values)
    one = scaled(Series(values, np.arange(len(values)), 0, "v", "t"), difference=difference)
    other = values.copy()
    cut = one.series.cut
    other[cut:] = other[cut:][::-1]
    shuffled = scaled(Series(other, one.series.times, 0, "v", "t"), difference=difference)
    assert (one.mean, one.spread, one.cut) == (shuffled.mean, shuffled.spread, shuffled.cut)
    np.testing.assert_array_equal(one.numbers[: one.cut], shuffled.numbers[: one.cut])
    offset = int(difference)
    back = one.in_units(one.numbers, values[:-1] if difference else values)
    scale = np.abs(values).max() + one.spread * np.abs(one.numbers).max() + 1
    np.testing.assert_allclose(back, values[offset:], atol=1e-6 * scale)


def test_windows_are_what_stands_before_a_number():
    one = scaled(sunspots(), difference=False)
    windows = one.windows(24, one.cut, len(one.numbers))
    for column, place in enumerate(range(one.cut, len(one.numbers))):
        np.testing.assert_array_equal(windows[:, column], one.numbers[place - 24 : place])


def test_a_straight_line_has_changes_without_spread():
    line = Series(np.arange(50) * 0.1, np.arange(50.0), 0, "v", "t")
    assert scaled(line, difference=True).spread == 1.0
    assert np.isfinite(scaled(line, difference=True).numbers).all()
