"""Many descents on one surface at once: every learning rate, and every momentum, from the same start.

One call of autograd gives the gradients of all racers; each rule then updates all its racers in one go, each
with a rate of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float64
from torch import Tensor

from lab.models.surfaces import Surface, gradients
from lab.training.optimizers import FlatRates, Optimizer, OptimizerName, Recipe

WEIGHT_DECAY = 0.01
"""The decoupled decay of AdamW, torch's default."""
ENGINE: dict[str, OptimizerName] = {
    "sgd": "sgd",
    "momentum": "momentum",
    "nesterov": "nesterov",
    "rmsprop": "rmsprop",
    "adam": "adam",
    "adamw": "adamw",
}
ACCUMULATING = ("adagrad", "adadelta")


@dataclass(frozen=True, slots=True)
class Rule:
    """An update rule with torch's defaults: a key of `ENGINE` or one of `ACCUMULATING`, and its momentum."""

    name: str
    momentum: float = 0.9


class _Stepping(Protocol):
    """What changes its parameters in place, from gradients that are filled anew before each step."""

    def step(self) -> None: ...


class Accumulating:
    """AdaGrad and Adadelta, which the ensemble engine does not have.

    Source: PyTorch 2.13, torch.optim.Adagrad and torch.optim.Adadelta, whose numbers it reproduces.
    """

    def __init__(self, name: str, rates: Tensor, parameters: Tensor, gradients: Tensor) -> None:
        self._name, self._rates = name, rates
        self._parameters, self._gradients = parameters, gradients
        self._squares = torch.zeros_like(parameters)
        self._updates = torch.zeros_like(parameters)

    def step(self) -> None:
        """Update the parameters once."""
        if self._name == "adagrad":
            # s = s + g^2, then w = w - r g / (sqrt s + eps)
            self._squares.addcmul_(self._gradients, self._gradients)
            self._parameters.sub_(self._rates * self._gradients / (self._squares.sqrt() + 1e-10))
            return
        # s = p s + (1 - p) g^2; d = sqrt(u + eps) / sqrt(s + eps) g; u = p u + (1 - p) d^2; w = w - r d
        kept, eps = 0.9, 1e-6
        self._squares.mul_(kept).addcmul_(self._gradients, self._gradients, value=1 - kept)
        change = (self._updates + eps).sqrt() / (self._squares + eps).sqrt() * self._gradients
        self._updates.mul_(kept).addcmul_(change, change, value=1 - kept)
        self._parameters.sub_(self._rates * change)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where all racers are; views that the next step overwrites.

    Attributes:
        losses: of each racer.
        positions: of each racer, x and y.
    """

    losses: Float64[Tensor, "rule rate"]
    positions: Float64[Tensor, "rule rate 2"]


def descents(
    one: Surface, rules: Sequence[Rule], rates: Sequence[float], start: tuple[float, float], steps: int
) -> Iterator[Moment]:
    """Yield the racers before the first step and after each: every rule with every rate.

    Nothing is clamped. A racer that overflows goes on as NaN and does not touch the others.

    Args:
        one: what they descend on.
        rules: at least one.
        rates: at least one, each above 0.
        start: where all begin.
        steps: updates of each racer.
    """
    shape = (len(rules), len(rates), 2)
    positions = torch.tensor(start, dtype=torch.float64).repeat(*shape[:2], 1)
    slopes = torch.zeros_like(positions)
    pairs = torch.tensor(rates, dtype=torch.float64).repeat_interleave(2)
    movers = [
        _mover(rule, pairs, mine.flatten(), slope.flatten())
        for rule, mine, slope in zip(rules, positions, slopes, strict=True)
    ]
    for step in range(steps + 1):
        losses, found = gradients(one, positions.view(-1, 2))
        yield Moment(losses.view(shape[:2]), positions)
        if step < steps:
            slopes.copy_(found.view(shape))
            for mover in movers:
                mover.step()


def _mover(rule: Rule, rates: Tensor, parameters: Tensor, slopes: Tensor) -> _Stepping:
    if rule.name in ACCUMULATING:
        return Accumulating(rule.name, rates, parameters, slopes)
    decay = torch.full_like(rates, WEIGHT_DECAY) if rule.name == "adamw" else None
    recipe = Recipe(optimizer=ENGINE[rule.name], momentum=rule.momentum)
    return Optimizer(recipe, FlatRates(rates, None, decay), parameters, slopes)
