"""What the curvature at the minimum says about rates: the largest stable one, and the best."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64

from lab.models.surfaces import Surface, hessian


@dataclass(frozen=True, slots=True)
class Bottom:
    """The place where descents come to rest, and the shape of the surface there.

    Attributes:
        place: x and y.
        loss: there.
        curvatures: eigenvalues of the Hessian, rising; only that of x on a curve.
        directions: its eigenvectors as columns.
    """

    place: tuple[float, float]
    loss: float
    curvatures: Float64[np.ndarray, " direction"]
    directions: Float64[np.ndarray, "2 direction"]

    @property
    def steepest(self) -> float:
        """The largest curvature."""
        return float(self.curvatures[-1])


def bottom(one: Surface, end: tuple[float, float]) -> Bottom:
    """Return the known minimum that is nearest to where the best racer ended."""
    place = min(one.minima, key=lambda minimum: np.hypot(minimum[0] - end[0], minimum[1] - end[1]))
    x, y = torch.tensor(place, dtype=torch.float64)
    if one.flat:
        found = hessian(one, place)[:1, :1]
        return Bottom(place, float(one.value(x, y)), found[0].numpy(), np.array([[1.0], [0.0]]))
    curvatures, directions = torch.linalg.eigh(hessian(one, place))
    return Bottom(place, float(one.value(x, y)), curvatures.numpy(), directions.numpy())


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
