"""What is shown of a race on a network: its loss on a plane with the paths, and the curvature on the way."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Diverged, Evaluated, Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.landscapes import Bend, above_the_plane, sharpness_figure
from lab.figures.paths import Path, descent_figure
from lab.figures.surfaces import Ground, contour_figure, landscape_figure
from lab.topics.gradient_descent.network import edge, seconds, train
from lab.topics.gradient_descent.network_result import NetworkRace, Slice
from lab.topics.gradient_descent.network_settings import (
    LOSSES,
    OPTIMIZERS,
    NetworkDisplay,
    NetworkSettings,
)
from lab.training.racers import DEFAULT_RATES

STYLES = {name: tuple(DEFAULT_RATES).index(name) for name in OPTIMIZERS}
"""Places among `lab.figures.paths.STYLES`: an optimiser looks as it does in the race on a surface."""


def stage(
    settings: NetworkSettings,
    display: NetworkDisplay,
    context: Context,
    events: Sequence[Event],
    result: NetworkRace | None = None,
) -> Stage:
    """Return losses and curvature as they come; at the end, the chosen plane with the paths, too."""
    told = [event for event in events if isinstance(event, Evaluated)]
    if not told:
        return Stage()
    losses = np.stack([event.scores["train_loss"] for event in told], axis=1)
    panels = [_descent(settings, losses), _sharpness(settings, told)]
    if result is not None:
        shown = result.slices[display.net_plane]
        panels += [_map(result, shown), _landscape(result, shown, display.net_log_height)]
        panels.append(_truth(settings, result, shown))
    return Stage(panels, notes=_notes(settings, events, result, display))


def path_of(name: str, heights: np.ndarray, positions: np.ndarray | None = None) -> Path:
    """Return a path as figures want it."""
    places = np.zeros((len(heights), 2)) if positions is None else positions
    return Path(OPTIMIZERS[name], STYLES[name], places, heights)


def paths_of(result: NetworkRace, shown: Slice) -> list[Path]:
    """Return the paths on a plane; their heights are those of the plane, on which they are drawn."""
    triples = zip(result.names, shown.beneath, shown.positions, strict=True)
    return [path_of(name, heights, places) for name, heights, places in triples]


def axis_titles(shown: Slice) -> tuple[str, str]:
    """Return what the axes of a plane are."""
    if shown.shares is None:
        titles = (_("Random direction 1"), _("Random direction 2"))
        unit = _("in lengths of each neuron's weights")
        return (f"{titles[0]} ({unit})", f"{titles[1]} ({unit})")
    text = _("Main direction {number} of the paths ({share:.1%} of squared distances)")
    return (
        text.format(number=1, share=shown.shares[0]),
        text.format(number=2, share=shown.shares[1]),
    )


def _ends(result: NetworkRace, values: np.ndarray) -> str:
    """Return what each optimiser ended at, or that it diverged."""
    said = []
    for name, row, step in zip(result.names, values, result.diverged, strict=True):
        end = _("diverged at step {step}").format(step=step) if step else f"{row[-1]:.3g}"
        said.append(f"{OPTIMIZERS[name]} {end}")
    return ", ".join(said)


def _map(result: NetworkRace, shown: Slice) -> Panel:
    ground = Ground(shown.x, shown.y, shown.heights)
    chart = contour_figure(ground, paths_of(result, shown), *axis_titles(shown))
    text = _(
        "The training loss on a plane through the space of {count:,} parameters, with the paths projected on "
        "it. The plane goes through the end of {centre}, at 0, 0. {axes}. True losses at the end: {ends}."
    )
    alt = text.format(
        count=result.parameters,
        centre=OPTIMIZERS[result.names[result.centre]],
        axes="; ".join(axis_titles(shown)),
        ends=_ends(result, result.losses),
    )
    return Panel("network_map", _("The loss of this network, on one plane"), alt, chart)


def _landscape(result: NetworkRace, shown: Slice, log: bool) -> Panel:
    ground = Ground(shown.x, shown.y, shown.heights)
    first, second = (title.partition(" (")[0] for title in axis_titles(shown))
    height = _("Training loss (log)") if log else _("Training loss")
    chart = landscape_figure(ground, paths_of(result, shown), (first, second, height), log=log)
    known = ground.drawn[np.isfinite(ground.drawn)]
    low, high = (known.min(), known.max()) if known.size else (np.nan, np.nan)
    text = _("The same plane as a landscape: losses from {low:.3g} to {high:.3g}; paths are drawn on it.")
    alt = text.format(low=low, high=high)
    return Panel("network_landscape", _("As a landscape: turn it with the mouse"), alt, chart)


def _unit(settings: NetworkSettings) -> str:
    return _("Training loss (nats)") if settings.net_loss == "cross_entropy" else _("Training loss")


def _descent(settings: NetworkSettings, losses: np.ndarray) -> Panel:
    paths = [path_of(name, row) for name, row in zip(settings.net_optimizers, losses, strict=True)]
    chart = descent_figure(paths, _("Step"), _unit(settings))
    ends = []
    for path in paths:
        value = f"{path.heights[-1]:.3g}" if np.isfinite(path.heights[-1]) else _("diverged")
        ends.append(f"{path.name} {value}")
    text = _("{loss} on all training examples at each step, from {start:.3g}. After step {step}: {ends}.")
    alt = text.format(
        loss=LOSSES[settings.net_loss], start=losses[0, 0], step=losses.shape[1] - 1, ends=", ".join(ends)
    )
    return Panel("network_loss", _("Loss, step by step"), alt, chart)


def _sharpness(settings: NetworkSettings, told: Sequence[Evaluated]) -> Panel:
    moments = [step for step, event in enumerate(told) if "sharpness" in event.scores]
    values, settled = (
        np.stack([told[step].scores[name] for step in moments], axis=1) for name in ("sharpness", "settled")
    )
    bends, said = [], []
    for name, row, rested in zip(settings.net_optimizers, values, settled > 0, strict=True):
        limit = edge(settings, name)
        bends.append(Bend(OPTIMIZERS[name], STYLES[name], row, rested, limit))
        known = row[np.isfinite(row)]
        now = f"{known[0]:.3g} → {known[-1]:.3g}" if known.size else _("no number")
        bound = "" if limit is None else _(", its edge {edge:.3g}").format(edge=limit)
        said.append(f"{OPTIMIZERS[name]} {now}{bound}")
    chart = sharpness_figure(np.array(moments), bends, settings.net_steps)
    text = _(
        "Largest eigenvalue of the loss's Hessian along the paths, up to step {step}: {said}. "
        "Hollow marks, {hollow} of them: the search for it had not come to rest after its last product."
    )
    alt = text.format(step=moments[-1], said="; ".join(said), hollow=int((settled == 0).sum()))
    return Panel("network_sharpness", _("How sharply the loss bends where they are"), alt, chart)


def _truth(settings: NetworkSettings, result: NetworkRace, shown: Slice) -> Panel:
    """Return how well the plane tells the loss of the path through whose end it goes."""
    racer = result.centre
    path = path_of(result.names[racer], result.losses[racer])
    chart = above_the_plane(path, shown.beneath[racer], _unit(settings))
    text = _(
        "True loss of {name} and the loss of the plane beneath it: {true:.3g} and {plane:.3g} at the start, "
        "{true_end:.3g} and {plane_end:.3g} at the end; {far:.3g} away from the plane at the start."
    )
    end = result.last(racer)
    alt = text.format(
        name=path.name,
        true=path.heights[0],
        plane=shown.beneath[racer, 0],
        true_end=path.heights[end],
        plane_end=shown.beneath[racer, end],
        far=shown.distances[racer, 0],
    )
    return Panel("network_truth", _("{name}: true, and on the plane").format(name=path.name), alt, chart)


def _notes(
    settings: NetworkSettings,
    events: Sequence[Event],
    result: NetworkRace | None,
    display: NetworkDisplay,
) -> list[str]:
    notes = []
    for event in events:
        if isinstance(event, Diverged):
            name = OPTIMIZERS[settings.net_optimizers[event.network]]
            notes.append(_("{name} diverged at step {step}.").format(name=name, step=event.step))
    if result is None:
        return notes
    shown = result.slices[display.net_plane]
    if shown.shares is not None:
        text = _(
            "This plane holds {share:.1%} of the paths' squared distances from the end of {centre}; the "
            "other {count:,} directions hold the rest."
        )
        centre = OPTIMIZERS[result.names[result.centre]]
        count = result.parameters - 2
        notes.append(text.format(share=sum(shown.shares), centre=centre, count=count))
    far = ", ".join(
        f"{OPTIMIZERS[name]} {shown.distances[racer, result.last(racer)]:.3g} "
        f"{_('and')} {result.walked[racer, result.last(racer)]:.3g}"
        for racer, name in enumerate(result.names)
    )
    text = _("How far each end is from this plane, and from the start: {far}.")
    notes.append(text.format(far=far))
    return notes


NETWORK = Experiment(
    name="gradient_descent/network",
    settings=NetworkSettings,
    train=train,
    stage=stage,
    display=NetworkDisplay,
    seconds=seconds,
    shortest=lambda: NetworkSettings(net_steps=10, net_grid=11, net_hidden=(2,)),
    float64=True,
)
