"""The look all figures share. Colours are Okabe and Ito's, told apart by colour-blind readers too.

The stage in the browser adds fonts, text and grid colours of the light or dark theme.
"""

from typing import Any

from plotly.colors import get_colorscale

from lab.figures.chart import Figure

BLUE, ORANGE, GREEN, PURPLE, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
CLASSES = (ORANGE, BLUE, GREEN, PURPLE, SKY, RED)
YELLOW_ON_BLUE = get_colorscale("Cividis")
MOST_WITH_GAPS = 20
"""Rows or columns of a map: the cells of more would be hardly larger than the gaps between them."""


def figure(x_title: str, y_title: str, **layout: Any) -> Figure:
    """Return an empty figure with axis titles; titles carry the unit, such as `Accuracy (%)`."""
    return Figure(
        layout={
            "height": 320,
            "margin": {"l": 64, "r": 12, "t": 8, "b": 48},
            "xaxis": {"title": {"text": x_title}, "zeroline": False},
            "yaxis": {"title": {"text": y_title}, "zeroline": False},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "hovermode": "x unified",
            "uirevision": "kept",
            **layout,
        }
    )


def faded(colour: str, opacity: float) -> str:
    """Return a `#rrggbb` colour with an opacity.

    Example:
        >>> faded("#0072B2", 0.2)
        'rgba(0,114,178,0.2)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
