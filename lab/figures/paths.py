"""Paths of those who go down: their look, their points on a curve, and their heights step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from lab.figures.chart import Figure, Scatter
from lab.figures.theme import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, figure

STYLES = (
    (BLUE, "solid", "circle"),
    (BLUE, "dot", "circle-open"),
    (ORANGE, "solid", "square"),
    (ORANGE, "dot", "square-open"),
    (SKY, "dash", "diamond-open"),
    (GREEN, "dashdot", "diamond"),
    (RED, "solid", "cross"),
    (RED, "dot", "x"),
    (SKY, "dot", "diamond"),
    (PURPLE, "solid", "x"),
)
"""Colour, dash and symbol of a racer; those of one family share the colour."""
MOST = 3e38  # what a 32-bit number holds


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Where somebody went: before the first step and after each; NaN from where the path diverged.

    Attributes:
        name: of the racer.
        style: its place among `STYLES`.
        positions: x and y.
        heights: of the function there.
    """

    name: str
    style: int
    positions: Float64[np.ndarray, "moment 2"]
    heights: Float64[np.ndarray, " moment"]

    @property
    def line(self) -> dict[str, Any]:
        """Return colour, dash and width of its line."""
        colour, dash, _symbol = STYLES[self.style]
        return {"color": colour, "dash": dash, "width": 2.5}


def steps_of(paths: Sequence[Path]) -> int:
    """Return how many steps the longest path has."""
    return max((len(path.heights) - 1 for path in paths), default=0)


def path_line(path: Path, x: np.ndarray, y: np.ndarray) -> Scatter:
    """Return a path as it is played: a line with its steps."""
    return Scatter(
        x=x,
        y=y,
        name=path.name,
        legendgroup=path.name,
        mode="lines+markers",
        line=path.line,
        marker={"size": 3.5, "color": path.line["color"]},
        hoverinfo="skip",
        meta={"path": "line"},
    )


def path_head(path: Path, x: np.ndarray, y: np.ndarray) -> Scatter:
    """Return where a path has come to as it is played: one marker."""
    colour, _dash, symbol = STYLES[path.style]
    edge = {"width": 1.5, "color": colour if symbol.endswith("open") else "#ffffff"}
    return Scatter(
        x=x,
        y=y,
        name=path.name,
        legendgroup=path.name,
        showlegend=False,
        mode="markers",
        marker={"size": 12, "color": colour, "symbol": symbol, "line": edge},
        hoverinfo="skip",
        meta={"path": "head"},
    )


def curve_figure(
    curve: Float64[np.ndarray, "2 point"], paths: Sequence[Path], x_title: str, y_title: str, **meta: Any
) -> Figure:
    """Return a function of x alone as a curve, with paths of points on it.

    Args:
        curve: x, rising, and the function there; NaN where it has no value.
        paths: all of equal length.
        x_title: with unit.
        y_title: with unit.
        meta: what the stage does with the figure, such as `pick`.
    """
    chart = figure(x_title, y_title, hovermode="closest", height=460)
    x, heights = curve
    line = {"color": "#7f8797", "width": 3}
    chart.add_trace(Scatter(x=x, y=heights.astype(np.float32), name="f(x)", mode="lines", line=line))
    for path in paths:
        y = np.where(np.abs(path.heights) < MOST, path.heights, np.nan)
        steps = path_line(path, path.positions[:, 0], y)
        steps.update(line={**path.line, "width": 1}, marker={"size": 7, "symbol": STYLES[path.style][2]})
        chart.add_trace(steps)
        chart.add_trace(path_head(path, path.positions[:, 0], y))
    known = heights[np.isfinite(heights)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    room = 0.06 * (high - low) or 1.0
    chart.update_xaxes(range=[x[0], x[-1]])
    chart.update_yaxes(range=[low - room, high + room])
    chart.update_layout(meta={"steps": steps_of(paths), **meta})
    return chart


def descent_figure(paths: Sequence[Path], x_title: str, y_title: str) -> Figure:
    """Return height against step; logarithmic where no height is negative.

    The axis ends a hundred times above the start: what diverges is seen leaving it.
    """
    chart = figure(x_title, y_title, meta={"steps": steps_of(paths)})
    every = np.concatenate([path.heights for path in paths])
    known = every[np.isfinite(every)]
    log = bool(known.size) and known.min() >= 0 and known.max() > 3 * known.min()
    for path in paths:
        fits = (np.abs(path.heights) < MOST) & ((path.heights > 0) if log else True)
        chart.add_trace(
            Scatter(
                x=np.arange(len(path.heights)),
                y=np.where(fits, path.heights, np.nan),
                name=path.name,
                mode="lines",
                line=path.line,
                hovertemplate="%{y:.4g}",
                meta={"path": "line"},
            )
        )
    chart.update_yaxes(_height_axis(known, paths[0].heights[0], log))
    return chart


def _height_axis(known: np.ndarray, start: float, log: bool) -> dict[str, Any]:
    """Return an axis on which the descent is seen, whatever else explodes or vanishes."""
    if known.size == 0:
        return {"type": "linear"}
    if log:
        positive = known[known > 0]
        top = min(positive.max(), 100 * max(start, positive.min()))
        bottom = max(positive.min(), 1e-16 * top)
        return {
            "type": "log",
            "range": [np.log10(bottom) - 0.2, np.log10(top) + 0.2],
            "exponentformat": "power",
        }
    low = float(known.min())
    low = max(low, start - 100 * (1 + abs(start)))
    high = min(float(known.max()), start + 2 * max(start - low, 1e-9))
    room = 0.05 * (high - low) or 1.0
    return {"type": "linear", "range": [low - room, high + room]}
