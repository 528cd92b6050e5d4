"""The loss of a network on a plane through the space of its parameters."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from lab.training.architecture import Architecture, losses_of, unpacked

CHUNK = 64
"""So many networks are evaluated at once: what they compute fits a processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """All parameters centre + x axes[0] + y axes[1]. The axes need not be at right angles.

    Attributes:
        centre: the parameters at x = y = 0.
        axes: the two directions.
    """

    centre: Float64[Tensor, " parameter"]
    axes: Float64[Tensor, "2 parameter"]

    def points(self, places: Float64[Tensor, "*shape 2"]) -> Float64[Tensor, "*shape parameter"]:
        """Return the parameters at x and y."""
        return self.centre + places @ self.axes

    def coordinates(self, points: Float64[Tensor, "*shape parameter"]) -> Float64[Tensor, "*shape 2"]:
        """Return x and y of the place of the plane that is nearest to each of `points`."""
        return (points - self.centre) @ torch.linalg.pinv(self.axes)

    def distances(self, points: Float64[Tensor, "*shape parameter"]) -> Float64[Tensor, "*shape"]:
        """Return how far each of `points` is from the plane."""
        return (points - self.points(self.coordinates(points))).norm(dim=-1)


def principal_axes(
    points: Float64[Tensor, "point parameter"], centre: Float64[Tensor, " parameter"]
) -> tuple[Float64[Tensor, "2 parameter"], tuple[float, float]]:
    """Return the directions of the plane through `centre` that comes closest to all points.

    It is a principal component analysis about `centre` in place of the points' mean: a plane of directions
    about the mean, moved to the centre, would miss all points by what the two differ.

    Returns:
        Two axes of length 1 at right angles, the largest number of each positive; and how much of the
        points' squared distances from the centre lies along each. If all points lie on a line through the
        centre, the second axis is any direction across, with a share of 0.

    Source: Li and others (2018), section 7.

    Example:
        >>> line = torch.tensor([[0.0, 0.0, 1.0], [0.0, 2.0, 1.0]], dtype=torch.float64)
        >>> principal_axes(line, line[0])[1]
        (1.0, 0.0)
    """
    apart = points - centre
    size = float(apart.abs().max()) or 1.0
    # Rows of 0 change no direction; with them there are two directions even of a single point.
    padded = torch.cat([apart / size, apart.new_zeros(2, len(centre))])
    _left, spreads, directions = torch.linalg.svd(padded, full_matrices=False)
    axes = directions[:2]
    largest = axes.gather(1, axes.abs().argmax(dim=1, keepdim=True))
    squares = spreads.square()
    shares = (squares / (float(squares.sum()) or 1.0)).tolist()
    return axes * torch.sign(largest), (shares[0], shares[1])


def filter_normalised_axes(
    architecture: Architecture, centre: Float64[Tensor, " parameter"], generator: torch.Generator
) -> Float64[Tensor, "2 parameter"]:
    """Return two random directions in which every neuron's weights are as long as they are at `centre`.

    A neuron whose weights are small is then moved little, one with large weights much: a step of 1 means
    the same for both. The directions leave biases as they are.

    Source: Li, Xu, Taylor, Studer, Goldstein (2018), Visualizing the Loss Landscape of Neural Nets,
        section 4.
    """
    axes = torch.zeros(2, len(centre), dtype=centre.dtype)
    for (drawn, _none), (own, _biases) in zip(
        unpacked(architecture, axes), unpacked(architecture, centre), strict=True
    ):
        drawn.normal_(generator=generator)
        # weights are [fan_in, fan_out]: a neuron's own are a column
        drawn.mul_(own.norm(dim=-2) / drawn.norm(dim=-2)[..., None, :])
    return axes


def plane_losses(
    architecture: Architecture,
    plane: Plane,
    places: Float64[Tensor, "place 2"],
    inputs: Float64[Tensor, "example feature"],
    targets: Float64[Tensor, "example output"],
) -> Iterator[Float64[Tensor, " some"]]:
    """Yield the loss at places of the plane, some at a time, in order; not finite where it overflows."""
    for some in places.split(CHUNK):
        yield losses_of(architecture, plane.points(some), inputs, targets)
