"""What is shown of the map of rate and momentum."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.rates import HIGHER, LOST, SLOW, Lands, rate_map
from lab.topics.gradient_descent.sweep_map import RateMap, seconds, train
from lab.topics.gradient_descent.sweep_settings import OPTIMIZERS, MapDisplay, SweepSettings

DECADES = 16
"""Losses are told apart down to so many powers of ten below the start; lower ones share the last colour."""


def stage(
    settings: SweepSettings,
    display: MapDisplay,
    context: Context,
    events: Sequence[Event],
    result: RateMap | None = None,
) -> Stage:
    """Return the map once it is done."""
    if result is None or not result.start > 0:  # from a lowest place nothing goes down
        return Stage()
    lands = lands_of(settings, display, result)
    name = _("{optimizer}: rate and momentum on “{surface}”").format(
        optimizer=OPTIMIZERS[result.kind], surface=settings.ground().title
    )
    alt = _(
        "Map of {title}: learning rate across, momentum up. Lowest loss at rate {rate:.3g} and momentum "
        "{momentum:.3g}; {lost} of {all} pairs diverged."
    ).format(
        title=lands.title,
        rate=lands.best[0],
        momentum=lands.best[1],
        lost=int(lands.layers[LOST].sum()),
        all=lands.colours.size,
    )
    return Stage([Panel("sweep-map", name, alt, rate_map(lands))], notes=_notes(result, lands.best))


def lands_of(settings: SweepSettings, display: MapDisplay, result: RateMap) -> Lands:
    """Return what the map shows: only pairs that end below the start have a colour of the scale."""
    momentum, rate = result.best
    lost, lower = result.diverged > 0, result.gaps <= result.start
    layers = {HIGHER: ~lost & ~lower, LOST: lost}
    floor, by_loss = result.start * 10.0**-DECADES, display.sweep_colour == "loss"
    if by_loss:
        colours = np.log10(np.maximum(np.where(lower, result.gaps, np.nan), floor))
        title, top = _("power of ten of the loss"), float(np.log10(result.start))
        ends = (float(np.nanmin(colours)) if lower.any() else top - 1, top)
    else:
        colours, title = result.needed, _("steps to 1 % of the start")
        ends = (0.0, float(settings.sweep_steps))
        layers[SLOW] = lower & np.isnan(colours)
    return Lands(
        result.rates,
        result.momenta,
        colours,
        title,
        ends,
        layers,
        result.edges,
        result.optimum,
        (float(result.rates[rate]), float(result.momenta[momentum])),
        floored=by_loss and bool((result.gaps <= floor).any()),
    )


def _notes(result: RateMap, best: tuple[float, float]) -> list[str]:
    momentum, rate = result.best
    notes = [
        _(
            "Best of the map: rate {rate:.4g}, momentum {momentum:.3g}, loss above the minimum {gap:.3g}."
        ).format(rate=best[0], momentum=best[1], gap=max(0.0, result.gaps[momentum, rate]))
    ]
    if result.optimum is not None:
        text = _("By formula, in the long run: rate {rate:.4g}, momentum {momentum:.3g}.")
        notes.append(text.format(rate=result.optimum[0], momentum=result.optimum[1]))
    return notes


MAP = Experiment(
    name="gradient_descent/map",
    settings=SweepSettings,
    train=train,
    stage=stage,
    display=MapDisplay,
    seconds=seconds,
    shortest=lambda: SweepSettings(sweep_steps=5),
    float64=True,
)
