"""What belongs to a network's landscape: its curvature on the way, and how far a plane tells the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from lab.core.labels import _
from lab.figures.chart import Figure, Scatter
from lab.figures.paths import MOST, STYLES, Path, steps_of
from lab.figures.theme import figure

WIDE = 30
"""A ratio of largest to smallest from which an axis is logarithmic."""


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """The curvature along one path.

    Attributes:
        name: of the racer.
        style: its place among `STYLES`.
        values: the largest eigenvalue of the Hessian at each measurement; NaN once the path has diverged.
        settled: whether the search for it had come to rest; drawn hollow where it had not.
        edge: the largest at which the racer is stable; None where none is known.
    """

    name: str
    style: int
    values: Float[np.ndarray, " moment"]
    settled: Bool[np.ndarray, " moment"]
    edge: float | None


def sharpness_figure(steps: Int[np.ndarray, " moment"], bends: Sequence[Bend], last: int) -> Figure:
    """Return the curvature of each path against the step, and as a thin line where the path is unstable.

    Args:
        steps: after which the curvature was measured.
        bends: one for each path.
        last: the step at which the axis ends.
    """
    chart = figure(_("Step"), _("Largest eigenvalue of the Hessian"), hovermode="closest")
    for bend in bends:
        colour, _dash, symbol = STYLES[bend.style]
        full = symbol.removesuffix("-open")
        chart.add_trace(
            Scatter(
                x=steps,
                y=np.where(np.abs(bend.values) < MOST, bend.values, np.nan),
                name=bend.name,
                mode="lines+markers",
                line={"color": colour, "width": 2.5},
                marker={"size": 6, "symbol": [full if one else f"{full}-open" for one in bend.settled]},
                hovertemplate="%{x}: %{y:.4g}",
            )
        )
        if bend.edge is None:
            continue
        chart.add_trace(
            Scatter(
                x=[0, last],
                y=[bend.edge, bend.edge],
                name=_("edge of {name}").format(name=bend.name),
                mode="lines",
                line={"color": colour, "dash": "dash", "width": 1.5},
                hovertemplate="%{y:.4g}",
            )
        )
    edges = [bend.edge for bend in bends if bend.edge is not None]
    every = np.concatenate([edges, *(bend.values for bend in bends)])
    known = every[np.isfinite(every) & (every < MOST)]
    positive = known[known > 0]
    if (known > 0).all() and positive.max() > WIDE * positive.min():
        chart.update_yaxes({"type": "log", "exponentformat": "power"})
    else:
        chart.update_yaxes({"rangemode": "tozero"})
    return chart


def above_the_plane(path: Path, beneath: Float[np.ndarray, " moment"], y_title: str) -> Figure:
    """Return the true losses of a path against the step, and those of the plane beneath it.

    Args:
        path: where the racer really was; its heights are true losses.
        beneath: the loss at the nearest places of the plane.
        y_title: with unit.
    """
    chart = figure(_("Step"), y_title, meta={"steps": steps_of([path])})
    colour, _dash, _symbol = STYLES[path.style]
    looks = (
        (_("true loss"), path.heights, {"color": colour, "width": 2.5}),
        (_("loss on the plane beneath"), beneath, {"color": "#7f7f7f", "dash": "dash", "width": 2}),
    )
    for name, heights, line in looks:
        chart.add_trace(
            Scatter(
                x=np.arange(len(heights)),
                y=np.where((heights > 0) & (heights < MOST), heights, np.nan),
                name=name,
                mode="lines",
                line=line,
                hovertemplate="%{y:.4g}",
                meta={"path": "line"},
            )
        )
    chart.update_yaxes({"type": "log", "exponentformat": "power"})
    return chart
