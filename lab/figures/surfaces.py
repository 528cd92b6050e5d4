"""Functions of two numbers as a map, a landscape or a curve, and the paths of those who go down on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64

from lab.core.labels import _
from lab.figures.chart import Contour, Figure, Heatmap, Scatter, Scatter3d, Surface
from lab.figures.paths import MOST, STYLES, Path, path_head, path_line, steps_of
from lab.figures.theme import figure

GROUND_COLOURS = ((0.0, "#fdfdfd"), (0.25, "#d9dce3"), (0.5, "#b3b9c6"), (0.75, "#8b94a6"), (1.0, "#5d6880"))
SCALE = [list(stop) for stop in GROUND_COLOURS]
FAR = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A function of x and y over a window.

    Attributes:
        x: where it was computed, rising.
        y: the same; one number for a curve.
        heights: its values; not finite where it has none.
        minima: known lowest points.
    """

    x: Float64[np.ndarray, " column"]
    y: Float64[np.ndarray, " row"]
    heights: Float64[np.ndarray, "row column"]
    minima: Sequence[tuple[float, float]] = ()

    @property
    def drawn(self) -> Float[np.ndarray, "row column"]:
        """Return the heights that can be drawn, the others NaN."""
        return np.where(np.abs(self.heights) < MOST, self.heights, np.nan)


