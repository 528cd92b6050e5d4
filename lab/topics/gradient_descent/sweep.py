"""Sixty learning rates from the same start, in one pass: which fall, which rise, and where the edge is."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64, Int64

from lab.core.errors import SettingError
from lab.core.events import Diverged, Done, Event, Finished, Started
from lab.core.labels import _
from lab.core.lesson import Context
from lab.models.surfaces import Surface
from lab.topics.gradient_descent.edges import Bottom, bottom_below, predicted_edge
from lab.topics.gradient_descent.sweep_settings import SweepSettings
from lab.training.rates import Rule, descents


@dataclass(frozen=True, slots=True)
class Sweep:
    """What became of each rate.

    Attributes:
        rates: rising.
        losses: before the first step and after each; NaN once a racer has overflowed.
        positions: x and y at the same moments.
        diverged: the first step, from 1, after which place or loss was no finite number; 0 if none.
        bottom: of the valley in which the best racer ended.
        predicted: the largest stable rate by the curvature there; None where the rule has none.
    """

    rates: Float64[np.ndarray, " rate"]
    losses: Float64[np.ndarray, "moment rate"]
    positions: Float64[np.ndarray, "moment rate 2"]
    diverged: Int64[np.ndarray, " rate"]
    bottom: Bottom
    predicted: float | None

    @property
    def best(self) -> int:
        """The rate, from 0, with the lowest final loss; the smallest of equals."""
        final = self.losses[-1]
        return int(np.argmin(np.where(np.isfinite(final), final, np.inf)))

    @property
    def edge(self) -> int | None:
        """The first rate, from 0, that ends above the start or diverges; None if no rate does."""
        above = np.flatnonzero(~(self.losses[-1] <= self.losses[0]))
        return int(above[0]) if above.size else None

    def gaps(self) -> Float64[np.ndarray, "moment rate"]:
        """Return how far each loss is above that of the minimum."""
        return self.losses - self.bottom.loss

    def shares(self, rate: int) -> Float64[np.ndarray, "moment direction"]:
        """Return the loss that each eigendirection has of one racer's: half curvature times distance squared.

        They add up to the loss above the minimum exactly where the surface is quadratic.
        """
        away = self.positions[:, rate] - np.array(self.bottom.place)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.bottom.curvatures / 2 * (away @ self.bottom.directions) ** 2

    def table(self) -> pd.DataFrame:
        """Return one row per rate: where it ended."""
        return pd.DataFrame(
            {
                "number": np.arange(1, len(self.rates) + 1),
                "rate": self.rates,
                "final loss": self.losses[-1],
                "above the minimum": self.gaps()[-1],
                "x": self.positions[-1, :, 0],
                "y": self.positions[-1, :, 1],
                "diverged at step": self.diverged,
            }
        )


def ground(settings: SweepSettings) -> Surface:
    """Return the surface of the sweep.

    Raises:
        SettingError: it has no finite value at the start.
    """
    one = settings.ground()
    x, y = torch.tensor(one.start, dtype=torch.float64)
    if not one.value(x, y).isfinite():
        raise SettingError(_("Start"), _("a place where f has a finite value"), one.start)
    return one


def swept(settings: SweepSettings) -> Sweep:
    """Run the sweep."""
    one, rates = ground(settings), settings.rates()
    rule = Rule(settings.sweep_optimizer, settings.sweep_momentum)
    losses = np.empty((settings.sweep_steps + 1, len(rates)))
    positions = np.empty((*losses.shape, 2))
    moments = descents(one, [rule], rates.tolist(), one.start, settings.sweep_steps)
    for step, moment in enumerate(moments):
        losses[step], positions[step] = moment.losses[0].numpy(), moment.positions[0].numpy()
    sound = np.isfinite(losses) & np.isfinite(positions).all(axis=-1)
    lost = np.maximum.accumulate(~sound, axis=0)
    losses[lost], positions[lost] = np.nan, np.nan
    diverged = np.where(lost[-1], lost.argmax(axis=0), 0)
    rest = bottom_below(one, losses[-1], positions[-1])
    edge = predicted_edge(settings.sweep_optimizer, settings.sweep_momentum, rest.steepest)
    return Sweep(rates, losses, positions, diverged, rest, edge)


def train(settings: SweepSettings, context: Context) -> Iterator[Event | Done[Sweep]]:
    """Run all rates, and tell which diverged."""
    yield Started(0.0, len(settings.rates()))
    result = swept(settings)
    for number, step in enumerate(result.diverged.tolist()):
        if step:
            yield Diverged(number, step)
    yield Finished("epochs", 0.0)
    yield Done(result)


def seconds(settings: SweepSettings) -> float:
    """Return roughly how many CPU seconds a sweep takes on a current core."""
    return 0.01 + 3e-4 * settings.sweep_steps
