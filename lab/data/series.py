"""Series over time: waves and two real ones; split by time, scaled by the past alone."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64

from lab.core.labels import _
from lab.data.packaged import packaged

TRAIN_SHARE = 0.8
WAVE_STEPS = 600
PERIODS = {20.0: 1.0, 7.3: 0.6, 53.0: 0.4}
"""Periods of the mixed waves in steps, and their heights; no two of them share a common period."""
SINE_PERIOD = 25


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Numbers at equal distances in time; the last fifth is the test part.

    Attributes:
        values: in their own unit.
        times: when, rising: years or steps.
        period: after how many steps the series repeats, roughly; 0 if that is not known.
        value_name: what is measured, with unit.
        time_name: what `times` counts.
        unit: of the values, as it stands after a number.
    """

    values: Float64[np.ndarray, " time"]
    times: Float64[np.ndarray, " time"]
    period: int
    value_name: str
    time_name: str
    unit: str = ""

    @property
    def cut(self) -> int:
        """Return how many values are the training part, the first 80 %.

        Example:
            >>> sunspots().cut, len(sunspots().values)
            (247, 309)
        """
        return int(len(self.values) * TRAIN_SHARE + 1e-9)


def sine(noise: float, seed: int) -> Series:
    """Return 600 steps of one sine wave of height 1 and period 25, with normal noise added."""
    steps = np.arange(WAVE_STEPS, dtype=np.float64)
    return _waves(np.sin(2 * np.pi * steps / SINE_PERIOD), SINE_PERIOD, noise, seed)


def mixed(noise: float, seed: int) -> Series:
    """Return 600 steps of three waves (`PERIODS`) with normal noise; the period is that of the highest."""
    steps = np.arange(WAVE_STEPS, dtype=np.float64)
    waves = sum(height * np.sin(2 * np.pi * steps / period) for period, height in PERIODS.items())
    return _waves(np.asarray(waves), 20, noise, seed)


def _waves(values: Float64[np.ndarray, " time"], period: int, noise: float, seed: int) -> Series:
    """Return waves with noise.

    Args:
        values: without noise.
        period: in steps.
        noise: standard deviation of what is added.
        seed: of the noise.
    """
    drawn = np.random.default_rng(seed).normal(0, 1, len(values))
    steps = np.arange(len(values), dtype=np.float64)
    return Series(values + noise * drawn, steps, period, _("Height (no unit)"), _("Step"))


@cache
def sunspots() -> Series:
    """Return the yearly mean number of sunspots from 1700 to 2008; a cycle takes about 11 years.

    Source: Royal Observatory of Belgium and NOAA's National Geophysical Data Center; statsmodels' copy.
    """
    table = pd.read_csv(packaged("statsmodels", "datasets", "sunspots", "sunspots.csv"))
    years, numbers = (table[name].to_numpy(np.float64) for name in ("YEAR", "SUNACTIVITY"))
    return Series(numbers, years, 11, _("Sunspots (yearly mean number)"), _("Year"), _("sunspots"))


@cache
def co2(weekly: bool) -> Series:
    """Return carbon dioxide in the air of Mauna Loa, March 1958 to December 2001.

    A monthly value is the mean of its weeks. Weeks and months without a measurement lie on the straight
    line between their neighbours; all of them are in the training part.

    Args:
        weekly: 2,284 weeks with a period of 52, or else 526 months with a period of 12.

    Source: Keeling and Whorf (2004), Carbon Dioxide Information Analysis Center; statsmodels' copy.
    """
    weeks = co2_weeks()
    measured = weeks if weekly else weeks.resample("MS").mean()
    dates = pd.DatetimeIndex(measured.index)
    times = np.asarray(dates.year + (dates.day_of_year - 1) / 365.25, np.float64)
    values = measured.interpolate().to_numpy(np.float64)
    name = _("CO2 (parts per million)")
    return Series(values, times, 52 if weekly else 12, name, _("Year"), _("ppm"))


def co2_weeks() -> pd.Series:
    """Return the weekly measurements as they stand in the file, NaN where there was none."""
    table = pd.read_csv(packaged("statsmodels", "datasets", "co2", "co2.csv"), dtype={"date": str})
    return pd.Series(table["co2"].to_numpy(), pd.to_datetime(table["date"], format="%Y%m%d"))


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """A series as a network gets it: each value, or each change, in units of the training part's spread.

    Nothing of the test part enters `mean` and `spread`.

    Attributes:
        series: in its own unit.
        difference: whether the network gets the changes from step to step in place of the values.
        mean: of the training part's values or changes.
        spread: their standard deviation; 1 if they are all the same.
        numbers: the standardised values, or changes: those are one fewer.
        cut: how many of the numbers belong to the training part.
    """

    series: Series
    difference: bool
    mean: float
    spread: float
    numbers: Float32[np.ndarray, " number"]
    cut: int

    def windows(self, length: int, start: int, stop: int) -> Float32[np.ndarray, "length window"]:
        """Return what is read before each of the numbers from `start` to `stop` - 1: the `length` before it.

        Example:
            >>> scaled(sunspots(), difference=False).windows(24, 24, 247).shape
            (24, 223)
        """
        places = np.arange(start, stop) + np.arange(-length, 0)[:, None]
        return self.numbers[places]

    def in_units(
        self, standard: Float32[np.ndarray, "*network time"], before: Float64[np.ndarray, " time"]
    ) -> Float64[np.ndarray, "*network time"]:
        """Return forecasts in the series' own unit.

        Args:
            standard: what a network put out.
            before: the series' value one step earlier, which a change is added to.
        """
        values = self.mean + self.spread * np.asarray(standard, np.float64)
        return values + before if self.difference else values


def scaled(series: Series, *, difference: bool) -> Scaled:
    """Return the series standardised by its training part, or its changes by theirs."""
    numbers = np.diff(series.values) if difference else series.values
    cut = series.cut - difference
    mean, spread = float(numbers[:cut].mean()), float(numbers[:cut].std())
    if spread <= 1e-9 * max(abs(mean), float(np.abs(series.values).max())):  # rounding alone
        spread = 1.0
    standard = ((numbers - mean) / spread).astype(np.float32)
    return Scaled(series, difference, mean, spread, standard, cut)
