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
