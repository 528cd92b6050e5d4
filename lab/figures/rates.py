"""Learning rates against what becomes of them: one optimiser's sweep, curves of single rates, the map."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from lab.core.labels import _
from lab.figures.chart import Figure, Heatmap, Scatter
from lab.figures.theme import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, YELLOW_ON_BLUE, figure

LOOKS = (
    (BLUE, "solid"),
    (ORANGE, "dash"),
    (GREEN, "dot"),
    (PURPLE, "dashdot"),
    (SKY, "longdash"),
)
GREY = "#7f7f7f"
DEEPEST = 1e-20
"""The window ends here, as a share of the loss at the start; what is lower is drawn below it."""
ABOVE = 1e3
"""So many times the loss at the start is the upper end of the window."""
HIGHER, LOST, SLOW = _("higher than at the start"), _("diverged"), _("not yet within 1 %")
OUTSIDE = {HIGHER: "rgba(213,94,0,0.55)", LOST: "rgba(127,127,127,0.45)", SLOW: "rgba(204,121,167,0.45)"}
"""What a pair can be that has no place on the map's colour scale, and the colour it has instead."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the racers of a sweep end.

    Attributes:
        rates: rising.
        gaps: final losses above the minimum's; NaN where a racer has overflowed.
        start: the same before the first step.
        steps: how many there were.
        diverged: the first step without a finite number, from 1; 0 if there is none.
        edge: the first rate, from 0, that ends above the start; None if there is none.
        predicted: the largest stable rate by the curvature; None if there is none.
    """

    rates: Float[np.ndarray, " rate"]
    gaps: Float[np.ndarray, " rate"]
    start: float
    steps: int
    diverged: Int[np.ndarray, " rate"]
    edge: int | None
    predicted: float | None


def sweep_figure(ends: Ends, shown: int) -> Figure:
    """Return final losses against the rate, both axes logarithmic; the rate `shown`, from 0, is marked."""
    gaps, start = ends.gaps, ends.start
    low, top = _window(gaps, start)
    chart = figure(
        _("Learning rate"),
        _("Loss above the minimum after {steps} steps").format(steps=ends.steps),
        hovermode="x",  # so that a click counts at any height
        height=440,
        meta={"pick": "sweep_pick"},
    )
    ends_of_rates = ends.rates[[0, -1]]
    chart.add_trace(_level(ends_of_rates, start))
    for trace in _edges(ends, low, top):
        chart.add_trace(trace)
    lost = ends.diverged > 0
    lower, higher = ~lost & (gaps <= start), ~lost & (gaps > start)
    inside = (gaps > low) & (gaps < top)
    chart.add_trace(_lower(ends.rates, np.where(lower & inside, gaps, np.nan)))
    for chosen, places, look in (
        (higher & inside, gaps, (_("higher"), ORANGE, "triangle-up")),
        (lower & ~inside, np.full(len(gaps), 3 * low), (_("far lower"), BLUE, "triangle-down")),
        (higher & ~inside, np.full(len(gaps), top / 3), (_("far higher"), ORANGE, "triangle-up-open")),
        (lost, np.full(len(gaps), top / 3), (_("diverged"), RED, "x")),
    ):
        if chosen.any():  # an empty array cannot be sent to the browser
            chart.add_trace(_marks(ends, chosen, places, look))
    heights = np.where(inside, gaps, np.where(lower, 3 * low, top / 3))
    looked_at = np.arange(len(gaps)) == shown
    chart.add_trace(_marks(ends, looked_at, heights, (_("looked at"), PURPLE, "circle-open")))
    chart.traces[-1].update(marker={"size": 16, "line": {"width": 3}})
    chart.update_xaxes(_log(np.log10(ends_of_rates) + np.array([-0.03, 0.03])))
    chart.update_yaxes(_log(np.log10([low, top])))
    return chart


def _fate(gap: float, step: int) -> str:
    return _("diverged at step {step}").format(step=step) if step else f"{gap:.3g}"


def _level(rates: np.ndarray, start: float) -> Scatter:
    look = {"color": GREY, "width": 1.5, "dash": "dot"}
    name = _("at the start")
    return Scatter(x=rates, y=[start, start], name=name, mode="lines", line=look, hoverinfo="skip")


def _edges(ends: Ends, low: float, top: float) -> list[Scatter]:
    """Return the predicted edge as a line and the observed one as the cell in which it lies."""
    traces = []
    if ends.edge:
        before, after = ends.rates[ends.edge - 1], ends.rates[ends.edge]
        traces.append(
            Scatter(
                x=[before, before, after, after],
                y=[low, top, top, low],
                name=_("observed edge"),
                mode="lines",
                fill="toself",
                fillcolor="rgba(230,159,0,0.35)",
                line={"width": 0},
                hoverinfo="skip",
            )
        )
    if ends.predicted is not None:
        traces.append(
            Scatter(
                x=[ends.predicted, ends.predicted],
                y=[low, top],
                name=_("predicted edge"),
                mode="lines",
                line={"color": GREEN, "dash": "dash", "width": 2.5},
                hovertemplate="%{x:.4g}",
            )
        )
    return traces


def _lower(rates: np.ndarray, gaps: np.ndarray) -> Scatter:
    return Scatter(
        x=rates,
        y=gaps,
        name=_("lower than at the start"),
        mode="lines+markers",
        line={"color": BLUE, "width": 1.5},
        marker={"size": 7},
        hovertemplate="%{x:.4g}: %{y:.4g}",
    )


def _marks(ends: Ends, chosen: np.ndarray, heights: np.ndarray, look: tuple[str, str, str]) -> Scatter:
    """Return marks of the chosen rates, which tell their true losses wherever they stand."""
    name, colour, symbol = look
    fates = zip(ends.gaps[chosen], ends.diverged[chosen], strict=True)
    return Scatter(
        x=ends.rates[chosen],
        y=heights[chosen],
        name=name,
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": 9},
        text=[_fate(gap, step) for gap, step in fates],
        hovertemplate="%{x:.4g}: %{text}",
    )


def _window(gaps: np.ndarray, start: float) -> tuple[float, float]:
    """Return the lower and upper end of a logarithmic axis for losses above the minimum."""
    positive = gaps[np.isfinite(gaps) & (gaps > 0)]
    least = float(positive.min()) if positive.size else start
    return max(DEEPEST * start, min(least, start) / 3), ABOVE * start


def _log(ends: np.ndarray) -> dict[str, object]:
    decades = float(ends[1] - ends[0])
    return {
        "type": "log",
        "range": [float(ends[0]), float(ends[1])],
        "exponentformat": "power",
        "dtick": "D1" if decades < 2.5 else int(np.ceil(decades / 9)),
    }


def loss_curves(gaps: Mapping[str, Float[np.ndarray, " moment"]], *, y_title: str, start: float) -> Figure:
    """Return losses above the minimum over the steps, on a logarithmic axis.

    What rises far above the start leaves the window, what falls far below it, too; zoom out to follow.

    Args:
        gaps: by name, at most five; one number before the first step and after each; NaN after an overflow.
        y_title: what they are.
        start: the loss above the minimum before the first step.
    """
    chart = figure(_("Step"), y_title, hovermode="closest", height=400)
    for (name, values), (colour, dash) in zip(gaps.items(), LOOKS, strict=False):
        chart.add_trace(
            Scatter(
                x=np.arange(len(values)),
                y=np.where(np.isfinite(values) & (values > 0), values, np.nan),
                name=name,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2.2},
                hovertemplate=_("step %{x}: %{y:.3g}"),
            )
        )
    low, top = _window(np.concatenate(list(gaps.values())), start)
    chart.update_yaxes(_log(np.log10([low, top])))
    chart.update_xaxes(rangemode="tozero")
    return chart


@dataclass(frozen=True, slots=True)
class Lands:
    """What a map of rates and momenta shows.

    Attributes:
        rates: rising.
        momenta: rising.
        colours: power of ten of the final loss, or steps needed; NaN where there is none.
        title: of the colours.
        ends: of the colour scale.
        layers: which pairs have no such colour, by a key of `OUTSIDE`; every pair has one or the other.
        edges: the predicted edge for each momentum; None if there is none.
        optimum: the best rate and momentum by closed form; None if there is none.
        best: the best rate and momentum of the map.
        floored: whether the first colour stands for all that is lower, too.
    """

    rates: Float[np.ndarray, " rate"]
    momenta: Float[np.ndarray, " momentum"]
    colours: Float[np.ndarray, "momentum rate"]
    title: str
    ends: tuple[float, float]
    layers: Mapping[str, Bool[np.ndarray, "momentum rate"]]
    edges: Float[np.ndarray, " momentum"] | None
    optimum: tuple[float, float] | None
    best: tuple[float, float]
    floored: bool = False


def rate_map(lands: Lands) -> Figure:
    """Return the map: rate across, momentum up; the predicted edge as a line over it."""
    chart = figure(_("Learning rate"), _("Momentum"), hovermode="closest", height=480)
    chart.add_trace(
        Heatmap(
            x=lands.rates,
            y=lands.momenta,
            z=lands.colours,
            zmin=lands.ends[0],
            zmax=lands.ends[1],
            colorscale=YELLOW_ON_BLUE,
            colorbar={"title": {"text": lands.title, "side": "right"}, "thickness": 12, **_floor(lands)},
            hovertemplate="%{x:.4g}, %{y:.3f}: %{z:.3g}",
            name=lands.title,
        )
    )
    for name, where in lands.layers.items():
        chart.add_trace(_outside(lands, where, OUTSIDE[name], name))
    for trace in _signs(lands):
        chart.add_trace(trace)
    half = np.log10(lands.rates[1] / lands.rates[0]) / 2
    chart.update_xaxes(_log(np.log10(lands.rates[[0, -1]]) + np.array([-half, half])))
    chart.update_yaxes(range=[-0.0125, 0.9875])
    return chart


def _floor(lands: Lands) -> dict[str, object]:
    """Return the ticks of a scale whose lowest colour stands for everything below it, too."""
    low, *others = np.linspace(*lands.ends, 6).tolist()
    whole = [round(place) for place in others]
    texts = [f"≤ {low:.3g}", *map(str, whole)]
    return {"tickvals": [low, *whole], "ticktext": texts} if lands.floored else {}


def _outside(lands: Lands, where: np.ndarray, colour: str, name: str) -> Heatmap:
    """Return cells of one colour, for pairs whose loss has no place on the colour scale."""
    return Heatmap(
        x=lands.rates,
        y=lands.momenta,
        z=np.where(where, 1.0, np.nan),
        colorscale=[[0, colour], [1, colour]],
        showscale=False,
        showlegend=True,
        name=name,
        hovertemplate="%{x:.4g}, %{y:.3f}: " + name,
    )


def _signs(lands: Lands) -> list[Scatter]:
    """Return the predicted edge as a line, optimum and best pair as marks; what lies in the window."""
    first, last = lands.rates[[0, -1]]
    traces = []
    edges = np.full(len(lands.momenta), np.nan) if lands.edges is None else lands.edges
    shown = (edges >= first) & (edges <= last)
    if shown.any():
        look = {"color": SKY, "dash": "dash", "width": 3}
        line = Scatter(x=edges[shown], y=lands.momenta[shown], mode="lines", line=look)
        traces.append(line.update(name=_("predicted edge"), hovertemplate="%{x:.4g}"))
    for place, name, symbol in (
        (lands.optimum, _("optimum by formula"), "star"),
        (lands.best, _("best of the map"), "circle-open"),
    ):
        if place is not None and first <= place[0] <= last:
            mark = {"symbol": symbol, "size": 15, "color": RED, "line": {"width": 2.5, "color": RED}}
            point = Scatter(x=[place[0]], y=[place[1]], mode="markers", marker=mark)
            traces.append(point.update(name=name, hovertemplate="%{x:.4g}, %{y:.3f}"))
    return traces
