"""The figures that only this lesson has: how z and a are spread in every layer, and softmax as bars."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from lab.core.labels import _
from lab.figures.chart import Bar, Figure, Scatter
from lab.figures.theme import BLUE, GREEN, ORANGE, PURPLE, RED, figure

LINES = ((BLUE, "solid"), (ORANGE, "dash"), (GREEN, "dot"), (PURPLE, "dashdot"), (RED, "longdash"))
BINS = 40


def spread(values: Sequence[Float64[np.ndarray, "example neuron"]], x_title: str) -> Figure:
    """Return a histogram for every layer in one figure, each as the outline of its bars.

    Args:
        values: one array per layer; all examples and neurons count alike.
        x_title: what is counted.
    """
    chart = figure(x_title, _("Share of neurons and examples (%)"), hovermode="closest")
    low, high = _ends(values)
    edges = np.linspace(low, high, BINS + 1)
    for number, (layer, (colour, dash)) in enumerate(zip(values, LINES, strict=False), start=1):
        counts, _edges = np.histogram(np.clip(layer, low, high), edges)
        last = number == len(values)
        chart.add_trace(
            Scatter(
                x=(edges[:-1] + edges[1:]) / 2,
                y=100 * counts / layer.size,
                name=_("output") if last else _("layer {number}").format(number=number),
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2, "shape": "hvh"},
                hovertemplate="%{x:.3g}: %{y:.1f} %",
            )
        )
    chart.update_yaxes(rangemode="tozero")
    return chart


def _ends(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the ends of the histograms: nearly all values; the bars at the ends hold those beyond."""
    flat = np.concatenate([layer.ravel() for layer in values])
    low, high = np.percentile(flat, (0.5, 99.5))
    return (float(low), float(high)) if high > low else (float(low) - 1, float(high) + 1)


def shares(names: Sequence[str], plain: np.ndarray, heated: np.ndarray, temperature: float) -> Figure:
    """Return the softmax shares of each neuron, at temperature 1 and at the chosen one."""
    chart = figure(_("Output neuron"), _("Share p (%)"), hovermode="closest", barmode="group")
    places = np.arange(len(names))
    for values, colour, name in ((plain, BLUE, "T = 1"), (heated, ORANGE, f"T = {temperature:g}")):
        pattern = {"shape": "" if colour == BLUE else "/"}
        chart.add_trace(
            Bar(
                x=places,
                y=100 * values,
                name=name,
                marker={"color": colour, "pattern": pattern},
                hovertemplate="%{y:.2f} %",
            )
        )
    chart.update_xaxes(tickvals=places, ticktext=list(names))
    chart.update_yaxes(range=[0, 102])
    return chart
