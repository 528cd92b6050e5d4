"""What each pixel contributes, and how alike such maps are."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from lab.core.labels import _
from lab.figures.chart import Contour, Figure, Heatmap
from lab.figures.matrices import GREY, SIGNED
from lab.figures.theme import figure

SQUARE = 300


def pixel_figure(
    values: Float32[np.ndarray, "y x"],
    *,
    signed: bool,
    outline: Float32[np.ndarray, "y x"] | None = None,
    unit: str = "",
) -> Figure:
    """Return an image, or a map over one, pixel by pixel.

    Args:
        values: of the pixels.
        signed: whether colours tell the sign, on a scale as wide on both sides; else grey from low to high.
        outline: an image of the same size whose strokes are drawn on top as a line.
        unit: of the values.
    """
    rows, columns = values.shape
    chart = figure(_("Column"), _("Row"), hovermode="closest", height=SQUARE, showlegend=False)
    most = float(np.abs(values).max()) or 1.0
    limits = (-most, most) if signed else (float(values.min()), float(values.max()))
    chart.add_trace(
        Heatmap(
            x=np.arange(columns),
            y=np.arange(rows),
            z=values,
            zmin=limits[0],
            zmax=limits[1] if limits[1] > limits[0] else limits[0] + 1,
            colorscale=SIGNED if signed else GREY,
            colorbar={"thickness": 10, "title": {"text": unit}},
            hovertemplate=_("row %{y}, column %{x}: %{z:.4g}") + "<extra></extra>",
        )
    )
    if outline is not None:
        chart.add_trace(_strokes(outline))
    chart.update_xaxes(showgrid=False, constrain="domain", range=[-0.5, columns - 0.5])
    chart.update_yaxes(showgrid=False, scaleanchor="x", constrain="domain", range=[rows - 0.5, -0.5])
    return chart


def _strokes(image: Float32[np.ndarray, "y x"]) -> Contour:
    """Return the line around the bright parts of an image."""
    middle = float(image.min() + image.max()) / 2
    return Contour(
        x=np.arange(image.shape[1]),
        y=np.arange(image.shape[0]),
        z=image,
        contours={"start": middle, "end": middle, "size": 1, "coloring": "none"},
        line={"color": "#5b6472", "width": 1.5},
        showscale=False,
        hoverinfo="skip",
    )


def agreement_figure(
    values: Float[np.ndarray, "row method"], rows: Sequence[str], methods: Sequence[str]
) -> Figure:
    """Return rank correlations as numbers in cells; NaN leaves a cell empty."""
    chart = figure(_("Method"), _("Layers with random weights"), hovermode="closest", height=320)
    chart.add_trace(
        Heatmap(
            x=list(methods),
            y=list(rows),
            z=values.astype(np.float32),
            zmin=-1,
            zmax=1,
            colorscale=SIGNED,
            colorbar={"thickness": 10, "title": {"text": _("rank correlation")}},
            texttemplate="%{z:.2f}",
            hovertemplate=_("%{x}, %{y}: %{z:.3f}") + "<extra></extra>",
        )
    )
    chart.update_xaxes(showgrid=False, type="category")
    chart.update_yaxes(showgrid=False, type="category", autorange="reversed")
    return chart
