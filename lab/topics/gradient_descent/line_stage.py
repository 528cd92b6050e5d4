"""What is shown of the line: the data with it, the loss over all lines, the loss step by step."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.chart import Figure, Scatter
from lab.figures.paths import Path
from lab.figures.surfaces import Ground, contour_figure
from lab.figures.theme import BLUE, GREEN, ORANGE, figure
from lab.topics.gradient_descent.line import Fitted, train
from lab.topics.gradient_descent.line_settings import WIDEST, LineDisplay, LineSettings

CELLS = 61
DESCENT_STYLE = 2  # orange, as the line in the other picture


def stage(
    settings: LineSettings,
    display: LineDisplay,
    context: Context,
    events: Sequence[Event],
    result: Fitted | None = None,
) -> Stage:
    """Return the three figures once the lines are known."""
    if result is None:
        return Stage()
    panels = [_data_panel(result, display), _plane_panel(result)]
    if len(result.path) > 1:
        panels.append(_loss_panel(result))
    return Stage(panels=tuple(panels), notes=_notes(settings, result))


def _notes(settings: LineSettings, result: Fitted) -> tuple[str, ...]:
    if result.overflow:
        return (_("Diverged at step {step}: the loss is no finite number.").format(step=result.overflow),)
    if settings.line_rate > result.edge:
        text = _("The rate is above 2 / curvature = {edge:.3g}: every step makes the line worse.")
        return (text.format(edge=result.edge),)
    return ()


def _data_panel(result: Fitted, display: LineDisplay) -> Panel:
    text = _(
        "{count} examples, the line y = {slope:.3g} x + {intercept:.3g} with loss {loss:.4g}, and "
        "the best line y = {best:.3g} x + {height:.3g} with {least:.4g}."
    )
    alt = text.format(
        count=len(result.columns.x),
        slope=result.path[0, 0],
        intercept=result.path[0, 1],
        loss=result.losses[0],
        best=result.best[0],
        height=result.best[1],
        least=result.least,
    )
    title = _("The data and your line: pull it with the mouse")
    return Panel("line", title, alt, _data_chart(result, display))


def _data_chart(result: Fitted, display: LineDisplay) -> Figure:
    columns, (slope, intercept) = result.columns, result.path[0]
    x, y = columns.x, columns.y
    ends = np.array([x.min() - 0.2, x.max() + 0.2])
    height = slope * ends + intercept
    titles = (_("{name} (standard deviations)").format(name=name) for name in columns.names)
    chart = figure(*titles, hovermode="closest", height=400)
    if display.line_errors:
        chart.add_trace(_errors(x, y, slope * x + intercept))
    dots = {"size": 5, "color": BLUE, "opacity": 0.75}
    chart.add_trace(Scatter(x=x, y=y, name=_("examples"), mode="markers", marker=dots))
    chart.add_trace(_line(ends, result.best, _("normal equation"), color=GREEN, dash="dash", width=2.5))
    if len(result.path) > 1:
        name = _("after {count} steps").format(count=len(result.path) - 1)
        chart.add_trace(_line(ends, result.path[-1], name, color=ORANGE, dash="dot", width=3))
    pulled = {"type": "line", "x0": ends[0], "x1": ends[1], "y0": height[0], "y1": height[1]}
    chart.update_layout(
        shapes=[{**pulled, "line": {"color": ORANGE, "width": 4}}],
        meta={"pull": "line_ends"},
        editrevision=f"{slope} {intercept}",
    )
    chart.update_xaxes(range=ends.tolist())
    chart.update_yaxes(range=[float(y.min()) - 0.7, float(y.max()) + 0.7])
    return chart


def _errors(x: np.ndarray, y: np.ndarray, told: np.ndarray) -> Scatter:
    """Return one upright stroke for each example, from its point to the line."""
    gap = np.full_like(x, np.nan)
    return Scatter(
        x=np.stack([x, x, gap], 1).ravel(),
        y=np.stack([y, told, gap], 1).ravel(),
        name=_("errors"),
        mode="lines",
        line={"color": ORANGE, "width": 1},
        opacity=0.3,
        hoverinfo="skip",
    )


def _line(ends: np.ndarray, line: np.ndarray, name: str, **drawn: object) -> Scatter:
    return Scatter(x=ends, y=line[0] * ends + line[1], name=name, mode="lines", line=drawn)


def _ground(result: Fitted) -> Ground:
    """Return the loss of 61 x 61 lines: the mean of (w x + b - y)^2, multiplied out into six means."""
    track = np.linspace(-WIDEST, WIDEST, CELLS)
    x, y = result.columns.x, result.columns.y
    slope, intercept = np.meshgrid(track, track)
    loss = slope**2 * (x * x).mean() + intercept**2 + (y * y).mean()
    loss += 2 * (slope * intercept * x.mean() - slope * (x * y).mean() - intercept * y.mean())
    return Ground(track, track, loss, (tuple(result.best.tolist()),))


def _plane_panel(result: Fitted) -> Panel:
    """Return the loss over slopes and intercepts: of every line there is, one point."""
    path = Path(_("descent"), DESCENT_STYLE, result.path, result.losses)
    chart = contour_figure(_ground(result), [path], _("Slope w"), _("Intercept b"), pick="line_place")
    chart.update_layout(height=400)
    text = _(
        "The loss over slope and intercept is a bowl with its bottom at ({best:.3g}, {height:.3g}); your "
        "line is the point ({slope:.3g}, {intercept:.3g}), and {count} steps lead to ({last:.3g}, {end:.3g})."
    )
    alt = text.format(
        best=result.best[0],
        height=result.best[1],
        slope=result.path[0, 0],
        intercept=result.path[0, 1],
        count=len(result.path) - 1,
        last=result.path[-1, 0],
        end=result.path[-1, 1],
    )
    return Panel("plane", _("Every line is a point: click to choose another"), alt, chart)


def _loss_panel(result: Fitted) -> Panel:
    chart = figure(_("Step"), _("Loss (mean squared error)"))
    steps = np.arange(len(result.losses))
    drawn = {"name": _("descent"), "mode": "lines+markers", "line": {"color": BLUE, "width": 2}}
    chart.add_trace(Scatter(x=steps, y=result.losses, marker={"size": 4}, **drawn))
    least = {"name": _("normal equation"), "mode": "lines", "line": {"color": GREEN, "dash": "dash"}}
    chart.add_trace(Scatter(x=steps[[0, -1]], y=[result.least] * 2, **least))
    chart.update_yaxes(type="log")
    alt = _(
        "The loss goes from {first:.4g} to {last:.4g} in {count} steps; the least possible is {least:.4g}."
    )
    told = alt.format(
        first=result.losses[0], last=result.losses[-1], count=len(steps) - 1, least=result.least
    )
    return Panel("line_loss", _("Loss, step by step"), told, chart)


LINE = Experiment(
    name="gradient_descent/line",
    settings=LineSettings,
    train=train,
    stage=stage,
    display=LineDisplay,
    seconds=lambda settings: 0.02 + 1e-4 * settings.line_steps,
    float64=True,
)
