"""Rate and momentum together: 2,400 racers in one pass, as a map of where they end."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from lab.core.events import Done, Event, Finished, Started, Stepped
from lab.core.lesson import Context
from lab.topics.gradient_descent.edges import Bottom, best_momentum, bottom_below, predicted_edge
from lab.topics.gradient_descent.sweep import ground
from lab.topics.gradient_descent.sweep_settings import MOMENTA, RATES, SweepSettings, momenta
from lab.training.rates import Rule, descents

NEAR = 0.01
TOLD = 10
"""How often a run says how far it is."""


@dataclass(frozen=True, slots=True)
class RateMap:
    """What became of each pair of momentum and rate.

    Attributes:
        kind: "momentum" or "nesterov".
        rates: rising.
        momenta: rising.
        start: the loss that all start with, above the minimum's.
        gaps: final losses above the minimum's; NaN where a racer has overflowed.
        diverged: the first step, from 1, after which place or loss was no finite number; 0 if none.
        needed: the step after which the loss stays within 1 % of the start's; NaN if it does not.
        bottom: of the valley in which the best racer ended.
    """

    kind: str
    rates: Float64[np.ndarray, " rate"]
    momenta: Float64[np.ndarray, " momentum"]
    start: float
    gaps: Float64[np.ndarray, "momentum rate"]
    diverged: Int64[np.ndarray, "momentum rate"]
    needed: Float64[np.ndarray, "momentum rate"]
    bottom: Bottom

    @property
    def edges(self) -> Float64[np.ndarray, " momentum"] | None:
        """The predicted edge for each momentum; None on ground without curvature."""
        found = [predicted_edge(self.kind, momentum, self.bottom.steepest) for momentum in self.momenta]
        return None if found[0] is None else np.array(found, float)

    @property
    def optimum(self) -> tuple[float, float] | None:
        """The rate and momentum that are best in the long run, by closed form; known for momentum only."""
        known = self.kind == "momentum" and self.bottom.found
        return best_momentum(self.bottom.curvatures) if known else None

    @property
    def best(self) -> tuple[int, int]:
        """The pair, momentum and rate from 0, with the lowest final loss."""
        low = np.where(np.isfinite(self.gaps), self.gaps, np.inf)
        place = np.unravel_index(int(np.argmin(low)), low.shape)
        return int(place[0]), int(place[1])

    def table(self) -> pd.DataFrame:
        """Return one row per pair."""
        return pd.DataFrame(
            {
                "momentum": np.repeat(self.momenta, len(self.rates)),
                "rate": np.tile(self.rates, len(self.momenta)),
                "final loss above the minimum": self.gaps.ravel(),
                "steps to 1 % of the start": self.needed.ravel(),
                "diverged at step": self.diverged.ravel(),
            }
        )


def kind_of(settings: SweepSettings) -> str:
    """Return which rule with momentum is mapped: Nesterov's if it is swept, else the plain one."""
    return "nesterov" if settings.sweep_optimizer == "nesterov" else "momentum"


def train(settings: SweepSettings, context: Context) -> Iterator[Event | Done[RateMap]]:
    """Run all pairs; which of them diverge is in the result."""
    yield Started(0.0, MOMENTA * RATES)
    one, kind, rates = ground(settings), kind_of(settings), settings.rates()
    rules = [Rule(kind, momentum) for momentum in momenta().tolist()]
    losses = np.empty((settings.sweep_steps + 1, MOMENTA, RATES))
    ends = np.empty((MOMENTA, RATES, 2))
    lost = np.zeros((MOMENTA, RATES), dtype=bool)
    diverged = np.zeros((MOMENTA, RATES), dtype=np.int64)
    for step, moment in enumerate(descents(one, rules, rates.tolist(), one.start, settings.sweep_steps)):
        losses[step], ends = moment.losses.numpy(), moment.positions.numpy()
        new = ~lost & ~(np.isfinite(losses[step]) & np.isfinite(ends).all(axis=-1))
        diverged[new] = step
        lost |= new
        losses[step, lost] = np.nan
        if step and step % max(1, settings.sweep_steps // TOLD) == 0:
            yield Stepped(step / settings.sweep_steps)
    rest = bottom_below(one, losses[-1], ends)
    gaps = losses - rest.loss
    yield Finished("epochs", 0.0)
    yield Done(
        RateMap(kind, rates, momenta(), float(gaps[0, 0, 0]), gaps[-1], diverged, needed_steps(gaps), rest)
    )


def needed_steps(
    gaps: Float64[np.ndarray, "moment *any rate"],
) -> Float64[np.ndarray, "*any rate"]:
    """Return after how many steps each racer is within 1 % of its start's loss, and stays there.

    Example:
        >>> needed_steps(np.array([[1.0, 1.0], [0.005, 0.5], [0.001, 0.4]])).tolist()
        [1.0, nan]
    """
    above = ~(gaps <= NEAR * gaps[0])
    last = len(gaps) - 1 - above[::-1].argmax(axis=0)
    return np.where(above[-1], np.nan, last + 1.0)


def seconds(settings: SweepSettings) -> float:
    """Return roughly how many CPU seconds a map takes on a current core."""
    return 0.02 + 9e-4 * settings.sweep_steps
