"""What is shown of the map of rate and momentum."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.rates import Lands, rate_map
from lab.topics.gradient_descent.sweep import ground
from lab.topics.gradient_descent.sweep_map import RateMap, seconds, train
from lab.topics.gradient_descent.sweep_settings import OPTIMIZERS, MapDisplay, SweepSettings

DECADES = 16


def stage(
    settings: SweepSettings,
    display: MapDisplay,
    context: Context,
    events: Sequence[Event],
    result: RateMap | None = None,
) -> Stage:
    """Return the map once it is done."""
    if result is None:
        return Stage()
    lands = lands_of(settings, display, result)
    name = _("{optimizer}: rate and momentum on “{surface}”").format(
        optimizer=OPTIMIZERS[result.kind], surface=ground(settings).title
    )
    alt = _(
        "Map of {title}: learning rate across, momentum up. Lowest loss at rate {rate:.3g} and momentum "
        "{momentum:.3g}; {lost} of {all} pairs diverged."
    ).format(
        title=lands.title,
        rate=lands.best[0],
        momentum=lands.best[1],
        lost=int(lands.lost.sum()),
        all=lands.lost.size,
    )
    return Stage([Panel("sweep-map", name, alt, rate_map(lands))], notes=_notes(result, lands.best))


def lands_of(settings: SweepSettings, display: MapDisplay, result: RateMap) -> Lands:
    """Return what the map shows: only pairs that end below the start have a colour of the scale."""
    momentum, rate = result.best
    lost, lower = result.diverged > 0, result.gaps <= result.start
    if display.sweep_colour == "loss":
        with np.errstate(divide="ignore", invalid="ignore"):
            powers = np.log10(np.where(lower & (result.gaps > 0), result.gaps, np.nan))
        top, drawn = float(np.log10(result.start)), powers[np.isfinite(powers)]
        low = max(float(drawn.min()), top - DECADES) if drawn.size else top - 1
        colours, title, ends = powers, _("power of ten of the loss"), (low, top)
    else:
        colours, title = result.needed, _("steps to 1 % of the start")
        ends = (0.0, float(settings.sweep_steps))
    return Lands(
        result.rates,
        result.momenta,
        colours,
        title,
        ends,
        ~lost & ~lower,
        lost,
        result.edges,
        result.optimum,
        (float(result.rates[rate]), float(result.momenta[momentum])),
    )


def _notes(result: RateMap, best: tuple[float, float]) -> list[str]:
    momentum, rate = result.best
    notes = [
        _(
            "Best of the map: rate {rate:.4g}, momentum {momentum:.3g}, loss above the minimum {gap:.3g}."
        ).format(rate=best[0], momentum=best[1], gap=result.gaps[momentum, rate])
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
