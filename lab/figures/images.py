"""Pictures and feature maps as cells, with frames around what is looked at."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from lab.core.labels import _
from lab.figures.chart import Figure, Heatmap
from lab.figures.theme import BLUE, GREEN, ORANGE, figure

BRIGHTNESS = [[0, "#000000"], [1, "#ffffff"]]
SIGNED = [[0, ORANGE], [0.5, "#f7f7f7"], [1, BLUE]]
SCALE = {"orientation": "h", "thickness": 10, "len": 0.7, "y": -0.16, "yanchor": "top"}
MOST_WITH_GAPS, MOST_WITH_NUMBERS = 32, 10


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What is looked at in a picture.

    Attributes:
        rows: from 0, in order; the frame goes from the first to the last.
        columns: likewise.
        each: whether a small square marks each of them, since there are gaps between.
    """

    rows: Int[np.ndarray, " down"]
    columns: Int[np.ndarray, " across"]
    each: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A picture or map to be drawn.

    Attributes:
        values: from the upper left; no infinite ones.
        unit: what a value is, for the colour bar.
        look: what is framed.
        padding: rings of zeros around it that are drawn as a dashed frame.
        pick: the trigger that a click sends its place to; none if empty.
        hover: lines added to a cell's tooltip; may name `%{customdata[0]}` and so on.
        custom: numbers for `hover`, for each cell.
    """

    values: Float[np.ndarray, "row column"]
    unit: str
    look: Look | None = None
    padding: int = 0
    pick: str = ""
    hover: str = ""
    custom: np.ndarray | None = field(default=None)


def image(cells: Cells) -> Figure:
    """Return a picture in grey, or in colours that tell the sign if a value is negative.

    Rows and columns are numbered from 1, as the learner counts.
    """
    rows, columns = cells.values.shape
    chart = figure(_("Column (pixels)"), _("Row (pixels)"), hovermode="closest", height=440)
    chart.add_trace(_heatmap(cells))
    chart.update_layout(
        shapes=_frames(cells),
        margin={"l": 52, "r": 8, "t": 10, "b": 100},
        dragmode=False,
        meta={"pick": cells.pick} if cells.pick else None,
    )
    look = cells.look
    across = _range(columns, cells.padding, look.columns if look else None)
    down = _range(rows, cells.padding, look.rows if look else None)
    chart.update_xaxes(range=across, showgrid=False, constrain="domain")
    chart.update_yaxes(range=down[::-1], showgrid=False, constrain="domain", scaleanchor="x")
    return chart


def _range(length: int, padding: int, seen: np.ndarray | None) -> list[float]:
    """Return the ends of an axis that shows all cells, their padding and what is looked at."""
    places = [1 - padding, length + padding]
    if seen is not None and seen.size:
        places += [int(seen[0]) + 1, int(seen[-1]) + 1]
    return [min(places) - 0.6, max(places) + 0.6]


def _heatmap(cells: Cells) -> Heatmap:
    values = cells.values
    signed = bool(values.min() < 0)
    largest = float(np.abs(values).max()) or 1.0
    gap = 0.5 if max(values.shape) <= MOST_WITH_GAPS else 0
    numbers: dict[str, Any] = {}
    if max(values.shape) <= MOST_WITH_NUMBERS:
        numbers = {"texttemplate": "%{z:.2~f}", "textfont": {"size": 10}}
    place = _("row %{y}, column %{x}") + ": %{z:.4g}"
    return Heatmap(
        x=np.arange(1, values.shape[1] + 1),
        y=np.arange(1, values.shape[0] + 1),
        z=values.astype(np.float32),
        name=cells.unit,
        zmin=-largest if signed else 0.0,
        zmax=largest,
        colorscale=SIGNED if signed else BRIGHTNESS,
        colorbar={**SCALE, "title": {"text": cells.unit, "side": "bottom"}},
        customdata=cells.custom,
        hovertemplate=place + (f"<br>{cells.hover}" if cells.hover else "") + "<extra></extra>",
        xgap=gap,
        ygap=gap,
        **numbers,
    )


def _frames(cells: Cells) -> list[dict[str, Any]]:
    """Return the padding's dashed frame, and what is looked at: green on white, seen on anything."""
    rows, columns = cells.values.shape
    found = []
    if cells.padding:
        edge = {"color": "#8a94a3", "width": 1.5, "dash": "dash"}
        found.append(
            _box(1 - cells.padding, 1 - cells.padding, rows + cells.padding, columns + cells.padding, edge)
        )
    look = cells.look
    if look is None or not look.rows.size or not look.columns.size:
        return found
    top, bottom = (int(look.rows[end]) + 1 for end in (0, -1))
    left, right = (int(look.columns[end]) + 1 for end in (0, -1))
    for line in ({"color": "#ffffff", "width": 6}, {"color": GREEN, "width": 3}):
        found.append(_box(top, left, bottom, right, line))
    if look.each:
        mark = {"color": GREEN, "width": 2}
        found += [
            _box(r + 1, c + 1, r + 1, c + 1, mark) for r in look.rows.tolist() for c in look.columns.tolist()
        ]
    return found


def _box(top: float, left: float, bottom: float, right: float, line: dict[str, Any]) -> dict[str, Any]:
    """Return a frame around whole cells, numbered from 1."""
    ends = {"x0": left - 0.5, "x1": right + 0.5, "y0": top - 0.5, "y1": bottom + 0.5}
    return {"type": "rect", **ends, "line": line}
