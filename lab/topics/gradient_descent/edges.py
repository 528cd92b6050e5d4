"""What the curvature at the minimum says about rates: the largest stable one, and the best."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from lab.models.surfaces import Surface, gradients, hessian

MOST_STEPS, MOST_HALVINGS = 60, 50
LEVEL = 1e-9
"""So small a slope, beside a curvature of 1 or more, counts as none."""
NEAR = 1e-4
"""A known minimum so near is the place that was found."""


@dataclass(frozen=True, slots=True)
class Bottom:
    """The place where descents come to rest, and the shape of the surface there.

    Attributes:
        place: x and y.
        loss: there.
        curvatures: eigenvalues of the Hessian, rising; only that of x on a curve.
        directions: its eigenvectors as columns.
        found: whether there is a minimum here; else it is where the best racer ended.
    """

    place: tuple[float, float]
    loss: float
    curvatures: Float64[np.ndarray, " direction"]
    directions: Float64[np.ndarray, "2 direction"]
    found: bool = True

    @property
    def steepest(self) -> float:
        """The largest curvature at the minimum; 0, which allows every rate, if none was found."""
        return float(self.curvatures[-1]) if self.found else 0.0


def bottom(one: Surface, end: tuple[float, float]) -> Bottom:
    """Return the bottom of the valley in which the best racer ended.

    That is the place of no slope downhill of its end; where there is none, as at a kink, the nearest minimum
    that is known; and where none is known, the end itself.
    """
    rest = downhill(one, end)

    def far(minimum: tuple[float, float]) -> float:
        return float(np.hypot(*np.subtract(minimum, end if rest is None else rest)))

    known = min(one.minima, key=far, default=None)
    place = rest or known or end
    if known is not None and far(known) < NEAR:
        place = known
    x, y = torch.tensor(place, dtype=torch.float64)
    loss, found = float(one.value(x, y)), rest is not None or known is not None
    if one.flat:
        bend = hessian(one, place)[:1, :1]
        return Bottom(place, loss, bend[0].numpy(), np.array([[1.0], [0.0]]), found)
    curvatures, directions = torch.linalg.eigh(hessian(one, place))
    return Bottom(place, loss, curvatures.numpy(), directions.numpy(), found)


def bottom_below(
    one: Surface, losses: Float64[np.ndarray, "*racer"], ends: Float64[np.ndarray, "*racer 2"]
) -> Bottom:
    """Return the bottom of the valley of the lowest of these ends, or of the start if that is lower.

    Args:
        one: the surface.
        losses: at the ends; NaN where a racer has overflowed.
        ends: where the racers came to.
    """
    x, y = torch.tensor(one.start, dtype=torch.float64)
    low = np.where(np.isfinite(losses), losses, np.inf)
    best = np.unravel_index(int(np.argmin(low)), low.shape)
    across, up = ends[best] if low[best] < float(one.value(x, y)) else one.start
    return bottom(one, (float(across), float(up)))


def downhill(one: Surface, end: tuple[float, float]) -> tuple[float, float] | None:
    """Return the place of no slope to which Newton's steps lead from `end`; None if they lead to none.

    A step divides the slope along each eigenvector by the size of the curvature there, so it goes downhill
    on a saddle, too. It is halved until the loss does not rise: it does not leave the valley uphill.

    Source: Dauphin and others (2014), Identifying and attacking the saddle point problem.
    """
    place = torch.tensor(end, dtype=torch.float64)
    for _step in range(MOST_STEPS):
        (loss,), (slope,) = gradients(one, place[None])
        bend = hessian(one, (float(place[0]), float(place[1])))
        if not (slope.isfinite().all() and bend.isfinite().all()):
            return None
        curvatures, directions = torch.linalg.eigh(bend)
        if float(slope.norm()) <= LEVEL * max(1.0, float(curvatures.abs().max())):
            return float(place[0]), float(place[1])
        step = directions @ ((directions.T @ slope) / curvatures.abs().clamp_min(LEVEL))
        place = _lower(one, place, step, float(loss))
    return None


def _lower(one: Surface, place: Tensor, step: Tensor, loss: float) -> Tensor:
    """Return where the step leads, halved until the loss is not higher; the place itself if it always is."""
    for _halving in range(MOST_HALVINGS):
        if float(one.value(*(place - step))) <= loss:
            return place - step
        step = step / 2
    return place


def predicted_edge(optimizer: str, momentum: float, curvature: float) -> float | None:
    """Return the rate above which descent leaves a bowl of this largest curvature; None if there is none.

    The step matrix of one eigendirection has an eigenvalue of -1 there: the polynomials are
    z^2 - (1 + m - r c) z + m for momentum, and z^2 - (1 + m)(1 - r c) z + m (1 - r c) for Nesterov's.
    Other rules divide by the size of past gradients, and no such rate exists for them.

    Source: Polyak (1964), Some methods of speeding up the convergence of iteration methods; Goh (2017), Why
        Momentum Really Works.

    Example:
        >>> predicted_edge("sgd", 0.0, 10.0), predicted_edge("momentum", 0.5, 10.0)
        (0.2, 0.3)
    """
    if curvature <= 0:
        return None
    match optimizer:
        case "sgd":
            return 2 / curvature
        case "momentum":
            return 2 * (1 + momentum) / curvature
        case "nesterov":
            return 2 * (1 + momentum) / ((1 + 2 * momentum) * curvature)
        case _:
            return None


def best_momentum(curvatures: Float64[np.ndarray, " direction"]) -> tuple[float, float] | None:
    """Return the rate and momentum that end fastest in a bowl; None if it is not a bowl.

    Source: Polyak (1964), as above.

    Example:
        >>> best_momentum(np.array([1.0, 9.0]))
        (0.25, 0.25)
    """
    low, high = float(curvatures[0]), float(curvatures[-1])
    if low <= 0:
        return None
    root = np.sqrt(high / low)
    return float((2 / (np.sqrt(low) + np.sqrt(high))) ** 2), float(((root - 1) / (root + 1)) ** 2)
