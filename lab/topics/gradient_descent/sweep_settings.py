"""The settings of the sweep over learning rates, and of the map of rate and momentum."""

from dataclasses import replace
from typing import Annotated, Self

import numpy as np
from pydantic import model_validator

from lab.core.controls import Choice, Count, Hidden, Slider
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.models.expression import LONGEST
from lab.models.surfaces import BOWL, OWN, SURFACES, Surface, surface

RATES, MOMENTA = 60, 40
OPTIMIZERS = {
    "sgd": _("Gradient descent"),
    "momentum": _("Momentum"),
    "nesterov": _("Nesterov"),
    "adagrad": "AdaGrad",
    "rmsprop": "RMSProp",
    "adadelta": "Adadelta",
    "adam": "Adam",
    "adamw": "AdamW",
}
PLACE, DESCENT, RANGE = _("Surface"), _("Descent"), _("Rates")


class SweepSettings(LessonSettings):
    """A surface, an optimiser, and the 60 rates that are tried."""

    sweep_surface: Annotated[
        str,
        Choice(
            _("Surface"),
            {BOWL: _("Bowl")}
            | {name: one.title for name, one in SURFACES.items()}
            | {OWN: _("Your own f(x, y)")},
            help=_("All racers start at the same point of it."),
            group=PLACE,
        ),
    ] = BOWL
    sweep_condition: Annotated[
        float,
        Slider(
            _("Condition number of the bowl"),
            1,
            1000,
            log=True,
            help=_("Its largest curvature over its smallest, which is 1."),
            group=PLACE,
        ),
    ] = 100.0
    sweep_formula: Annotated[
        str, Hidden(_("f(x, y)"), r"[ -~]*", _("at most 300 plain letters and signs"), LONGEST)
    ] = ""
    sweep_x: Annotated[
        float, Slider(_("Start x"), -8, 8, 0.05, help=_("On your own surface only."), group=PLACE)
    ] = 3.2
    sweep_y: Annotated[
        float, Slider(_("Start y"), -8, 8, 0.05, help=_("On your own surface only."), group=PLACE)
    ] = 3.6
    sweep_optimizer: Annotated[
        str,
        Choice(
            _("Optimiser"), OPTIMIZERS, help=_("Turns gradients into steps, at every rate."), group=DESCENT
        ),
    ] = "sgd"
    sweep_momentum: Annotated[
        float,
        Slider(
            _("Momentum"),
            0,
            0.99,
            0.01,
            help=_("Share of the last step that is kept; of Momentum and Nesterov."),
            group=DESCENT,
        ),
    ] = 0.9
    sweep_steps: Annotated[
        int,
        Count(
            _("Steps"), 5, 1000, log=True, help=_("After so many steps losses are compared."), group=DESCENT
        ),
    ] = 200
    sweep_low: Annotated[
        float,
        Slider(_("Smallest rate"), 0.000001, 0.1, log=True, help=_("Where the 60 rates begin."), group=RANGE),
    ] = 0.001
    sweep_decades: Annotated[
        int,
        Count(
            _("Powers of ten"), 1, 7, help=_("How far the largest rate is from the smallest."), group=RANGE
        ),
    ] = 4

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.sweep_formula:
            surface(OWN, formula=self.sweep_formula)
        return self

    def ground(self) -> Surface:
        """Return the surface; one of the learner's own begins where the learner says."""
        one = surface(self.sweep_surface, self.sweep_condition, self.sweep_formula)
        if one.name != OWN:
            return one
        return replace(one, start=(self.sweep_x, 0.0 if one.flat else self.sweep_y))

    def unused(self) -> tuple[str, ...]:
        """Return the fields that decide nothing with the others as they are."""
        own = self.sweep_surface == OWN
        needed = {
            "sweep_condition": self.sweep_surface == BOWL,
            "sweep_x": own,
            "sweep_y": own and not self.ground().flat,
        }
        return tuple(name for name, used in needed.items() if not used)

    def rates(self) -> np.ndarray:
        """Return the 60 rates, evenly spread on a logarithmic axis.

        Example:
            >>> SweepSettings().rates()[[0, -1]].tolist()
            [0.001, 10.0]
        """
        rates = self.sweep_low * 10.0 ** np.linspace(0, self.sweep_decades, RATES)
        rates[-1] = self.sweep_low * 10.0**self.sweep_decades
        return rates


class SweepDisplay(LessonSettings):
    """Which rate is looked at."""

    sweep_shown: Annotated[
        int,
        Count(
            _("Rate looked at"),
            0,
            RATES,
            help=_("Its number from 1 to 60, or 0 for the best one; a click on the picture chooses, too."),
        ),
    ] = 0


class MapDisplay(LessonSettings):
    """What the map's colour means."""

    sweep_colour: Annotated[
        str,
        Choice(
            _("Colour of the map"),
            {"loss": _("loss at the end"), "steps": _("steps needed")},
            help=_("How low the loss is after all steps, or how many it takes to 1 % of the start's."),
        ),
    ] = "loss"


def momenta() -> np.ndarray:
    """Return the momenta of the map, from 0 up to below 1."""
    return np.arange(MOMENTA) / MOMENTA
