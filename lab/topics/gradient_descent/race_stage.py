"""What is shown of a race: the map, the landscape, and the loss step by step."""

from collections.abc import Sequence

import numpy as np
import torch

from lab.core.events import Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.functions import function_figure
from lab.figures.paths import Path, curve_figure, descent_figure
from lab.figures.surfaces import Ground, contour_figure, landscape_figure
from lab.models.surfaces import Surface
from lab.topics.gradient_descent.race import seconds, train
from lab.topics.gradient_descent.race_settings import OPTIMISERS, RaceDisplay, RaceSettings
from lab.training.descent import Race

CELLS, CURVE_CELLS = 81, 401
PLACES = {name: place for place, name in enumerate(OPTIMISERS)}


def stage(
    settings: RaceSettings,
    display: RaceDisplay,
    context: Context,
    events: Sequence[Event],
    result: Race | None = None,
) -> Stage:
    """Return the figures once the race is over."""
    if result is None:
        return Stage()
    surface = settings.ground()
    ground, paths = ground_of(surface), _paths(result)
    panels = [_curve(surface, ground, paths, result)] if surface.flat else []
    if not surface.flat:
        panels = [_map(surface, ground, paths, result), _landscape(surface, ground, paths, display)]
    panels.append(_descent(paths, result))
    if settings.schedule != "constant":
        panels.append(_rates(settings, result))
    return Stage(panels=tuple(panels), notes=_notes(surface, result))


def ground_of(surface: Surface) -> Ground:
    """Return the surface's values over its window."""
    x = np.linspace(*surface.x, CURVE_CELLS if surface.flat else CELLS)
    y = np.zeros(1) if surface.flat else np.linspace(*surface.y, CELLS)
    across, up = np.meshgrid(x, y)
    heights = surface.value(torch.from_numpy(across), torch.from_numpy(up)).numpy()
    return Ground(x, y, heights, surface.minima)


def _paths(result: Race) -> list[Path]:
    return [
        Path(OPTIMISERS[name], PLACES[name], positions, losses)
        for name, positions, losses in zip(result.names, result.positions, result.losses, strict=True)
    ]


def _notes(surface: Surface, result: Race) -> tuple[str, ...]:
    if not np.isfinite(result.losses[:, 0]).all():
        return (_("The function has no finite value at the start: choose another."),)
    low, high = np.array([surface.x, surface.y]).T
    inside = ((result.positions[0, 0] >= low) & (result.positions[0, 0] <= high)).all()
    said = [] if inside else [_("The start lies outside of the window.")]
    for racer, (name, left) in enumerate(zip(result.names, result.left, strict=True)):
        texts = [_("left the window at step {step}").format(step=left)] if left else []
        texts += [fate(result, racer)] if result.diverged[racer] else []
        if texts:
            said.append(f"{OPTIMISERS[name]} {_(' and ').join(texts)}.")
    return tuple(said)


def fate(result: Race, racer: int) -> str:
    """Return what became of a racer that came to no finite number."""
    text = _("diverged at step {step}")
    if result.lacks_gradient(racer):
        text = _("had no gradient to follow at step {step}: there is none where it stood")
    return text.format(step=result.diverged[racer])


def _standing(result: Race) -> str:
    """Return who is lowest at the end, in a sentence."""
    last = result.losses[:, -1]
    if not np.isfinite(last).any():
        return _("None of them has a finite loss at the end.")
    best = int(np.nanargmin(last))
    text = _("Lowest after {count} steps is {name} with a loss of {loss:.3g}.")
    return text.format(count=len(result.losses[0]) - 1, name=OPTIMISERS[result.names[best]], loss=last[best])


def _who(result: Race) -> str:
    return ", ".join(OPTIMISERS[name] for name in result.names)


def _map(surface: Surface, ground: Ground, paths: list[Path], result: Race) -> Panel:
    chart = contour_figure(ground, paths, "x", "y", pick="start")
    text = _("A map of {title} with the paths of {who} from ({x:.3g}, {y:.3g}). {standing}")
    x, y = result.positions[0, 0]
    alt = text.format(title=surface.title, who=_who(result), x=x, y=y, standing=_standing(result))
    return Panel("race_map", _("From above: click to start elsewhere"), alt, chart)


def _landscape(surface: Surface, ground: Ground, paths: list[Path], display: RaceDisplay) -> Panel:
    titles = ("x", "y", _("loss (log)") if display.race_log_height else _("loss"))
    chart = landscape_figure(ground, paths, titles, log=display.race_log_height)
    known = ground.drawn[np.isfinite(ground.drawn)]
    text = _("{title} as a landscape whose heights go from {low:.3g} to {high:.3g}, with the same paths.")
    low, high = (known.min(), known.max()) if known.size else (np.nan, np.nan)
    alt = text.format(title=surface.title, low=low, high=high)
    return Panel("race_landscape", _("As a landscape: turn it with the mouse"), alt, chart)


def _curve(surface: Surface, ground: Ground, paths: list[Path], result: Race) -> Panel:
    chart = curve_figure(np.stack([ground.x, ground.drawn[0]]), paths, "x", _("loss f(x)"), pick="start")
    text = _("{title}: the points of {who} on the curve, from x = {x:.3g}. {standing}")
    alt = text.format(
        title=surface.title, who=_who(result), x=result.positions[0, 0, 0], standing=_standing(result)
    )
    return Panel("race_curve", _("The curve: click to start elsewhere"), alt, chart)


def _descent(paths: list[Path], result: Race) -> Panel:
    chart = descent_figure(paths, _("Step"), _("Loss f(x, y)"))
    text = _("The loss of {who} at each step, from {start:.3g} at the start. {standing}")
    alt = text.format(who=_who(result), start=result.losses[0, 0], standing=_standing(result))
    return Panel("race_loss", _("Loss, step by step"), alt, chart)


def _rates(settings: RaceSettings, result: Race) -> Panel:
    """Return the rate of the racer that followed the schedule for longest."""
    followed = [number for number, name in enumerate(result.names) if name != "lbfgs"] or [0]
    number = max(followed, key=lambda one: np.isfinite(result.rates[one]).sum())
    rates = result.rates[number]
    name = OPTIMISERS[result.names[number]]
    steps = np.arange(1.0, len(rates) + 1)
    chart = function_figure(steps, {name: rates}, x_title=_("Step"), y_title=_("Learning rate"))
    text = _("The learning rate of {name} at each step: {first:.3g} at the first, {last:.3g} at the last.")
    known = rates[np.isfinite(rates)]
    first, last = (known[0], known[-1]) if known.size else (np.nan, np.nan)
    alt = text.format(name=name, first=first, last=last)
    return Panel("race_rates", _("The schedule of the rate"), alt, chart)


RACE = Experiment(
    name="gradient_descent/race",
    settings=RaceSettings,
    train=train,
    stage=stage,
    display=RaceDisplay,
    seconds=seconds,
    float64=True,
)
