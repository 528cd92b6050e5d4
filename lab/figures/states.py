"""States of a recurrent network over its steps as a map, and the gates of one step as bars."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from lab.core.labels import _
from lab.figures.chart import Bar, Figure, Heatmap
from lab.figures.theme import BLUE, GREEN, MOST_WITH_GAPS, ORANGE, PURPLE, SKY, figure

SIGNED = [[0, ORANGE], [0.5, "#f2f2f2"], [1, BLUE]]
BARS = ((BLUE, ""), (ORANGE, "/"), (GREEN, "x"), (PURPLE, "."), (SKY, "\\"))
"""Colour and pattern of each gate: told apart without colours too."""
MOST_WITH_NUMBERS = 60


def state_map(
    states: Float[np.ndarray, "unit step"],
    labels: Sequence[str],
    *,
    rows: Sequence[str] = (),
    lit: int = -1,
    x_title: str,
    y_title: str,
    height: int = 320,
) -> Figure:
    """Return one row per unit and one column per step; numbers stand in the cells where they have room.

    Args:
        states: what is shown; not finite values are left empty.
        labels: of the steps, each different.
        rows: what each row is; its number, from 1, if not given.
        lit: the step that is framed, from 0; -1 for none.
        x_title: what a step is.
        y_title: what a row is.
        height: of the figure, in pixels.
    """
    drawn = np.where(np.isfinite(states), states, np.nan)
    largest = max(1.0, float(np.nanmax(np.abs(drawn), initial=0.0)))
    numbers = (
        {"texttemplate": "%{z:.2f}", "textfont": {"size": 12}} if drawn.size <= MOST_WITH_NUMBERS else {}
    )
    gap = int(max(drawn.shape) <= MOST_WITH_GAPS)
    chart = figure(x_title, y_title, height=height, hovermode="closest")
    chart.add_trace(
        Heatmap(
            x=list(labels),
            y=list(rows) or np.arange(1, len(drawn) + 1),
            z=drawn,
            zmin=-largest,
            zmax=largest,
            colorscale=SIGNED,
            colorbar={"thickness": 12},
            xgap=gap,
            ygap=gap,
            hovertemplate=_("%{x}, row %{y}: %{z:.4g}") + "<extra></extra>",
            **numbers,
        )
    )
    chart.update_xaxes(type="category", showgrid=False)
    kind = {"type": "category"} if rows else {"dtick": 1 if len(drawn) <= 12 else None}
    chart.update_yaxes(kind, autorange="reversed", showgrid=False)
    if lit >= 0:
        top = -0.5 if rows else 0.5
        frame = {"x0": lit - 0.5, "x1": lit + 0.5, "y0": top, "y1": top + len(drawn)}
        chart.add_shape(type="rect", **frame, line={"color": GREEN, "width": 3})
    return chart


def gate_bars(values: Mapping[str, Float[np.ndarray, " unit"]], *, y_title: str) -> Figure:
    """Return for each unit a bar per gate, from -1 to 1, with its number.

    Args:
        values: by the gate's name.
        y_title: what the bars say.
    """
    chart = figure(_("Hidden unit"), y_title, barmode="group", hovermode="closest")
    for (name, numbers), (colour, pattern) in zip(values.items(), BARS, strict=False):
        chart.add_trace(
            Bar(
                x=[str(unit) for unit in range(1, len(numbers) + 1)],
                y=numbers,
                name=name,
                text=[f"{value:.2f}" for value in numbers],
                textposition="outside",
                cliponaxis=False,
                marker={"color": colour, "pattern": {"shape": pattern, "solidity": 0.15}},
                hovertemplate="%{y:.4g}",
            )
        )
    chart.update_xaxes(type="category")
    chart.update_yaxes(range=[-1.25, 1.25], zeroline=True)
    return chart
