"""Series over time: waves, two real ones, and a learner's own; split by time, scaled by the past alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64

from lab.core.errors import DataError
from lab.core.labels import _
from lab.data import tables
from lab.data.packaged import packaged

TRAIN_SHARE = 0.8
WAVE_STEPS = 600
PERIODS = {20.0: 1.0, 7.3: 0.6, 53.0: 0.4}
"""Periods of the mixed waves in steps, and their heights; no two of them share a common period."""
SINE_PERIOD = 25
FEWEST_ROWS, MOST_ROWS = 30, tables.MOST_ROWS

_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)


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


def read_series(raw: bytes, name: str, period: int = 0) -> Series:
    """Return the series in a CSV file: one column of numbers, or a column of dates and one of numbers.

    The file is UTF-8, at most 2 MB and 30 to 5,000 rows, separated by comma, semicolon or tab, with a
    decimal point. The first row is the header if its last cell is no number. Dates may be any text; years
    and dates such as 2001-12 or 2001-12-31 must rise and are then the times, else the rows are counted.

    Args:
        raw: the file's content.
        name: the file's name, for errors.
        period: after how many rows the series repeats, as the learner knows; 0 for none.

    Raises:
        DataError: the file cannot be used; the text names row and column.

    Example:
        >>> lines = ["year,height"] + [f"{1990 + n},{n * n}" for n in range(30)]
        >>> read_series(chr(10).join(lines).encode(), "heights.csv").times[:2].tolist()
        [1990.0, 1991.0]
    """
    file = f"file {tables._shown(name)}"
    rows = _rows(tables._text(raw, file))
    header = rows.pop(0).cells if rows and _is_header(rows[0].cells) else []
    if not FEWEST_ROWS <= len(rows) <= MOST_ROWS:
        raise DataError(file, f"{FEWEST_ROWS} to {MOST_ROWS:,} rows of data", len(rows))
    column = header[-1] if header and header[-1] else _("value")
    cells = [tables._Cell(row.cells[-1], f"row {row.number}, column {tables._shown(column)}") for row in rows]
    values = tables._numbers(cells, f"column {tables._shown(column)}")
    times = _times(rows) if len(rows[0].cells) == 2 else None
    if times is not None:
        return Series(values, times, period, column, header[0] if header else _("Time"))
    return Series(values, np.arange(1.0, len(values) + 1), period, column, _("Row"))


def _rows(text: str) -> list[tables._Row]:
    """Return the rows that are not blank, all of one or all of two cells."""
    first = next(iter(text.strip().splitlines()), "")
    delimiter = next((one for one in "\t;" if one in first), ",")
    rows = list(tables._records(text, delimiter))
    for row in rows:
        if len(row.cells) != len(rows[0].cells) or len(row.cells) > 2:
            expected = "one column of numbers, or a column of dates and one of numbers"
            raise DataError(f"row {row.number}", expected, f"{len(row.cells)} cells")
        if any(len(cell) > tables.LONGEST_CELL or not cell.isprintable() for cell in row.cells):
            expected = f"at most {tables.LONGEST_CELL} printable characters in a cell"
            raise DataError(f"row {row.number}", expected, max(row.cells, key=len))
    return rows


def _is_header(cells: Sequence[str]) -> bool:
    """Return whether the last cell is a name: neither empty nor meant as a number."""
    last = cells[-1]
    meant = tables._NUMBER.fullmatch(last) or tables._NOT_FINITE.fullmatch(last) or tables._has_comma(last)
    return bool(last) and not meant


def _times(rows: Sequence[tables._Row]) -> Float64[np.ndarray, " time"] | None:
    """Return numbers or ISO dates as times, the latter in years; None if any cell is something else."""
    cells = [row.cells[0] for row in rows]
    if all(tables._NUMBER.fullmatch(cell) for cell in cells):
        times = np.array([tables._number(tables._Cell(row.cells[0], f"row {row.number}")) for row in rows])
    elif all(_DATE.fullmatch(cell) for cell in cells):
        times = _years(cells)
    else:
        return None
    falls = np.flatnonzero(~(np.diff(times) > 0)) if times is not None else np.empty(0)
    if falls.size:
        row = rows[int(falls[0]) + 1]
        raise DataError(f"row {row.number}, column 1", "a later time than in the row before", row.cells[0])
    return times


def _years(dates: Sequence[str]) -> Float64[np.ndarray, " time"] | None:
    """Return ISO dates in years, or None if one of them is on no calendar."""
    try:
        days = np.array(dates, dtype="datetime64[D]")
    except ValueError:
        return None
    years = days.astype("datetime64[Y]")
    return years.astype(np.float64) + 1970 + (days - years).astype(np.float64) / 365.25


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
