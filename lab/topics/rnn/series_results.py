"""Results of the part on series, beside forecasts that cost nothing, as tables and in plain sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Float32, Float64, Int64

from lab.core.labels import _
from lab.data.memory_tasks import CHANCE, CONSTANT_ERROR, SYMBOLS
from lab.data.series import Series

CLEARLY = 0.95
"""A network is worth having if its error is below so much of the best forecast that costs nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Forecasts of the test part, in the series' own unit; NaN where a network has diverged.

    Attributes:
        series: what is forecast.
        one_step: each test value from the true values before it.
        free: the first test values from the training part and the network's own forecasts.
        naive_one_step: forecasts that need no learning, by name.
        naive_free: the same, running free.
    """

    series: Series
    one_step: Float64[np.ndarray, "network test"]
    free: Float64[np.ndarray, "network horizon"]
    naive_one_step: Mapping[str, Float64[np.ndarray, " test"]]
    naive_free: Mapping[str, Float64[np.ndarray, " horizon"]]

    @property
    def truth(self) -> Float64[np.ndarray, " test"]:
        """The test part."""
        return self.series.values[self.series.cut :]

    def table(self) -> pd.DataFrame:
        """Return the root mean squared errors: networks, their median, forecasts that need no learning."""
        one_step = _rmse(self.one_step, self.truth)
        free = _rmse(self.free, self.truth[: self.free.shape[1]])
        naive = _errors(self.naive_one_step, self.truth)
        naive_free = _errors(self.naive_free, self.truth[: self.free.shape[1]])
        return _named(
            [*_network_names(len(one_step)), _("networks, median"), *naive],
            {
                _("one step ahead"): [*one_step, _median(one_step), *naive.values()],
                _("running free"): [*free, _median(free), *naive_free.values()],
            },
        )

    def said_table(self) -> pd.DataFrame:
        """Return one row per time of the test part; running free ends earlier."""
        ahead, free = (
            {name: _padded(row, len(self.truth)) for name, row in rows.items()}
            for rows in (
                _rows(self.one_step) | dict(self.naive_one_step),
                _rows(self.free) | dict(self.naive_free),
            )
        )
        columns = {f"{name}, {_('one step ahead')}": row for name, row in ahead.items()}
        columns |= {f"{name}, {_('running free')}": row for name, row in free.items()}
        times = self.series.times[self.series.cut :]
        return pd.DataFrame({self.series.time_name: times, _("truth"): self.truth, **columns})

    def verdict(self) -> tuple[str, ...]:
        """Return in plain sentences whether the networks are worth having."""
        horizon = self.free.shape[1]
        free = _("Running free for {steps} steps").format(steps=horizon)
        parts = (
            (_("One step ahead"), self.one_step, self.naive_one_step, self.truth),
            (free, self.free, self.naive_free, self.truth[:horizon]),
        )
        return tuple(
            _worth(when, _median(_rmse(mine, truth)), _errors(naive, truth), self.series.unit)
            for when, mine, naive, truth in parts
        )


@dataclass(frozen=True, slots=True, eq=False)
class Copied:
    """What networks say in the copying task.

    Attributes:
        read: the symbols of one test sequence.
        probabilities: of each symbol at each step that counts, for this sequence.
        accuracy: share of all test symbols that are right, by true symbol.
    """

    read: Int64[np.ndarray, " time"]
    probabilities: Float[np.ndarray, "network counted symbol"]
    accuracy: Float64[np.ndarray, "network symbol"]

    def table(self) -> pd.DataFrame:
        """Return the accuracy by symbol and on average, and that of guessing."""
        rows = np.vstack([self.accuracy, np.full(SYMBOLS, CHANCE)])
        names = [*_network_names(len(self.accuracy)), _("guessing")]
        columns = {_("symbol {name}").format(name="ABCD"[one]): rows[:, one] for one in range(SYMBOLS)}
        return _named(names, {_("all symbols"): rows.mean(axis=1), **columns})

    def said_table(self) -> pd.DataFrame:
        """Return one row per step of the test sequence, with each network's probabilities."""
        networks, counted, _symbols = self.probabilities.shape
        delay = len(self.read) - counted
        columns = {
            f"{name}, {'ABCD'[symbol]}": self.probabilities[network, :, symbol]
            for network, name in enumerate(_network_names(networks))
            for symbol in range(SYMBOLS)
        }
        right = ["ABCD"[symbol] for symbol in self.read[:counted]]
        return pd.DataFrame({_("step"): range(delay + 1, len(self.read) + 1), _("right"): right, **columns})

    def verdict(self) -> tuple[str, ...]:
        """Return in plain sentences whether the networks are worth having."""
        reached = _median(self.accuracy.mean(axis=1), worst=0.0)
        worth = _("it remembers.") if reached > 0.9 else _("it remembers some.")
        said = worth if reached > CHANCE + 0.05 else _("no better than guessing.")
        text = _("The median network says {reached:.0%} of the symbols right, guessing {chance:.0%}: {said}")
        return (text.format(reached=reached, chance=CHANCE, said=said),)


