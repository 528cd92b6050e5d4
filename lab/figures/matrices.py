"""Matrices and images as coloured cells, several side by side in one figure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lab.core.labels import _
from lab.figures.chart import Figure, Histogram2d, Scatter
from lab.figures.theme import BLUE, GREEN, ORANGE, figure

SIGNED = [[0, ORANGE], [0.5, "#f2f2f2"], [1, BLUE]]
GREY = [[0, "#ffffff"], [1, "#1b1e25"]]
MOST_WITH_NUMBERS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A block of cells.

    Attributes:
        title: stands above it, with its shape.
        cells: the numbers.
        lit: the row that is framed; -1 for none.
        grey: whether it is an image in grey; else colours tell the sign, on a scale of its own.
    """

    title: str
    cells: Float[np.ndarray, "row column"]
    lit: int = -1
    grey: bool = False


def matrices(blocks: Sequence[Matrix], *, gap: float = 1.0) -> Figure:
    """Return the blocks from left to right; each is as high as the others, whatever its rows.

    Args:
        blocks: at least one.
        gap: between blocks, as a share of the width of the narrowest cell column of the first block.
    """
    tallest = max(len(block.cells) for block in blocks)
    chart = figure(_("Column of each matrix"), _("Row"), hovermode="closest", showlegend=False)
    left, notes, frames = 0.0, [], []
    for block in blocks:
        rows, columns = block.cells.shape
        across = _cell_width(tallest, columns)
        chart.add_trace(_cells(block, left, tallest, across))
        if max(rows, columns) <= MOST_WITH_NUMBERS:
            chart.add_trace(_numbers(block, left, tallest, across))
        middle = left + across * columns / 2
        notes.append(
            {"x": middle, "y": tallest, "yanchor": "bottom", "text": block.title, "showarrow": False}
        )
        if block.lit >= 0:
            top = tallest - block.lit * tallest / rows
            place = {"x0": left, "x1": left + across * columns, "y0": top - tallest / rows, "y1": top}
            frames.append({"type": "rect", **place, "line": {"color": GREEN, "width": 2.5}})
        left += across * columns + gap * 0.08 * tallest
    chart.update_layout(
        height=320,
        margin={"l": 28, "r": 8, "t": 36, "b": 30},
        annotations=notes,
        shapes=frames,
        xaxis={"showticklabels": False, "showgrid": False, "ticks": "", "range": [0, left]},
        yaxis={"showticklabels": False, "showgrid": False, "ticks": "", "range": [0, tallest * 1.13]},
    )
    return chart


def _cell_width(tallest: int, columns: int) -> float:
    """Return how wide a cell is, in units of the rows: a block takes between a seventh and its height."""
    return max(tallest / 7, min(tallest, columns)) / columns


def _cells(block: Matrix, left: float, tallest: int, across: float) -> Histogram2d:
    """Return one cell per number.

    It is a heat map whose numbers are given as columns, so that the table under the figure lists each.
    """
    rows, columns = block.cells.shape
    high = tallest / rows
    row, column = np.divmod(np.arange(block.cells.size), columns)
    values = block.cells.ravel()
    largest = float(np.abs(values).max()) or 1.0
    low, top = (float(values.min()), float(values.max())) if block.grey else (-largest, largest)
    return Histogram2d(
        x=left + (column + 0.5) * across,
        y=tallest - (row + 0.5) * high,
        z=values,
        histfunc="sum",
        name=block.title,
        xbins={"start": left, "end": left + columns * across, "size": across},
        ybins={"start": 0, "end": tallest, "size": high},
        zmin=low,
        zmax=top if top > low else low + 1,
        colorscale=GREY if block.grey else SIGNED,
        showscale=False,
        hovertemplate="%{z:.4g}<extra>" + block.title.replace("<br>", " ") + "</extra>",
    )


def _numbers(block: Matrix, left: float, tallest: int, across: float) -> Scatter:
    """Return the number in every cell; Plotly's own would stand upside down in a single column."""
    rows, columns = block.cells.shape
    row, column = np.divmod(np.arange(block.cells.size), columns)
    values = block.cells.ravel()
    dark = np.abs(values) > 0.6 * (float(np.abs(values).max()) or 1.0)
    return Scatter(
        x=left + (column + 0.5) * across,
        y=tallest - (row + 0.5) * tallest / rows,
        text=[f"{value:.2f}" for value in values],
        mode="text",
        textfont={"size": 11, "color": ["#ffffff" if one else "#1b1e25" for one in dark]},
        hoverinfo="skip",
    )