@dataclass(frozen=True, slots=True)
class Lift:
    """A logarithmic scale that begins at the lowest height: log10(1 + (height - floor) / unit)."""

    floor: float
    unit: float

    def __call__(self, heights: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        """Return the heights on the scale; NaN below its floor."""
        with np.errstate(invalid="ignore", divide="ignore"):
            lifted = np.log10(1 + (heights - self.floor) / self.unit)
        return np.where(np.isfinite(lifted), lifted, np.nan)

    def ticks(self, top: float, count: int = 6) -> dict[str, Any]:
        """Return ticks at equal distances, labelled with the heights they stand for."""
        places = np.linspace(0, top, count)
        heights = self.floor + self.unit * (10**places - 1)
        return {"tickvals": places.tolist(), "ticktext": [f"{height:.3g}" for height in heights]}


def lift_of(heights: Float[np.ndarray, "*any"]) -> Lift:
    """Return a scale on which valley floors and walls are both seen.

    Example:
        >>> lift_of(np.array([1.0, 1.0, 1.0])).unit
        1.0
    """
    known = heights[np.isfinite(heights)]
    if known.size == 0 or known.max() == known.min():
        return Lift(float(known.min()) if known.size else 0.0, 1.0)
    floor = float(known.min())
    unit = float(np.percentile(known - floor, 3))
    return Lift(floor, max(unit, 1e-4 * float(known.max() - floor)))


def contour_figure(ground: Ground, paths: Sequence[Path], x_title: str, y_title: str, **meta: Any) -> Figure:
    """Return the map of a function with paths on it; its levels are closer where it is low.

    Args:
        ground: the function.
        paths: all of equal length.
        x_title: with unit.
        y_title: with unit.
        meta: what the stage does with the figure, such as `pick`.
    """
    chart = figure(x_title, y_title, hovermode="closest", height=460)
    heights = ground.drawn.astype(np.float32)
    lift = lift_of(ground.drawn)
    shared = {"x": ground.x, "y": ground.y}
    # The true heights, for the table and for the pointer; what is seen is their logarithm.
    told = _("x %{x:.3g}, y %{y:.3g}: loss %{z:.4g}") + "<extra></extra>"
    chart.add_trace(Heatmap(**shared, z=heights, opacity=0, showscale=False, hovertemplate=told))
    chart.add_trace(Contour(**shared, **_levels(lift, lift(ground.drawn))))
    for path in paths:
        chart.add_trace(path_line(path, path.positions[:, 0], path.positions[:, 1]))
        chart.add_trace(path_head(path, path.positions[:, 0], path.positions[:, 1]))
    for trace in _places(ground, paths):
        chart.add_trace(trace)
    chart.update_xaxes(range=[ground.x[0], ground.x[-1]])
    chart.update_yaxes(range=[ground.y[0], ground.y[-1]])
    chart.update_layout(meta={"steps": steps_of(paths), **meta})
    return chart


def _levels(lift: Lift, lifted: np.ndarray) -> dict[str, Any]:
    known = lifted[np.isfinite(lifted)]
    top = float(known.max()) if known.size else 1.0
    bar = {"title": {"text": _("loss")}, "thickness": 12, **lift.ticks(top or 1.0)}
    return {
        "z": lifted.astype(np.float32),
        "name": _("loss"),
        "colorscale": SCALE,
        "contours": {"start": 0, "end": top, "size": (top or 1.0) / 18, "coloring": "heatmap"},
        "line": {"width": 0.7, "color": "#6b7488"},
        "colorbar": bar,
        "hoverinfo": "skip",
    }


def _places(ground: Ground, paths: Sequence[Path]) -> list[Scatter]:
    """Return the marks of the lowest points and of the start."""
    black = {"color": "#000000", "line": {"color": "#ffffff", "width": 1.5}}
    found: list[Scatter] = []
    if ground.minima:
        x, y = np.array(ground.minima).T
        star = {**black, "symbol": "star", "size": 13}
        found.append(Scatter(x=x, y=y, name=_("lowest"), mode="markers", marker=star, hoverinfo="skip"))
    if paths:
        x, y = paths[0].positions[0]
        ring = {"symbol": "circle-open-dot", "size": 15, "color": "#000000", "line": {"width": 2}}
        found.append(Scatter(x=[x], y=[y], name=_("start"), mode="markers", marker=ring, hoverinfo="skip"))
        found[-1].update(showlegend=False)  # the ring is black, and so would the legend be in the dark
    return found


def landscape_figure(
    ground: Ground, paths: Sequence[Path], titles: tuple[str, str, str], *, log: bool = False
) -> Figure:
    """Return the function as a surface in space, to be turned with the mouse, with paths on it.

    Args:
        ground: the function.
        paths: all of equal length.
        titles: of the three axes, with units.
        log: whether heights are drawn on the scale of `lift_of`.
    """
    lift = lift_of(ground.drawn)
    colours = lift(ground.drawn)
    heights = colours if log else ground.drawn
    known = heights[np.isfinite(heights)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    room = 0.03 * (high - low) or 1.0
    ranges = (ground.x[[0, -1]].tolist(), ground.y[[0, -1]].tolist(), [low - room, high + 2 * room])
    axes: dict[str, dict[str, Any]] = {
        f"{letter}axis": {"title": {"text": title}, "range": ends}
        for letter, title, ends in zip("xyz", titles, ranges, strict=True)
    }
    axes["zaxis"] |= lift.ticks(high) if log else {}
    view = {"aspectmode": "manual", "aspectratio": {"x": 1.1, "y": 1.1, "z": 0.75}}
    camera = {"eye": {"x": -1.05, "y": -1.3, "z": 1.5}, "center": {"x": 0, "y": 0, "z": -0.15}}
    chart = figure("", "", height=460, scene={**axes, **view, "camera": camera}, hovermode="closest")
    chart.update_layout(margin={"l": 0, "r": 0, "b": 0}, meta={"steps": steps_of(paths)})
    shown = {"colorscale": SCALE, "showscale": False, "opacity": 0.92}
    drawn = {"z": heights.astype(np.float32), "surfacecolor": colours.astype(np.float32), "name": _("loss")}
    told = {"hoverinfo": "skip"} if log else {"hovertemplate": "%{z:.4g}<extra></extra>"}
    chart.add_trace(Surface(x=ground.x, y=ground.y, **drawn, **shown, **told))
    for path in paths:
        place = _in_space(path, lift if log else None, room / 3)
        chart.add_trace(_spatial_line(path, place))
        chart.add_trace(_spatialpath_head(path, place))
    return chart


def _in_space(path: Path, lift: Lift | None, above: float) -> Mapping[str, np.ndarray]:
    """Return a path a little above the surface; WebGL cannot hold what is a million windows away."""
    heights = (lift(path.heights) if lift else path.heights) + above
    there = np.column_stack([path.positions, heights])
    with np.errstate(invalid="ignore"):
        there[~(np.abs(there) < FAR * (1 + np.abs(there[0]))).all(1)] = np.nan
    return dict(zip("xyz", there.astype(np.float32).T, strict=True))


def _spatial_line(path: Path, place: Mapping[str, np.ndarray]) -> Scatter3d:
    style = {"mode": "lines", "line": {**path.line, "width": 6}, "hoverinfo": "skip"}
    return Scatter3d(**place, name=path.name, legendgroup=path.name, **style, meta={"path": "line"})


def _spatialpath_head(path: Path, place: Mapping[str, np.ndarray]) -> Scatter3d:
    colour, _dash, symbol = STYLES[path.style]
    marker = {"size": 6, "color": colour, "symbol": symbol, "line": {"width": 1, "color": "#ffffff"}}
    style = {"mode": "markers", "marker": marker, "hoverinfo": "skip", "showlegend": False}
    return Scatter3d(**place, name=path.name, legendgroup=path.name, **style, meta={"path": "head"})
