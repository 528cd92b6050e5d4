"""A drawing of a network with its numbers: neurons as boxes, weights as lines, shapes at every bundle."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lab.core.labels import _
from lab.figures.chart import Figure, Histogram2d, Scatter
from lab.figures.network_parts import Column, Network
from lab.figures.theme import BLUE, GREEN, ORANGE, faded, figure

__all__ = ["Column", "Network", "network", "short"]

MOST_LINES = 64
MOST_NUMBERED = 10
HALF_WIDTH, HALF_HEIGHT = 0.3, 0.34
WIDTHS = (0.6, 1.4, 2.6, 4.2)
"""Line widths of weights up to a quarter, half, three quarters of the largest in the bundle, and above."""
QUIET = "#8a94a3"


def network(drawn: Network) -> Figure:
    """Return the drawing: lines first, then cells and boxes with their numbers."""
    extent = drawn.extent
    last = len(drawn.columns) - 1
    chart = figure(_("Layer"), _("Neuron"), hovermode="closest", showlegend=False)
    for bundle in range(last):
        for trace in _lines(drawn, bundle, extent):
            chart.add_trace(trace)
    for number, column in enumerate(drawn.columns):
        if column.is_wide:
            chart.add_trace(_strip(number, column, extent))
    chart.add_trace(_numbers(drawn, extent))
    lit = _numbered_line(drawn, extent)
    if lit is not None:
        chart.add_trace(lit)
    room = 0.55 if not drawn.outputs else 1.05
    chart.update_layout(
        height=int(146 + 46 * 2 * extent),
        margin={"l": 28, "r": 4, "t": 62, "b": 30},
        shapes=_boxes(drawn, extent),
        annotations=[*_shape_notes(drawn, extent), *_output_notes(drawn, extent)],
        dragmode="pan",
        xaxis={
            "range": [-0.5, last + room],
            "side": "top",
            "tickvals": list(range(last + 1)),
            "ticktext": [column.title for column in drawn.columns],
            "showgrid": False,
            "title": {"text": _("Layer"), "standoff": 10},
        },
        yaxis={
            "range": [-extent - 0.75, extent + 0.15],
            "showgrid": False,
            "showticklabels": False,
            "ticks": "",
        },
    )
    return chart


def _lines(drawn: Network, bundle: int, extent: float) -> list[Scatter]:
    """Return the lines of one bundle, gathered by sign and width; of wide columns only the lit ones."""
    source, target = drawn.columns[bundle], drawn.columns[bundle + 1]
    lit = drawn.lit[1] if drawn.lit[0] == bundle + 1 else -1
    if source.is_wide or target.is_wide:
        traces = [_band(drawn, bundle, extent)]
        if lit < 0 or len(source.values) > MOST_LINES:
            return traces
        return [*traces, *_gathered(drawn, bundle, [lit], extent, opacity=0.9)]
    others = [neuron for neuron in range(len(target.values)) if neuron != lit]
    traces = _gathered(drawn, bundle, others, extent, opacity=0.3 if drawn.lit[0] else 0.55)
    return [*traces, *(_gathered(drawn, bundle, [lit], extent, opacity=1.0) if lit >= 0 else [])]


def _band(drawn: Network, bundle: int, extent: float) -> Scatter:
    """Return a faint area in place of the lines between two columns."""
    left, right = (column.heights(extent) for column in drawn.columns[bundle : bundle + 2])
    start, end = bundle + HALF_WIDTH, bundle + 1 - HALF_WIDTH
    corners = [(start, left[0]), (end, right[0]), (end, right[-1]), (start, left[-1])]
    x, y = zip(*corners, strict=True)
    return Scatter(
        x=x,
        y=y,
        mode="lines",
        fill="toself",
        line={"width": 0},
        fillcolor=faded(QUIET, 0.12),
        hoverinfo="skip",
    )


def _gathered(
    drawn: Network, bundle: int, neurons: Sequence[int], extent: float, *, opacity: float
) -> list[Scatter]:
    """Return at most eight traces: positive and negative lines in four widths."""
    weights = drawn.weights[bundle]
    left, right = (column.heights(extent) for column in drawn.columns[bundle : bundle + 2])
    largest = float(np.abs(weights).max()) or 1.0
    groups: dict[tuple[bool, int], list[tuple[int, int]]] = {}
    for neuron in neurons:
        for source, weight in enumerate(weights[neuron]):
            size = min(int(4 * abs(weight) / largest), 3)
            groups.setdefault((weight < 0, size), []).append((source, neuron))
    traces = []
    for (negative, size), lines in sorted(groups.items()):
        x = [at for _line in lines for at in (bundle + HALF_WIDTH, bundle + 1 - HALF_WIDTH, np.nan)]
        y = [at for source, neuron in lines for at in (left[source], right[neuron], np.nan)]
        style = {"color": ORANGE if negative else BLUE, "width": WIDTHS[size]}
        style["dash"] = "5px,3px" if negative else "solid"
        # Packed arrays, because NaN, the gap between two lines, cannot be written in JSON.
        place = {"x": np.array(x, np.float32), "y": np.array(y, np.float32)}
        traces.append(Scatter(**place, mode="lines", line=style, opacity=opacity, hoverinfo="skip"))
    return traces


def _strip(number: int, column: Column, extent: float) -> Histogram2d:
    """Return a wide column as an image, or as a strip of cells."""
    values, extent = column.values, column.reach(extent)
    side = column.side or 1
    rows = len(values) // side
    width = 2 * HALF_WIDTH / side
    height = 2 * extent / rows
    row, place = np.divmod(np.arange(len(values)), side)
    largest = float(np.abs(values).max()) or 1.0
    if column.side:
        low, high, colours = float(values.min()), float(values.max()), [[0, "#ffffff"], [1, "#1b1e25"]]
    else:
        low, high, colours = -largest, largest, [[0, ORANGE], [0.5, "#f2f2f2"], [1, BLUE]]
    # One cell per value: a heat map given as columns, so that the table under it lists each.
    return Histogram2d(
        x=number - HALF_WIDTH + (place + 0.5) * width,
        y=extent - (row + 0.5) * height,
        z=values,
        histfunc="sum",
        xbins={"start": number - HALF_WIDTH, "end": number + HALF_WIDTH, "size": width},
        ybins={"start": -extent, "end": extent, "size": height},
        zmin=low,
        zmax=high if high > low else low + 1,
        colorscale=colours,
        showscale=False,
        opacity=1.0 if column.reached.all() else 0.55,
        hovertemplate=_("value") + " %{z:.4g}<extra></extra>",
    )


def _boxes(drawn: Network, extent: float) -> list[dict[str, Any]]:
    """Return a box for each neuron, coloured by its number, and a frame around the current one."""
    shapes = []
    for number, column in enumerate(drawn.columns):
        heights = column.heights(extent)
        if column.is_wide:
            continue
        largest = float(np.abs(column.values).max()) or 1.0
        for value, reached, height in zip(column.values, column.reached, heights, strict=True):
            known = reached or not drawn.hidden
            share = 0.06 + 0.5 * abs(value) / largest * (1.0 if reached else 0.4) if known else 0.0
            shape = _rectangle(number, height, HALF_HEIGHT)
            line = {"color": QUIET, "width": 1, "dash": "solid" if reached else "dot"}
            shapes.append({**shape, "fillcolor": faded(BLUE if value >= 0 else ORANGE, share), "line": line})
    shapes.append(_frame(drawn, extent))
    return shapes


def _frame(drawn: Network, extent: float) -> dict[str, Any]:
    """Return the frame around the current neuron, or around the whole input."""
    layer, neuron = drawn.lit
    column = drawn.columns[layer]
    heights = column.heights(extent)
    half = max(column.reach(extent) / len(heights), 0.06) if column.is_wide else HALF_HEIGHT
    height = heights[neuron]
    if layer == 0:
        half, height = (heights[0] - heights[-1]) / 2 + half + 0.06, 0.0
    return {**_rectangle(layer, height, half, 0.03), "line": {"color": GREEN, "width": 3}}


def _rectangle(number: int, height: float, half: float, wider: float = 0.0) -> dict[str, Any]:
    x0, x1 = number - HALF_WIDTH - wider, number + HALF_WIDTH + wider
    return {"type": "rect", "x0": x0, "x1": x1, "y0": height - half, "y1": height + half, "layer": "above"}


def _numbers(drawn: Network, extent: float) -> Scatter:
    """Return the number in every box."""
    x, y, texts, names = [], [], [], []
    for number, column in enumerate(drawn.columns):
        if column.is_wide:
            continue
        for neuron, (value, height) in enumerate(zip(column.values, column.heights(extent), strict=True)):
            known = column.reached[neuron] or not drawn.hidden
            x.append(float(number))
            y.append(height)
            texts.append(short(value) if known else "?")
            names.append(f"{column.title.replace('<br>', ', ')}, {neuron + 1}")
    return Scatter(
        x=x,
        y=y,
        text=texts,
        customdata=names,
        mode="text",
        textfont={"size": 12},
        hovertemplate="%{customdata}: %{text}<extra></extra>",
    )


def _numbered_line(drawn: Network, extent: float) -> Scatter | None:
    """Return the weights of the current neuron, each at its line; none where they would not fit."""
    layer, neuron = drawn.lit
    if layer == 0 or drawn.columns[layer - 1].is_wide or len(drawn.columns[layer - 1].values) > MOST_NUMBERED:
        return None
    left = drawn.columns[layer - 1].heights(extent)
    end = drawn.columns[layer].heights(extent)[neuron]
    weights = drawn.weights[layer - 1][neuron]
    share = 0.3
    y = left + share * (end - left) + 0.15
    x = np.full(len(weights), layer - 1 + HALF_WIDTH + 0.02)
    return Scatter(
        x=x,
        y=y,
        text=[short(weight) for weight in weights],
        mode="text",
        textposition="middle right",
        textfont={"size": 10, "color": GREEN},
        hovertemplate=_("weight") + " %{text}<extra></extra>",
    )


def _shape_notes(drawn: Network, extent: float) -> list[dict[str, Any]]:
    """Return the shapes of W and b under every bundle."""
    notes = []
    for bundle, weights in enumerate(drawn.weights):
        neurons, sources = weights.shape
        text = f"W {neurons}×{sources}<br>b {neurons}"
        place = {"x": bundle + 0.5, "y": -extent - 0.08, "yanchor": "top"}
        notes.append({**place, "text": text, "showarrow": False, "font": {"size": 10}})
    return notes


def _output_notes(drawn: Network, extent: float) -> list[dict[str, Any]]:
    """Return the words beside the output neurons."""
    last = len(drawn.columns) - 1
    heights = drawn.columns[-1].heights(extent)
    return [
        {"x": last + HALF_WIDTH + 0.06, "y": height, "text": text, "xanchor": "left", "showarrow": False}
        for text, height in zip(drawn.outputs, heights, strict=False)
    ]


def short(value: float) -> str:
    """Return a number of at most six characters for a small box.

    Example:
        >>> short(-0.12345), short(12.345), short(-12345.0)
        ('-0.12', '12.3', '-1e+04')
    """
    size = abs(float(value))
    if size < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if size < 100 else f"{value:.0f}" if size < 10_000 else f"{value:.0e}"
