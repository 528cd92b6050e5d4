"""Several trainings whose measurements do not fall on the same moments, and the noise of batches."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from lab.core.labels import _
from lab.figures.chart import Figure, Scatter
from lab.figures.curves import band
from lab.figures.theme import BLUE, GREEN, ORANGE, faded, figure

LOOKS = ((BLUE, "solid", "circle"), (ORANGE, "dash", "square"), (GREEN, "dot", "diamond"))
"""Colour, dash and symbol of each training."""

LINES = {"mode": "lines"}
Course = tuple[Float[np.ndarray, " moment"], Float[np.ndarray, "moment network"]]
"""When a training was measured, and what each network then had."""


def uneven_bands(
    parts: Mapping[str, Course],
    *,
    x_title: str,
    y_title: str,
    worst: float = np.inf,
    log_x: bool = False,
    log_y: bool = False,
) -> Figure:
    """Return for each training the median over its networks and the band from p10 to p90.

    Args:
        parts: by name, at most three.
        x_title: with unit.
        y_title: with unit.
        worst: what a number that is not finite counts as.
        log_x: whether x is logarithmic; moments of 0 are then left out.
        log_y: whether y is logarithmic; numbers of 0 are then left out.
    """
    chart = figure(x_title, y_title, hovermode="closest", height=360)
    for (name, (moments, values)), (colour, dash, symbol) in zip(parts.items(), LOOKS, strict=False):
        kept = moments > 0 if log_x else np.isfinite(moments)
        if not kept.any():  # an empty array cannot be sent to the browser
            continue
        x = moments[kept].astype(np.float32)
        spread = band(values[kept], worst)
        lines = (spread.low, spread.median, spread.high)
        low, median, high = (np.where(line > 0, line, np.nan) if log_y else line for line in lines)
        if values.shape[1] > 1 and np.isfinite(low + high).any():
            chart.add_trace(_ribbon(x, low, high, colour))
        chart.add_trace(
            Scatter(
                x=x,
                y=median.astype(np.float32),
                name=name,
                mode="lines+markers",
                line={"color": colour, "dash": dash, "width": 2.5},
                marker={"symbol": symbol, "size": 6},
                hovertemplate="%{x:.4g}: %{y:.4g}",
            )
        )
    chart.update_xaxes(_log("D1" if _short(parts) else 1) if log_x else {"rangemode": "tozero"})
    chart.update_yaxes(_log("D2") if log_y else {"type": "linear"})
    return chart


def _short(parts: Mapping[str, Course]) -> bool:
    """Whether all moments after the first lie within two powers of ten."""
    moments = np.concatenate([moments[moments > 0] for moments, _values in parts.values()])
    return not moments.size or moments.max() / moments.min() < 100


def _log(ticks: str | int) -> dict[str, object]:
    return {"type": "log", "dtick": ticks, "exponentformat": "power"}


def _ribbon(x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str) -> Scatter:
    whole = np.isfinite(low) & np.isfinite(high)
    return Scatter(
        x=np.concatenate([x[whole], x[whole][::-1]]),
        y=np.concatenate([high[whole], low[whole][::-1]]).astype(np.float32),
        mode="lines",
        fill="toself",
        fillcolor=faded(colour, 0.18),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def noise_figure(
    sizes: Float[np.ndarray, " size"],
    drawn: Float[np.ndarray, " size"],
    predicted: Float[np.ndarray, " size"],
    full: float,
) -> Figure:
    """Return the noise of batch gradients over the batch size, measured and predicted.

    Args:
        sizes: examples in a batch; the largest are all of them, whose noise of 0 has no place here.
        drawn: root mean square distance of drawn batches to the full gradient.
        predicted: the same by the formula.
        full: length of the full gradient.
    """
    chart = figure(_("Examples in a batch, B"), _("Length (nats per unit)"), hovermode="closest", height=360)
    inside = slice(0, -1)
    roots = drawn[0] / np.sqrt(sizes)
    for name, values, look in (
        (_("1/√B"), roots, {"line": {"color": "#7f7f7f", "dash": "dot", "width": 1.5}}),
        (_("formula"), predicted, {"line": {"color": BLUE, "width": 2}}),
        (
            _("drawn batches"),
            drawn,
            {"mode": "markers", "marker": {"color": ORANGE, "size": 9, "symbol": "square"}},
        ),
    ):
        chart.add_trace(
            Scatter(
                x=sizes[inside], y=values[inside], name=name, hovertemplate="%{x}: %{y:.4g}", **LINES | look
            )
        )
    length = {"color": GREEN, "dash": "dash", "width": 2}
    ends = sizes[[0, -2]] if len(sizes) > 1 else sizes
    chart.add_trace(
        Scatter(
            x=ends,
            y=np.full(len(ends), full),
            name=_("full gradient"),
            mode="lines",
            line=length,
            hovertemplate="%{y:.4g}",
        )
    )
    chart.update_xaxes(_log(1))
    chart.update_yaxes(_log("D2"))
    return chart
