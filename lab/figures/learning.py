"""Curves of single networks as they learn: measured moments, what they aim at, and where one overflowed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lab.core.labels import _
from lab.figures.chart import Figure, Scatter
from lab.figures.theme import RED, figure


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One score of one network.

    Attributes:
        name: as it stands in the legend.
        values: at each moment; NaN where there is none.
        colour: of the line.
        dash: of the line, as Plotly calls it.
        thin: whether it is less important than the others, and not in the legend.
    """

    name: str
    values: Float[np.ndarray, " moment"]
    colour: str
    dash: str = "solid"
    thin: bool = False


def learning_figure(
    epochs: Float[np.ndarray, " moment"],
    curves: Sequence[Curve],
    *,
    y_title: str,
    log: bool = False,
    target: tuple[str, float] | None = None,
) -> Figure:
    """Return one line per curve over the epochs; a red cross marks the last number before an overflow.

    Args:
        epochs: when the networks were measured, the first at 0.
        curves: in the order of the legend; what ends in NaN has overflowed.
        y_title: what they are, with unit.
        log: whether they stand on a logarithmic axis; then they are above 0.
        target: a name and a value, drawn as a level line.
    """
    chart = figure(_("Epoch"), y_title, height=340)
    for one in curves:
        drawn = np.where(np.isfinite(one.values) & ((one.values > 0) | (not log)), one.values, np.nan)
        chart.add_trace(
            Scatter(
                x=epochs,
                y=drawn,
                name=one.name,
                mode="lines" if one.thin else "lines+markers",
                line={"color": one.colour, "dash": one.dash, "width": 1.3 if one.thin else 2.5},
                marker={"size": 5},
                hovertemplate="%{y:.4g}",
                showlegend=not one.thin,
            )
        )
        last = np.flatnonzero(np.isfinite(drawn))[-1:]
        if last.size and last[0] < len(epochs) - 1 and not one.thin:
            chart.add_trace(_overflow(f"{one.name}: {_('overflow')}", epochs[last], drawn[last]))
    if target is not None:
        name, level = target
        ends = np.array([0.0, max(float(epochs[-1]), 1.0)])
        line = {"color": "#7f7f7f", "dash": "dot", "width": 1.5}
        chart.add_trace(
            Scatter(x=ends, y=np.full(2, level), name=name, mode="lines", line=line, hoverinfo="skip")
        )
    if log:
        chart.update_yaxes(type="log", dtick="D2", exponentformat="power")
    return chart


def _overflow(name: str, epochs: np.ndarray, values: np.ndarray) -> Scatter:
    marker = {"symbol": "x", "size": 12, "color": RED}
    return Scatter(x=epochs, y=values, name=name, mode="markers", marker=marker, hovertemplate="%{y:.4g}")
