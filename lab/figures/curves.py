"""Curves of runs: the median over networks with its spread."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from lab.core.labels import _
from lab.figures.chart import Figure, Scatter
from lab.figures.theme import BLUE, ORANGE, RED, faded, figure


@dataclass(frozen=True, slots=True)
class Band:
    """The middle of several networks' scores at each moment: 10th percentile, median, 90th."""

    low: Float[np.ndarray, " moment"]
    median: Float[np.ndarray, " moment"]
    high: Float[np.ndarray, " moment"]


def band(values: Float[np.ndarray, "moment network"], worst: float) -> Band:
    """Return the band of `values`; NaN counts as `worst`, so that diverged networks are not forgotten.

    Where a percentile falls on a network that is infinitely bad, the band has a gap (NaN).

    Example:
        >>> band(np.array([[1.0, 2.0, 3.0]]), np.inf).median.tolist()
        [2.0]
    """
    filled = np.where(np.isfinite(values), values, worst)
    with np.errstate(invalid="ignore"):
        lines = np.percentile(filled, (10, 50, 90), axis=1)
    # On a network exactly, numpy still adds 0 times the next one, which may be infinite.
    on_network = np.percentile(filled, (10, 50, 90), axis=1, method="lower")
    exact = on_network == np.percentile(filled, (10, 50, 90), axis=1, method="higher")
    lines = np.where(exact, on_network, lines)
    return Band(*np.where(np.isfinite(lines), lines, np.nan))


def history(
    epochs: Float[np.ndarray, " moment"],
    parts: dict[str, Float[np.ndarray, "moment network"]],
    *,
    y_title: str,
    shown: int,
    worst: float = np.inf,
    log: bool = False,
) -> Figure:
    """Return curves over epochs: for each part a median, its p10-p90 band and the shown network.

    Args:
        epochs: when the scores were measured.
        parts: scores by name of the part, `train` and `test`.
        y_title: what the scores are, with unit.
        shown: the network that is marked, from 0.
        worst: what a diverged network counts as.
        log: whether the scores are drawn on a logarithmic axis.
    """
    chart = figure(_("Epoch"), y_title, meta={"epoch_axis": True})
    x = np.asarray(epochs, np.float32)
    for (name, values), colour, dash in zip(parts.items(), (BLUE, ORANGE), ("solid", "dash"), strict=False):
        spread = band(values, worst)
        if values.shape[1] > 1:
            chart.add_trace(_ribbon(x, spread, colour, name))
        chart.add_trace(_line(x, spread.median, f"{name}, {_('median')}", color=colour, dash=dash, width=2.5))
        if values.shape[1] > 1:
            mine = np.where(np.isfinite(values[:, shown]), values[:, shown], np.nan)
            label = f"{name}, {_('network')} {shown + 1}"
            chart.add_trace(_line(x, mine, label, color=colour, dash="dot", width=1.2))
    chart.update_yaxes({"type": "log"} if log else {"type": "linear", "rangemode": "tozero"})
    return chart


def _ribbon(x: np.ndarray, spread: Band, colour: str, name: str) -> Scatter:
    """Return the area between p10 and p90 as one closed line; moments with a gap are left out."""
    whole = np.isfinite(spread.low) & np.isfinite(spread.high)
    edge_x = np.concatenate([x[whole], x[whole][::-1]])
    edge_y = np.concatenate([spread.high[whole], spread.low[whole][::-1]]).astype(np.float32)
    return Scatter(
        x=edge_x,
        y=edge_y,
        name=f"{name}, p10-p90",
        mode="lines",
        fill="toself",
        fillcolor=faded(colour, 0.18),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def _line(x: np.ndarray, y: np.ndarray, name: str, **line: Any) -> Scatter:
    return Scatter(
        x=x,
        y=y.astype(np.float32),
        name=name,
        mode="lines",
        line=line,
        hovertemplate="%{y:.4g}",
    )


def sweep(
    labels: list[str],
    parts: dict[str, Float[np.ndarray, "value network"]],
    *,
    x_title: str,
    y_title: str,
) -> Figure:
    """Return final losses against the values of a knob: medians, p10-p90 bars, diverged networks marked.

    Args:
        labels: the values of the knob, in order.
        parts: final losses by name of the part; not finite where a network diverged.
        x_title: the knob, with unit.
        y_title: the loss, with unit.
    """
    chart = figure(x_title, y_title, hovermode="closest")
    chart.update_xaxes(type="category", categoryorder="array", categoryarray=labels)
    chart.update_yaxes(type="log")
    for (name, values), colour, symbol in zip(
        parts.items(), (BLUE, ORANGE), ("circle", "diamond"), strict=False
    ):
        spread = band(values, np.inf)
        chart.add_trace(
            Scatter(
                x=labels,
                y=spread.median,
                name=f"{name}, {_('median and p10-p90')}",
                mode="lines+markers",
                line={"color": colour, "width": 2},
                marker={"symbol": symbol, "size": 8},
                error_y={
                    "type": "data",
                    "array": np.nan_to_num(spread.high - spread.median),
                    "arrayminus": np.nan_to_num(spread.median - spread.low),
                    "thickness": 1.2,
                },
                hovertemplate="%{y:.4g}",
            )
        )
    chart.add_trace(_diverged(labels, parts))
    return chart


def _diverged(labels: list[str], parts: dict[str, np.ndarray]) -> Scatter:
    """Return crosses along the top, one for each value at which networks diverged, with their number."""
    counts = np.max([(~np.isfinite(values)).sum(axis=1) for values in parts.values()], axis=0)
    finite = np.concatenate([values[np.isfinite(values)] for values in parts.values()])
    top = float(finite.max()) * 1.5 if finite.size else 1.0
    marked = [(label, int(count)) for label, count in zip(labels, counts, strict=True) if count]
    return Scatter(
        x=[label for label, _count in marked],
        y=[top] * len(marked),
        name=_("diverged"),
        text=[str(count) for _label, count in marked],
        mode="markers+text",
        textposition="top center",
        marker={"symbol": "x", "size": 10, "color": RED},
        hovertemplate=_("%{text} networks diverged"),
    )
