"""One number per weight as a map, and a predicted change of the loss beside the true one."""

import numpy as np
from jaxtyping import Float

from lab.core.labels import _
from lab.figures.chart import Figure, Heatmap, Scatter
from lab.figures.theme import BLUE, GREEN, MOST_WITH_GAPS, ORANGE, RED, figure

TWO_SIDED = ((0.0, BLUE), (0.5, "#f7f7f7"), (1.0, RED))


def weight_map(
    values: Float[np.ndarray, "neuron input"],
    *,
    x_title: str,
    y_title: str,
    reach: float,
    marked: tuple[int, int] | None = None,
) -> Figure:
    """Return a map of a number per weight: blue below 0, white at 0, red above.

    Args:
        values: one row per neuron of the layer, one column per input.
        x_title: what the columns are.
        y_title: what the rows are.
        reach: the size of the numbers at the ends of the colour scale.
        marked: (neuron, input) of a weight that gets a frame, from 0.
    """
    rows, columns = values.shape
    chart = figure(x_title, y_title, hovermode="closest", height=150 + 18 * rows)
    chart.add_trace(
        Heatmap(
            x=np.arange(1, columns + 1),
            y=np.arange(1, rows + 1),
            z=np.where(np.isfinite(values), values, np.nan),
            zmin=-(reach or 1.0),
            zmax=reach or 1.0,
            xgap=int(columns <= MOST_WITH_GAPS),
            ygap=1,
            colorscale=[list(stop) for stop in TWO_SIDED],
            colorbar={"thickness": 12, "tickformat": ".0e", "nticks": 5},
            hovertemplate=_("neuron %{y}, input %{x}: %{z:.4g}") + "<extra></extra>",
        )
    )
    chart.update_yaxes(autorange="reversed", dtick=1 if rows <= 6 else 3)
    chart.update_xaxes(dtick=1 if columns <= 16 else 8)
    if marked is not None:
        _add_frame(chart, *marked)
    return chart


def _add_frame(chart: Figure, neuron: int, source: int) -> None:
    box = {"x0": source + 0.5, "x1": source + 1.5, "y0": neuron + 0.5, "y1": neuron + 1.5}
    chart.add_shape(type="rect", line={"width": 3, "color": GREEN}, **box)


def prediction_curves(
    steps: Float[np.ndarray, " step"],
    predicted: Float[np.ndarray, " step"],
    true: Float[np.ndarray, " step"],
    *,
    chosen: float,
    x_title: str,
) -> Figure:
    """Return how far the loss is predicted to fall, how far it falls or rises, and the difference.

    Args:
        steps: learning rates, all above 0.
        predicted: g . dw at each, in nats; below 0 where the loss should fall.
        true: the change that was found, in nats.
        chosen: the learning rate that gets a line.
        x_title: of the learning rates.
    """
    chart = figure(x_title, _("Change of the loss (nats)"), height=420)
    looks = (
        (_("predicted fall, g·Δw"), -predicted, BLUE, "solid", "lines"),
        (_("true fall"), -true, GREEN, "dash", "lines"),
        (_("true rise"), true, RED, "solid", "markers"),
        (_("difference"), np.abs(true - predicted), ORANGE, "dot", "lines"),
    )
    for name, values, colour, dash, mode in looks:
        drawn = np.where(np.isfinite(values) & (values > 0), values, np.nan)
        style = {"color": colour, "symbol": "x", "size": 6}
        line = {"color": colour, "dash": dash, "width": 2.5}
        chart.add_trace(
            Scatter(x=steps, y=drawn, name=name, mode=mode, line=line, marker=style, hovertemplate="%{y:.4g}")
        )
    chart.update_xaxes(type="log", exponentformat="power", dtick=1)
    chart.update_yaxes(type="log", exponentformat="power", dtick=2)
    chart.add_vline(chosen, line={"color": "#7f7f7f", "dash": "dot", "width": 1.5})
    return chart
