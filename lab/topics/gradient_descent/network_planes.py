"""The two planes on which the loss is computed: through the paths, and in random directions."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from lab.topics.gradient_descent.network_data import Problem
from lab.topics.gradient_descent.network_result import Slice
from lab.topics.gradient_descent.network_settings import NetworkSettings
from lab.training.landscape import Plane, filter_normalised_axes, plane_losses, principal_axes

MOMENTS = 61
"""So many places of each path decide on the axes of the plane through the paths."""
MARGIN = 0.25
"""The window is wider than the paths by this share of their extent, on either side."""
LARGEST = 1e100
"""Weights beyond this have squares that overflow; they cannot span a plane."""

Path = Float64[Tensor, "moment parameter"]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of a plane.

    Attributes:
        plane: the plane.
        x: where the loss is computed, rising.
        y: the same.
        shares: of the paths' squared distances from its centre along either axis, if they chose it.
    """

    plane: Plane
    x: Float64[Tensor, " column"]
    y: Float64[Tensor, " row"]
    shares: tuple[float, float] | None = None


def planes(
    settings: NetworkSettings,
    task: Problem,
    paths: Sequence[Path],
    diverged: Sequence[bool],
    centre: int,
) -> dict[str, Window]:
    """Return both planes; they go through the last place of path number `centre`.

    Paths that diverge choose neither axes nor window, unless all do: others would be a point beside them.
    """
    kept = [path[path.abs().amax(dim=1) < LARGEST] for path in paths]
    sound = [path for path, lost in zip(kept, diverged, strict=True) if not lost] or kept
    end = kept[centre][-1]
    axes, shares = principal_axes(torch.cat([path[_spread(len(path))] for path in sound]), end)
    through = Plane(end, axes)
    seen = torch.cat([through.coordinates(path) for path in sound])
    generator = torch.Generator().manual_seed(settings.net_seed)
    across = Plane(end, filter_normalised_axes(task.architecture, end, generator))
    unit = torch.linspace(-1, 1, settings.net_grid, dtype=torch.float64)
    x, y = _window(seen, settings.net_grid)
    return {"pca": Window(through, x, y, shares), "random": Window(across, unit, unit)}


def _spread(moments: int) -> Tensor:
    """Return which of the moments of a path are taken."""
    return torch.linspace(0, moments - 1, min(moments, MOMENTS), dtype=torch.float64).round().long()


def _window(seen: Float64[Tensor, "point 2"], count: int) -> tuple[Tensor, Tensor]:
    """Return the grid around the places; a side is at least a tenth of the other, and never nothing."""
    low, high = seen.amin(dim=0), seen.amax(dim=0)
    extent = high - low
    widest = float(extent.max()) or 1.0
    half = (extent / 2 * (1 + 2 * MARGIN)).clamp_min(0.1 * widest)
    middle = (low + high) / 2
    x, y = (
        torch.linspace(float(one - wide), float(one + wide), count, dtype=torch.float64)
        for one, wide in zip(middle, half, strict=True)
    )
    return x, y


def seen_from(
    window: Window, task: Problem, paths: Sequence[Path], moments: int
) -> Generator[float, None, Slice]:
    """Compute the loss on the window and beneath the paths, and yield how much of that is done."""
    plane = window.plane
    y, x = torch.meshgrid(window.y, window.x, indexing="ij")
    grid = torch.stack([x, y], dim=-1).reshape(-1, 2)
    placed = [plane.coordinates(path) for path in paths]
    places = torch.cat([grid, *placed])
    found: list[Tensor] = []
    done = 0
    for some in plane_losses(task.architecture, plane, places, task.inputs, task.targets):
        found.append(some)
        done += len(some)
        yield done / len(places)
    heights, *beneath = torch.cat(found).split([len(grid), *map(len, placed)])
    return Slice(
        x=window.x.numpy(),
        y=window.y.numpy(),
        heights=heights.reshape(y.shape).numpy(),
        positions=_filled(placed, moments),
        beneath=_filled(beneath, moments),
        distances=_filled([plane.distances(path) for path in paths], moments),
        shares=window.shares,
    )


def _filled(parts: Sequence[Tensor], moments: int) -> np.ndarray:
    """Return the parts as one array, each continued by NaN to all the moments."""
    filled = np.full((len(parts), moments, *parts[0].shape[1:]), np.nan)
    for row, part in zip(filled, parts, strict=True):
        row[: len(part)] = part.numpy()
    return filled
