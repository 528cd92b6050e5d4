"""Several networks layer by layer: curves on a power-of-ten axis, over epochs, and one network's map."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from lab.core.labels import _
from lab.figures.chart import Figure, Heatmap, Scatter
from lab.figures.theme import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, YELLOW_ON_BLUE, figure

LOOKS = (
    (BLUE, "solid", "circle"),
    (ORANGE, "solid", "square"),
    (GREEN, "dash", "diamond"),
    (PURPLE, "dot", "x"),
    (SKY, "dashdot", "cross"),
    (RED, "longdash", "star"),
    ("#7f7f7f", "solid", "hexagon"),
)
"""Colour, dash and symbol of each network: told apart without colours too."""


def layer_curves(values: Mapping[str, Float[np.ndarray, " layer"]], *, y_title: str) -> Figure:
    """Return one curve per network over the layers, on a logarithmic axis.

    A number that has overflowed is not drawn in its place but as an arrow up above all others, and an exact
    0 as an arrow down below them.

    Args:
        values: one number of 0 or more per layer, by name of the network; infinite or NaN after an overflow.
        y_title: what they are, with unit.
    """
    chart = figure(_("Hidden layer"), y_title, height=420)
    low, high = _reach(list(values.values()))
    decades = np.log10(high) - np.log10(low)
    for number, ((name, line), (colour, dash, symbol)) in enumerate(zip(values.items(), LOOKS, strict=False)):
        x = np.arange(1, len(line) + 1)
        apart = 10.0 ** min(0.03 * decades * number, 6.0)  # the arrows of two networks do not hide each other
        drawn = np.where(np.isfinite(line) & (line > 0), line, np.nan)
        look = {"color": colour, "dash": dash, "width": 2}
        marker = {"color": colour, "symbol": symbol, "size": 6}
        chart.add_trace(_line(x, drawn, name, line=look, marker=marker, mode="lines+markers"))
        for lost, height, arrow, word in (
            (x[~np.isfinite(line)], high * apart, "triangle-up", _("overflow")),
            (x[line == 0], low / apart, "triangle-down", _("exactly 0")),
        ):
            if lost.size:
                style = {"symbol": arrow, "size": 10, "color": colour}
                label = f"{name}: {word}"
                chart.add_trace(_line(lost, np.full(len(lost), height), label, marker=style, mode="markers"))
    chart.update_yaxes(type="log", exponentformat="power", dtick=_ticks(low, high))
    return chart


def _reach(lines: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return where arrows down and up stand: beyond all numbers that are drawn."""
    together = np.concatenate(lines)
    drawn = together[np.isfinite(together) & (together > 0)]
    if not drawn.size:
        return 0.1, 10.0
    return float(max(drawn.min() / 10, 1e-300)), float(min(drawn.max(), 1e299) * 10)


def _ticks(low: float, high: float) -> int:
    """Return the distance of ticks in powers of ten, for about eight of them.

    Example:
        >>> _ticks(1e-30, 1.0), _ticks(0.01, 1.0)
        (4, 1)
    """
    return max(1, int(np.ceil((np.log10(high) - np.log10(low)) / 8)))


def training_curves(
    epochs: Float[np.ndarray, " moment"],
    values: Mapping[str, Float[np.ndarray, " moment"]],
    *,
    y_title: str,
    log: bool = False,
) -> Figure:
    """Return one curve per network over the epochs; a cross marks the last number before an overflow.

    Args:
        epochs: when the networks were measured.
        values: by name of the network; NaN once it has overflowed.
        y_title: what they are, with unit.
        log: whether they stand on a logarithmic axis; then they are above 0.
    """
    chart = figure(_("Epoch"), y_title, height=420)
    for (name, line), (colour, dash, _symbol) in zip(values.items(), LOOKS, strict=False):
        sound = np.isfinite(line)
        drawn = np.where(sound, line, np.nan)
        look = {"color": colour, "dash": dash, "width": 2}
        chart.add_trace(_line(epochs, drawn, name, line=look, mode="lines"))
        if not sound.all():
            last = np.flatnonzero(sound)[-1:] if sound.any() else np.array([0])
            heights = drawn[last] if sound.any() else np.ones(1)
            style = {"symbol": "x", "size": 11, "color": colour}
            label = f"{name}: {_('overflow')}"
            chart.add_trace(_line(epochs[last], heights, label, marker=style, mode="markers"))
    chart.update_yaxes({"type": "log", "exponentformat": "power"} if log else {"rangemode": "tozero"})
    return chart


def _line(x: np.ndarray, y: np.ndarray, name: str, **look: Any) -> Scatter:
    return Scatter(x=x, y=y, name=name, hovertemplate="%{y:.3g}", **look)


def layer_map(values: Float[np.ndarray, "layer moment"], epochs: Float[np.ndarray, " moment"]) -> Figure:
    """Return a map of the powers of ten of `values`; what is 0 or has overflowed is left empty."""
    with np.errstate(divide="ignore", invalid="ignore"):
        powers = np.where(np.isfinite(values) & (values > 0), np.log10(values), np.nan)
    chart = figure(_("Epoch"), _("Hidden layer"), height=420, hovermode="closest")
    chart.add_trace(
        Heatmap(
            x=epochs,
            y=np.arange(1, len(values) + 1),
            z=powers,
            colorscale=YELLOW_ON_BLUE,
            colorbar={"title": {"text": _("power of 10")}, "thickness": 12},
            hovertemplate=_("epoch %{x}, layer %{y}: 10^%{z:.2f}"),
        )
    )
    return chart
