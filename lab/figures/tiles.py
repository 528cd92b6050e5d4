"""Many small images in rows and columns, on one scale."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from lab.figures.chart import Figure, Heatmap
from lab.figures.matrices import SIGNED
from lab.figures.theme import figure

BLACK_TO_WHITE = [[0, "#1b1e25"], [1, "#ffffff"]]
WIDE = 340
"""Pixels of a panel that are left for the map on most screens."""


def tiles_figure(
    images: Float[np.ndarray, "row column y x"],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    x_title: str,
    y_title: str,
    grey: bool = False,
) -> Figure:
    """Return the images as one map with gaps between them; all share one scale.

    Args:
        images: numbers; what is not finite is left empty.
        rows: the name of each row.
        columns: the name of each column.
        x_title: what the columns are.
        y_title: what the rows are.
        grey: whether they are pictures, small numbers black; else the colour tells the sign, orange below 0.
    """
    down, across, high, wide = images.shape
    sheet = np.full((down, high + 1, across, wide + 1), np.nan, np.float32)
    sheet[:, :high, :, :wide] = np.where(np.isfinite(images), images, np.nan).transpose(0, 2, 1, 3)
    sheet = sheet.reshape(down * (high + 1), across * (wide + 1))[:-1, :-1]
    chart = figure(x_title, y_title, hovermode="closest", showlegend=False)
    chart.add_trace(
        Heatmap(
            x=np.arange(sheet.shape[1]),
            y=np.arange(sheet.shape[0]),
            z=sheet,
            **_scale(sheet, grey),
            showscale=not grey,
            colorbar={"thickness": 12, "len": 0.9},
            hovertemplate="%{z:.3g}<extra></extra>",
            hoverongaps=False,
        )
    )
    chart.update_layout(
        height=int(np.clip(WIDE * sheet.shape[0] / sheet.shape[1] + 90, 170, 520)),
        xaxis=_ticks(columns, wide) | {"constrain": "domain"},
        yaxis=_ticks(rows, high) | {"autorange": "reversed", "scaleanchor": "x", "constrain": "domain"},
    )
    return chart


def in_rows(images: Float[np.ndarray, "image y x"], across: int) -> Float[np.ndarray, "row column y x"]:
    """Return images in rows of `across`, as `tiles_figure` takes them; what is left of the last row is empty.

    Example:
        >>> in_rows(np.ones((3, 1, 1)), 2)[..., 0, 0].tolist()
        [[1.0, 1.0], [1.0, nan]]
    """
    rows = -(-len(images) // across)
    sheet = np.full((rows * across, *images.shape[1:]), np.nan, np.float32)
    sheet[: len(images)] = images
    return sheet.reshape(rows, across, *images.shape[1:])


def tile_at(x: float, y: float, shape: tuple[int, int, int], across: int) -> tuple[int, int, int] | None:
    """Return image, row and column, from 0, of a place on the map of `in_rows`; None between the images.

    Args:
        x: column on the map, from 0.
        y: row on the map, from 0.
        shape: images, and rows and columns of each.
        across: images in a row.

    Example:
        >>> tile_at(27.3, 2.0, (8, 26, 26), 4), tile_at(26.0, 2.0, (8, 26, 26), 4)
        ((1, 2, 0), None)
    """
    count, rows, columns = shape
    (right, column), (down, row) = divmod(round(x), columns + 1), divmod(round(y), rows + 1)
    number = down * across + right
    known = 0 <= right < across and 0 <= number < count
    return (number, row, column) if known and column < columns and row < rows else None


def tile_frame(number: int, shape: tuple[int, int], across: int) -> dict[str, float]:
    """Return the corners around an image on the map of `in_rows`, for a shape.

    Args:
        number: of the image, from 0.
        shape: its rows and columns.
        across: images in a row.
    """
    down, right = divmod(number, across)
    x, y = right * (shape[1] + 1) - 0.5, down * (shape[0] + 1) - 0.5
    return {"x0": x, "x1": x + shape[1], "y0": y, "y1": y + shape[0]}


def _scale(sheet: np.ndarray, grey: bool) -> dict[str, object]:
    """Return the colours, which run from the smallest to the largest number, or evenly around 0."""
    known = sheet[np.isfinite(sheet)]
    largest = float(np.abs(known).max()) if known.size else 1.0
    if grey:
        low, top = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        return {"colorscale": BLACK_TO_WHITE, "zmin": low, "zmax": top if top > low else low + 1}
    return {"colorscale": SIGNED, "zmin": -(largest or 1.0), "zmax": largest or 1.0}


def _ticks(names: Sequence[str], size: int) -> dict[str, object]:
    middles = [(size + 1) * number + (size - 1) / 2 for number in range(len(names))]
    return {"tickvals": middles, "ticktext": list(names), "showgrid": False, "zeroline": False, "ticks": ""}
