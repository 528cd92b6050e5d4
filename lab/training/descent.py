"""Races of torch's optimisers down a surface: every position, gradient and memory, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import nn

from lab.models.surfaces import Surface, gradients
from lab.training.racers import Plan, Racer, factors, racer_of


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """What happened; NaN from the step at which a racer diverges, and where there is nothing to tell.

    Attributes:
        names: of the racers.
        positions: before the first step, and after each.
        losses: there.
        gradients: that each step used, noise included.
        first: the first memory after each step: velocity, mean gradient, Adadelta's mean square update, or
            the direction of L-BFGS.
        second: the second memory after each step: sum or mean of squared gradients.
        first_corrected: the first memory freed of its bias towards 0, for Adam and AdamW.
        second_corrected: the same for the second memory.
        rates: of each step.
        evaluations: how often the function had been evaluated for its gradient, after each step.
        diverged: the first step, from 1, after which position or loss is no finite number; 0 if none is.
        left: the first step, from 1, that ends outside of the window; 0 if none does.
    """

    names: tuple[str, ...]
    positions: Float64[np.ndarray, "racer moment 2"]
    losses: Float64[np.ndarray, "racer moment"]
    gradients: Float64[np.ndarray, "racer step 2"]
    first: Float64[np.ndarray, "racer step 2"]
    second: Float64[np.ndarray, "racer step 2"]
    first_corrected: Float64[np.ndarray, "racer step 2"]
    second_corrected: Float64[np.ndarray, "racer step 2"]
    rates: Float64[np.ndarray, "racer step"]
    evaluations: Int64[np.ndarray, "racer step"]
    diverged: tuple[int, ...]
    left: tuple[int, ...]

    def lacks_gradient(self, racer: int) -> bool:
        """Return whether a racer diverged because there was no finite gradient where it stood."""
        step = self.diverged[racer]
        return step > 0 and not np.isfinite(self.gradients[racer, step - 1]).all()

    @property
    def updates(self) -> Float64[np.ndarray, "racer step 2"]:
        """Return what each step added to the position."""
        return np.diff(self.positions, axis=1)


def race(surface: Surface, names: Sequence[str], plan: Plan) -> Race:
    """Let optimisers go down a surface side by side, each with torch's own code.

    Args:
        surface: what they go down.
        names: keys of `DEFAULT_RATES`, each once.
        plan: where they start and how they go.
    """
    points = torch.tensor([plan.start] * len(names), dtype=torch.float64)
    racers = [
        racer_of(name, nn.Parameter(row), surface, plan) for name, row in zip(names, points, strict=True)
    ]
    factor = factors(plan.schedule, plan.steps, plan.fall).tolist()
    kept = _empty(len(names), plan.steps)
    diverged = [0] * len(names)
    places = points.numpy()  # the same memory: what an optimiser moves, moves here
    values, slopes = gradients(surface, points)
    kept["positions"][:, 0], kept["losses"][:, 0] = places, values.numpy()
    for step in range(1, plan.steps + 1):
        going = [number for number, fallen in enumerate(diverged) if not fallen]
        for number in going:
            racers[number].step(values[number], slopes[number], factor[step - 1])
            _keep(kept, number, step - 1, racers[number])
        values, slopes = gradients(surface, points)
        kept["positions"][:, step], kept["losses"][:, step] = places, values.numpy()
        fine = np.isfinite(places).all(1) & np.isfinite(values.numpy())
        for number in going:
            diverged[number] = 0 if fine[number] else step
        if not fine.all():
            kept["positions"][~fine, step] = kept["losses"][~fine, step] = places[~fine] = np.nan
    corrected = _corrected(kept, names, plan)
    return Race(tuple(names), **kept, **corrected, diverged=tuple(diverged), left=_left(kept, surface))


def _empty(racers: int, steps: int) -> dict[str, np.ndarray]:
    pairs = {name: np.full((racers, steps, 2), np.nan) for name in ("gradients", "first", "second")}
    return pairs | {
        "positions": np.full((racers, steps + 1, 2), np.nan),
        "losses": np.full((racers, steps + 1), np.nan),
        "rates": np.full((racers, steps), np.nan),
        "evaluations": np.zeros((racers, steps), dtype=np.int64),
    }


def _keep(kept: dict[str, np.ndarray], number: int, step: int, racer: Racer) -> None:
    kept["gradients"][number, step] = racer.seen.numpy()
    kept["rates"][number, step] = racer.optimizer.param_groups[0]["lr"]
    kept["evaluations"][number, step:] = racer.evaluations
    for name, memory in racer.memory():
        kept[name][number, step] = memory.numpy()


def _corrected(
    kept: Mapping[str, np.ndarray], names: Sequence[str], plan: Plan
) -> dict[str, Float64[np.ndarray, "racer step 2"]]:
    """Return both memories of Adam and AdamW, divided by what they would be for gradients of 1."""
    adaptive = np.array([name in ("adam", "adamw") for name in names])[:, None, None]
    steps = np.arange(1, plan.steps + 1)[:, None]
    parts = {"first": plan.beta1, "second": plan.beta2}
    return {
        f"{name}_corrected": np.where(adaptive, kept[name] / (1 - beta**steps), np.nan)
        for name, beta in parts.items()
    }


def _left(kept: Mapping[str, np.ndarray], surface: Surface) -> tuple[int, ...]:
    """Return for each racer the first step that ends outside of the window, if it started inside."""
    low, high = np.array([surface.x, (-np.inf, np.inf) if surface.flat else surface.y]).T
    outside = ((kept["positions"] < low) | (kept["positions"] > high)).any(2)
    return tuple(int(one.argmax()) if one.any() else 0 for one in outside)