@dataclass(frozen=True, slots=True, eq=False)
class Added:
    """What networks say in the adding task.

    Attributes:
        sums: the right answers.
        answers: what the networks say.
    """

    sums: Float32[np.ndarray, " sequence"]
    answers: Float32[np.ndarray, "network sequence"]

    def errors(self) -> Float64[np.ndarray, " network"]:
        """Return the mean squared errors."""
        return _rmse(self.answers, self.sums) ** 2

    def table(self) -> pd.DataFrame:
        """Return the mean squared errors, and that of always saying 1."""
        errors = [*self.errors(), CONSTANT_ERROR]
        return _named(
            [*_network_names(len(self.answers)), _("always 1")],
            {_("squared error"): errors, _("as a share of 1/6"): np.divide(errors, CONSTANT_ERROR)},
        )

    def said_table(self) -> pd.DataFrame:
        """Return one row per test sequence."""
        return pd.DataFrame({_("right sum"): self.sums, **_rows(self.answers)})

    def verdict(self) -> tuple[str, ...]:
        """Return in plain sentences whether the networks are worth having."""
        reached = _median(self.errors())
        adds = _("it adds.") if reached < 0.1 * CONSTANT_ERROR else _("it has begun to add.")
        said = adds if reached < 0.8 * CONSTANT_ERROR else _("it might as well always say 1.")
        text = _("The median network's squared error is {reached:.2g}, that of always 1 is 0.167: {said}")
        return (text.format(reached=reached, said=said),)


Outcome = Forecast | Copied | Added


def _rmse(forecasts: np.ndarray, truth: np.ndarray) -> Float64[np.ndarray, "*network"]:
    """Return the root mean squared error along the last axis; NaN if it is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        errors = np.sqrt(np.mean((forecasts.astype(np.float64) - truth) ** 2, axis=-1))
    return np.where(np.isfinite(errors), errors, np.nan)


def _median(errors: np.ndarray, worst: float = np.inf) -> float:
    """Return the median, a diverged network counting as `worst`; NaN if it is infinite."""
    found = float(np.median(np.where(np.isfinite(errors), errors, worst)))
    return found if np.isfinite(found) else np.nan


def _network_names(count: int) -> list[str]:
    return [_("network {number}").format(number=number) for number in range(1, count + 1)]


def _rows(values: np.ndarray) -> dict[str, np.ndarray]:
    """Return the rows by the names of the networks."""
    return dict(zip(_network_names(len(values)), values, strict=True))


def _padded(row: np.ndarray, length: int) -> np.ndarray:
    return np.append(row, np.full(length - len(row), np.nan))


def _named(names: Sequence[str], columns: Mapping[str, Sequence[float] | np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame({"forecast": names, **columns})


def _errors(naive: Mapping[str, np.ndarray], truth: np.ndarray) -> dict[str, float]:
    return {name: float(_rmse(forecast, truth)) for name, forecast in naive.items()}


def _worth(when: str, mine: float, others: Mapping[str, float], unit: str) -> str:
    """Return a sentence about the median network's error and the least one of the others.

    Args:
        when: how far ahead is forecast.
        mine: NaN if the networks diverged.
        others: errors by name.
        unit: of the errors.
    """
    name = min(others, key=lambda one: others[one])
    best = others[name]
    if not np.isfinite(mine):
        return _("{when} the networks diverged.").format(when=when)
    said = _("not worth having") if CLEARLY * mine > best else _("no better")
    said = _("worth having") if mine < CLEARLY * best else said
    text = _("{when} the median network errs by {mine}, “{name}” by {best}: {said}.")
    mine_said, best_said = (f"{error:.3g} {unit}".strip() for error in (mine, best))
    return text.format(when=when, mine=mine_said, name=name, best=best_said, said=said)
