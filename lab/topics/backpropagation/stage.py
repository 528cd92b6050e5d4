"""What is shown of the graph: its drawing at a step, the slope of the result, the error of the check."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Event
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.chart import Figure, Scatter
from lab.figures.graphs import Box, Light, Mark, graph_svg
from lab.figures.theme import BLUE, GREEN, ORANGE, figure
from lab.topics.backpropagation.check import GREEN as LIMIT
from lab.topics.backpropagation.explain import Writing, sentence
from lab.topics.backpropagation.graph import STEPS, Around, Worked, worked
from lab.topics.backpropagation.settings import Display, Settings
from lab.topics.backpropagation.steps import Known, Step, known_at

FLOOR = 1e-17


def stage(
    settings: Settings,
    display: Display,
    context: Context,
    events: Sequence[Event],
    result: Worked | None = None,
) -> Stage:
    """Return the result as one variable moves, with its tangent, and the check's error over h."""
    if not events:
        return Stage()
    found = result or worked(settings)
    one = found.around[min(display.by, len(found.around)) - 1]
    panels = [_slope_panel(found, one)]
    if one.errors.size:
        panels.append(_error_panel(one, settings.h))
    return Stage(panels)


def _slope_panel(found: Worked, one: Around) -> Panel:
    name = one.name
    chart = figure(_("Value of {name}").format(name=name), _("Result of the expression"), hovermode="closest")
    curve = np.where(np.isfinite(one.result), one.result, np.nan)
    label = _("result while {name} moves").format(name=name)
    chart.add_trace(Scatter(x=one.x, y=curve, mode="lines", name=label, line={"color": BLUE, "width": 2}))
    alt = _("The result of {text} as {name} moves from {low:.4g} to {high:.4g}.")
    alt = alt.format(text=found.text, name=name, low=one.x[0], high=one.x[-1])
    if not found.trace.trouble:
        slope = found.trace.gradients[one.place]
        _add_tangent(chart, found.inputs[name], found.trace.result, slope)
        alt += " " + _("Its slope at {value:.4g} is the gradient, {slope:.4g}.").format(
            value=found.inputs[name], slope=slope
        )
    return Panel("slope", _("The gradient is the slope: only {name} moves").format(name=name), alt, chart)


def _add_tangent(chart: Figure, x: float, y: float, slope: float) -> None:
    across = np.array([x - 0.8, x, x + 0.8])
    with np.errstate(over="ignore"):
        up = y + slope * (across - x)
    up = np.where(np.isfinite(up), up, np.nan)
    name = _("tangent, slope {slope:.4g}").format(slope=slope)
    line = {"color": ORANGE, "width": 3, "dash": "dash"}
    chart.add_trace(Scatter(x=across, y=up, mode="lines", name=name, line=line))
    marker = {"color": ORANGE, "size": 10, "line": {"color": BLUE, "width": 2}}
    chart.add_trace(Scatter(x=[x], y=[y], mode="markers", name=_("here"), marker=marker))


def _error_panel(one: Around, h: float) -> Panel:
    chart = figure(_("Step h of the finite difference"), _("Relative error"), hovermode="closest")
    power = {"type": "log", "exponentformat": "power", "dtick": 2}
    chart.update_xaxes(power)
    chart.update_yaxes(power, range=[-17.5, 1])
    errors = np.where(np.isfinite(one.errors), np.clip(one.errors, FLOOR, 10), np.nan)
    label = _("error of the central difference by {name}").format(name=one.name)
    line = {"color": BLUE, "width": 2}
    chart.add_trace(Scatter(x=STEPS, y=errors, mode="lines+markers", name=label, line=line))
    ends = [float(STEPS[0]), float(STEPS[-1])]
    limit = {"color": GREEN, "dash": "dash", "width": 2}
    chart.add_trace(Scatter(x=ends, y=[LIMIT, LIMIT], mode="lines", name=_("green below this"), line=limit))
    chosen = {"color": ORANGE, "dash": "dot", "width": 2}
    chart.add_trace(Scatter(x=[h, h], y=[FLOOR, 1], mode="lines", name=_("your h"), line=chosen))
    best = float(STEPS[np.nanargmin(errors)]) if np.isfinite(errors).any() else float("nan")
    alt = _(
        "Relative error of the central difference by {name} over its step h, both axes logarithmic: small "
        "steps suffer from rounding, large ones from the bend of the curve. Smallest near h = {best:.0e}."
    ).format(name=one.name, best=best)
    return Panel("error", _("Why finite differences are a little off"), alt, chart)


def drawing(found: Worked, writing: Writing, steps: Sequence[Step], number: int) -> str:
    """Return the graph as an SVG, as it stands after a step."""
    known = known_at(found.trace, steps, number)
    boxes = [_box(found, writing, known, steps, place) for place in range(len(found.trace.graph.nodes))]
    alt = _("Computation graph of {text}. {sentence}").format(
        text=found.text, sentence=sentence(writing, known)
    )
    return graph_svg(boxes, _marks(found, known), alt)


def _box(found: Worked, writing: Writing, known: Known, steps: Sequence[Step], place: int) -> Box:
    trace = found.trace
    node = trace.graph.nodes[place]
    last = len(trace.graph.nodes) - 1
    slope = known.gradient(place, last)
    light: Light = ""
    if known.step.place == place and known.step.kind != "start":
        light = "forward" if known.step.kind == "forward" else "backward"
    title = f"{writing.names[place]} = {writing.plain(place)}" if node.inputs else writing.names[place]
    return Box(
        title=title,
        value=f"{trace.values[place]:.4g}" if place in known.values else "",
        gradient="" if slope is None else f"{slope:.4g}",
        inputs=node.inputs,
        light=light,
        step=_step_about(known, steps, place),
        given=not node.inputs,
        partial=slope is not None and place not in known.complete,
    )


def _step_about(known: Known, steps: Sequence[Step], place: int) -> int:
    """Return the step that a click on a node goes to: in the direction in which one is going."""
    back = known.step.kind in ("seed", "backward")
    order = ("backward", "forward") if back else ("forward", "backward")
    for kind in order:
        if Step(kind, place) in steps:
            return steps.index(Step(kind, place))
    return -1


def _marks(found: Worked, known: Known) -> dict[tuple[int, int], Mark]:
    """Return local derivatives on the edges that have been gone back, and the light on those of this step."""
    marks: dict[tuple[int, int], Mark] = {}
    if known.step.kind == "forward":
        node = found.trace.graph.nodes[known.step.place]
        marks = {(source, known.step.place): Mark("", "forward") for source in node.inputs}
    for parts in known.received.values():
        for one in parts:
            edge = (one.target, one.source)
            before = f"{marks[edge].text}, " if edge in marks and marks[edge].text else ""
            lit: Light = "backward" if one in known.now else ""
            marks[edge] = Mark(f"{before}×{one.local:.3g}", lit)
    return marks
