"""A confusion matrix: which class was taken for which, and how often."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

from lab.core.labels import _
from lab.figures.chart import Figure, Heatmap
from lab.figures.theme import figure

SHADES = [[0, "#f2f2f2"], [0.02, "#fdf0d5"], [0.1, "#f3c76b"], [0.4, "#56B4E9"], [1, "#0072B2"]]
"""Few are yellow, many are blue; the lightness falls all the way, so it can be read without colours."""


def confusion_figure(counts: Int64[np.ndarray, "class class"], names: Sequence[str]) -> Figure:
    """Return the counts as numbers in shaded cells: rows are what is true, columns what was answered."""
    chart = figure(_("Answer"), _("Truth"), hovermode="closest", height=420 if len(names) > 3 else 320)
    chart.add_trace(
        Heatmap(
            x=list(names),
            y=list(names),
            z=counts,
            zmin=0,
            zmax=int(counts.max()) or 1,
            colorscale=SHADES,
            showscale=False,
            xgap=1,
            ygap=1,
            texttemplate="%{z}",
            hovertemplate=_("%{y} taken for %{x}: %{z} times"),
        )
    )
    chart.update_xaxes(type="category", showgrid=False)
    chart.update_yaxes(type="category", showgrid=False, autorange="reversed", title={"standoff": 10})
    return chart
