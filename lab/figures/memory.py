"""Several networks' medians with their spread, against steps or delays."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from lab.figures.chart import Figure, Scatter
from lab.figures.curves import band
from lab.figures.layerwise import LOOKS
from lab.figures.theme import faded, figure


def median_curves(
    x: Float[np.ndarray, " place"],
    values: Mapping[str, Float[np.ndarray, "place network"]],
    *,
    x_title: str,
    y_title: str,
    log: bool = False,
    form: str = "%{y:.3g}",
) -> Figure:
    """Return for each name the median over networks, and the area from the 10th to the 90th percentile.

    Args:
        x: where the numbers belong.
        values: by name; a name may have fewer places than `x`, then they are the first ones. On a
            logarithmic axis what is 0 is not drawn.
        x_title: with unit.
        y_title: with unit.
        log: whether the heights stand on a logarithmic axis.
        form: how a height is written on the curve.
    """
    chart = figure(x_title, y_title, height=400)
    for (name, one), (colour, dash, symbol) in zip(values.items(), LOOKS, strict=False):
        spread = band(one, np.inf)
        low, middle, high = (
            np.where(line > 0, line, np.nan) if log else line
            for line in (spread.low, spread.median, spread.high)
        )
        places = x[: len(one)]
        if one.shape[1] > 1:
            chart.add_trace(_ribbon(places, low, high, name, colour))
        chart.add_trace(
            Scatter(
                x=places,
                y=middle,
                name=name,
                mode="lines+markers",
                line={"color": colour, "dash": dash, "width": 2.5},
                marker={"color": colour, "symbol": symbol, "size": 7 if len(x) <= 12 else 4},
                hovertemplate=form,
            )
        )
    chart.update_yaxes({"type": "log", "exponentformat": "power"} if log else {"rangemode": "tozero"})
    if log:
        chart.update_yaxes(dtick=_decades(values))
    return chart


def _ribbon(places: np.ndarray, low: np.ndarray, high: np.ndarray, name: str, colour: str) -> Scatter:
    """Return the area between two lines, where both are finite."""
    whole = np.isfinite(low) & np.isfinite(high)
    return Scatter(
        x=np.concatenate([places[whole], places[whole][::-1]]),
        y=np.concatenate([high[whole], low[whole][::-1]]),
        name=f"{name}, p10-p90",
        mode="lines",
        fill="toself",
        fillcolor=faded(colour, 0.14),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def _decades(values: Mapping[str, np.ndarray]) -> int:
    """Return how many powers of ten lie between two ticks, so that there are at most eight."""
    known = [one[np.isfinite(one) & (one > 0)] for one in values.values()]
    heights = np.concatenate(known or [np.ones(1)])
    decades = np.log10(heights.max() / heights.min()) if heights.size else 1.0
    return max(1, int(np.ceil(decades / 8)))
