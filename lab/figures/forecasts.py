"""Forecasts against the truth, what a network says step by step, and its answers against the right ones."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int64

from lab.core.labels import _
from lab.figures.chart import Figure, Heatmap, Scatter
from lab.figures.theme import BLUE, GREEN, ORANGE, RED, figure

TRUTH = "#808080"
"""A grey that can be read on white and on black."""
LOOKS = ((BLUE, "solid", 2.5), (ORANGE, "dash", 1.5), (GREEN, "dot", 1.5))


def forecast_figure(
    times: Float[np.ndarray, " time"],
    truth: Float[np.ndarray, " time"],
    start: int,
    forecasts: Mapping[str, Float[np.ndarray, " horizon"]],
    *,
    x_title: str,
    y_title: str,
) -> Figure:
    """Return the truth, and forecasts from the place `start` on; a line marks where the test part begins.

    Args:
        times: of the truth.
        truth: in its own unit.
        start: the place of the first forecast value.
        forecasts: by name, the network's first; at most three, equally long. NaN leaves a gap.
        x_title: what the times count.
        y_title: what the values are, with unit.
    """
    chart = figure(x_title, y_title)
    line = {"color": TRUTH, "width": 2}
    chart.add_trace(_line(times, truth, _("truth"), line))
    for (name, values), (colour, dash, width) in zip(forecasts.items(), LOOKS, strict=False):
        drawn = times[start : start + len(values)]
        chart.add_trace(_line(drawn, values, name, {"color": colour, "dash": dash, "width": width}))
    chart.add_vline(x=float(times[start]), line={"color": TRUTH, "width": 1, "dash": "dash"})
    return chart


def _line(x: np.ndarray, y: np.ndarray, name: str, line: Mapping[str, object]) -> Scatter:
    return Scatter(
        x=x.astype(np.float64).round(4),
        y=y.astype(np.float32),
        name=name,
        mode="lines",
        line=line,
        hovertemplate="%{y:.4g}",
    )


def add_level(chart: Figure, name: str, level: float, ends: tuple[float, float], place: int = 0) -> None:
    """Add a level line from end to end; `place` tells up to three of them apart by their dashes."""
    line = {"color": TRUTH, "width": 1.5, "dash": ("dot", "dash", "longdash")[place]}
    chart.add_trace(_line(np.array(ends), np.array([level, level]), name, line))


def add_ends(chart: Figure, name: str, x: Sequence[float], y: float) -> None:
    """Add red crosses where networks diverged."""
    if x:
        chart.add_trace(
            Scatter(
                x=list(x),
                y=[y] * len(x),
                name=name,
                mode="markers",
                marker={"symbol": "x", "size": 11, "color": RED},
                hovertemplate="%{x:.3g}",
            )
        )


def said_figure(
    symbols: Sequence[str],
    probabilities: Float[np.ndarray, "counted symbol"],
    truth: Int64[np.ndarray, " counted"],
    start: int,
) -> Figure:
    """Return what is said at each step as a map of probabilities, the right symbol marked by a ring.

    Args:
        symbols: their names.
        probabilities: at each step that counts; NaN leaves a gap.
        truth: numbers of the right symbols.
        start: the first step that counts, from 1.
    """
    steps = list(range(start, start + len(truth)))
    chart = figure(_("Step of the sequence"), _("Symbol (no unit)"), hovermode="closest")
    chart.add_trace(
        Heatmap(
            x=steps,
            y=list(symbols),
            z=probabilities.T.astype(np.float32),
            zmin=0,
            zmax=1,
            colorscale=[[0, "rgba(128,128,128,0.12)"], [1, BLUE]],
            colorbar={"title": {"text": _("Probability")}},
            hovertemplate="%{y} · %{x}: %{z:.1%}<extra></extra>",
        )
    )
    chart.add_trace(
        Scatter(
            x=steps,
            y=[symbols[one] for one in truth],
            name=_("right symbol"),
            mode="markers",
            marker={"symbol": "circle-open", "size": 12, "color": ORANGE, "line": {"width": 2.5}},
            hovertemplate="%{y}",
        )
    )
    return chart


def answers_figure(
    right: Float[np.ndarray, " sequence"], answers: Float[np.ndarray, " sequence"], naive: float, name: str
) -> Figure:
    """Return answers against the right ones, the line on which they are equal, and a constant answer.

    Args:
        right: the right numbers, at least one.
        answers: of the network; NaN leaves one out.
        naive: the constant answer.
        name: of the constant answer.
    """
    chart = figure(_("Right sum (no unit)"), _("Answer (no unit)"), hovermode="closest")
    ends = np.array([0.0, 2.0])
    chart.add_trace(_line(ends, ends, _("right"), {"color": TRUTH, "width": 2}))
    chart.add_trace(_line(ends, np.full(2, naive), name, {"color": ORANGE, "width": 1.5, "dash": "dash"}))
    chart.add_trace(
        Scatter(
            x=right.astype(np.float32),
            y=answers.astype(np.float32),
            name=_("network"),
            mode="markers",
            marker={"size": 6, "color": BLUE, "symbol": "circle"},
            hovertemplate="%{x:.3f}: %{y:.3f}",
        )
    )
    return chart
