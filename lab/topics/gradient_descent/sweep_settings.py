"""The settings of the sweep over learning rates, and of the map of rate and momentum."""

from typing import Annotated

import numpy as np

from lab.core.controls import Choice, Count, Slider
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.models.surfaces import BOWL, SURFACES

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
            {BOWL: _("Bowl")} | {name: one.title for name, one in SURFACES.items()},
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
