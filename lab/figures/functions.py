"""A function of one number, with marked points and the ranges in which it is flat."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lab.core.labels import _
from lab.figures.chart import Bar, Figure, Scatter
from lab.figures.curves import band
from lab.figures.theme import BLUE, GREEN, ORANGE, PURPLE, RED, faded, figure

COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on a curve: what it is, where, and its sign (`circle` is now, `diamond` after a step)."""

    name: str
    x: float
    y: float
    curve: int = 0
    symbol: str = "circle"


def function_figure(
    x: Float[np.ndarray, " point"],
    curves: Mapping[str, Float[np.ndarray, " point"]],
    *,
    x_title: str,
    y_title: str,
    marks: Sequence[Mark] = (),
    flat: Bool[np.ndarray, " point"] | None = None,
) -> Figure:
    """Return curves over x, points on them, and in red where the first curve is flat.

    Args:
        x: where the curves were computed, rising.
        curves: values by name of the curve, at most four.
        x_title: with unit.
        y_title: with unit.
        marks: points to be marked.
        flat: where the first curve is to be drawn as flat; none if not given.
    """
    chart = figure(x_title, y_title)
    for number, (name, values) in enumerate(curves.items()):
        line = {"color": COLOURS[number], "dash": DASHES[number], "width": 2.5}
        chart.add_trace(_line(x, values, name, line))
    if flat is not None and flat.any():
        first = next(iter(curves.values()))
        line = {"color": RED, "width": 7}
        chart.add_trace(_line(x, np.where(flat, first, np.nan), _("saturated: slope below 0.01"), line))
        chart.traces[-1].update(opacity=0.45)
    for mark in marks:
        chart.add_trace(_point(mark))
    return chart


def _line(x: np.ndarray, y: np.ndarray, name: str, line: Mapping[str, object]) -> Scatter:
    return Scatter(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        name=name,
        mode="lines",
        line=line,
        hovertemplate="%{y:.4g}",
    )


def _point(mark: Mark) -> Scatter:
    return Scatter(
        x=[mark.x],
        y=[mark.y],
        name=mark.name,
        mode="markers",
        marker={
            "symbol": mark.symbol,
            "size": 12,
            "color": COLOURS[mark.curve],
            "line": {"width": 2, "color": "#888888"},
        },
        hovertemplate="%{y:.4g}",
    )


def ranges(x: Float[np.ndarray, " point"], inside: Bool[np.ndarray, " point"]) -> list[tuple[float, float]]:
    """Return the stretches of `x` in which `inside` holds, as first and last point.

    Example:
        >>> ranges(np.array([0.0, 1.0, 2.0, 3.0]), np.array([True, False, True, True]))
        [(0.0, 0.0), (2.0, 3.0)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    return [(float(x[start]), float(x[end - 1])) for start, end in edges.reshape(-1, 2)]


def bands_figure(
    x: Float[np.ndarray, " moment"],
    parts: Mapping[str, Float[np.ndarray, "moment network"]],
    *,
    x_title: str,
    y_title: str,
    worst: float = np.inf,
    log: bool = False,
    first: int = 0,
) -> Figure:
    """Return for each part the median over the networks and the band from p10 to p90.

    Args:
        x: moments or layers, rising.
        parts: numbers by name, at most four names.
        x_title: with unit.
        y_title: with unit.
        worst: what a number that is not finite counts as.
        log: whether y is logarithmic; numbers of 0 are then left out.
        first: the place of the first name among the colours, to keep a name's colour from figure to figure.
    """
    chart = figure(x_title, y_title)
    drawn: list[np.ndarray] = []
    for number, (name, values) in enumerate(parts.items(), start=first):
        spread = band(values, worst)
        lines = [spread.low, spread.median, spread.high]
        low, median, high = (np.where(line > 0, line, np.nan) if log else line for line in lines)
        line = {"color": COLOURS[number], "dash": DASHES[number], "width": 2.5}
        if values.shape[1] > 1:
            chart.add_trace(_ribbon(x, low, high, number))
        drawn += [low, median, high]
        chart.add_trace(_line(x, median, name, line))
        chart.traces[-1].update(mode="lines+markers" if len(x) <= 31 else "lines")
    chart.update_yaxes(_log_axis(drawn) if log else {"type": "linear"})
    return chart


def _log_axis(lines: Sequence[np.ndarray]) -> dict[str, object]:
    """Return a logarithmic axis with a readable number of ticks, whether it spans half a decade or fifty."""
    heights = np.concatenate(lines)
    heights = np.log10(heights[np.isfinite(heights)])
    decades = float(np.ptp(heights)) if heights.size else 0.0
    return {
        "type": "log",
        "exponentformat": "power",
        "dtick": "D2" if decades < 2 else math.ceil(decades / 6),
    }


def _ribbon(x: np.ndarray, low: np.ndarray, high: np.ndarray, number: int) -> Scatter:
    """Return the area between p10 and p90 as one closed line; moments with a gap are left out."""
    whole = np.isfinite(low) & np.isfinite(high)
    return Scatter(
        x=np.concatenate([x[whole], x[whole][::-1]]).astype(np.float32),
        y=np.concatenate([high[whole], low[whole][::-1]]).astype(np.float32),
        mode="lines",
        fill="toself",
        fillcolor=faded(COLOURS[number], 0.18),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def bars_figure(
    labels: Sequence[str],
    parts: Mapping[str, Float[np.ndarray, "label network"]],
    *,
    x_title: str,
    y_title: str,
) -> Figure:
    """Return groups of bars: medians over the networks, with lines from p10 to p90 where there are several.

    Args:
        labels: of the groups.
        parts: numbers by name of the bars in each group, at most four names.
        x_title: what the groups are.
        y_title: with unit.
    """
    chart = figure(x_title, y_title, hovermode="closest", barmode="group")
    chart.update_xaxes(type="category")
    for number, (name, values) in enumerate(parts.items()):
        spread = band(values, np.inf)
        error = None
        if values.shape[1] > 1:
            error = {"array": spread.high - spread.median, "arrayminus": spread.median - spread.low}
        chart.add_trace(
            Bar(
                x=list(labels),
                y=spread.median,
                name=name,
                error_y=error,
                marker={"color": COLOURS[number], "pattern": {"shape": ["", "/", ".", "x"][number]}},
                hovertemplate="%{y:.4g}",
            )
        )
    return chart
