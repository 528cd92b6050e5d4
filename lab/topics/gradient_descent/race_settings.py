"""The settings of the race: a surface, a start, who races, and by which rules."""

from dataclasses import fields
from typing import Annotated, Self

from pydantic import model_validator

from lab.core.controls import Choice, Count, Hidden, Seed, Several, Slider, Switch
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.models.expression import LONGEST
from lab.models.surfaces import BOWL, OWN, SURFACES, Surface, surface
from lab.training.racers import Plan

GROUND, RACERS, RATE, RULES = _("Surface"), _("Racers"), _("Learning rate"), _("Their rules")
WIDEST = 8.0

TITLES = {BOWL: _("Bowl"), **{name: one.title for name, one in SURFACES.items()}, OWN: _("Your own f(x, y)")}
OPTIMISERS = {
    "sgd": _("Gradient descent"),
    "noisy": _("Stochastic"),
    "momentum": _("Momentum"),
    "nesterov": "Nesterov",
    "adagrad": "AdaGrad",
    "rmsprop": "RMSProp",
    "adam": "Adam",
    "adamw": "AdamW",
    "adadelta": "Adadelta",
    "lbfgs": "L-BFGS",
}
SCHEDULES = {
    "constant": _("Constant"),
    "step": _("Step: halved again and again"),
    "cosine": _("Cosine: down to 0 at the end"),
    "exponential": _("Exponential"),
    "warmup": _("Warm-up: rises in the first fifth"),
    "dynamic": _("Dynamic: rate / (1 + d k)"),
}
FALLING = ("step", "exponential", "dynamic")
SUITED = {
    BOWL: 0.05,
    OWN: 0.05,
    "tilted": 0.05,
    "rosenbrock": 0.001,
    "himmelblau": 0.01,
    "saddle": 0.1,
    "beale": 0.005,
    "rastrigin": 0.003,
    "plateau": 0.2,
    "regression": 0.1,
    "parabola": 0.2,
    "valleys": 0.03,
    "kink": 0.1,
    "waves": 0.1,
}
"""A rate to begin with, for each surface: gradient descent goes down, and others differ from it."""


class RaceSettings(LessonSettings):
    """All that decides a race."""

    surface: Annotated[
        str,
        Choice(
            _("Surface"),
            TITLES,
            help=_("What the racers go down; another one brings a start and a rate that suit it."),
            group=GROUND,
        ),
    ] = BOWL
    condition: Annotated[
        float,
        Slider(
            _("Condition number"),
            1,
            1000,
            log=True,
            help=_("How many times steeper the bowl curves along y than along x, where its curvature is 1."),
            group=GROUND,
        ),
    ] = 30.0
    formula: Annotated[
        str, Hidden(_("f(x, y)"), r"[ -~]*", _("at most 300 plain letters and signs"), LONGEST)
    ] = ""
    start_x: Annotated[
        float,
        Slider(
            _("Start x"), -WIDEST, WIDEST, 0.05, help=_("Where all set out; or click the map."), group=GROUND
        ),
    ] = -4.5
    start_y: Annotated[
        float,
        Slider(
            _("Start y"), -WIDEST, WIDEST, 0.05, help=_("Where all set out; or click the map."), group=GROUND
        ),
    ] = 1.5
    optimisers: Annotated[
        tuple[str, ...],
        Several(
            _("Optimisers"), OPTIMISERS, help=_("Who races; all are torch.optim's own code."), group=RACERS
        ),
    ] = ("sgd", "momentum", "rmsprop", "adam")
    steps: Annotated[
        int, Count(_("Steps"), 10, 500, log=True, help=_("Updates of each racer."), group=RACERS)
    ] = 100
    rate: Annotated[
        float,
        Slider(
            _("Learning rate"),
            0.0001,
            10,
            log=True,
            help=_("The same for all but L-BFGS, which finds the length of each step by itself."),
            group=RATE,
        ),
    ] = 0.05
    own_rates: Annotated[
        bool,
        Switch(
            _("Each its default rate"),
            help=_("The rate torch.optim takes if none is given: 0.001, 0.01 or 1, made for networks."),
            group=RATE,
        ),
    ] = False
    schedule: Annotated[
        str, Choice(_("Schedule"), SCHEDULES, help=_("How the rate changes with the step."), group=RATE)
    ] = "constant"
    fall: Annotated[
        float,
        Slider(
            _("Fall d"),
            0.001,
            1,
            log=True,
            unit=_("per step"),
            help=_(
                "Dynamic: after k steps the rate is divided by 1 + d k. "
                "Exponential: by e to the power d k. Step: halved whenever that has come to a half."
            ),
            group=RATE,
        ),
    ] = 0.02
    momentum: Annotated[
        float,
        Slider(
            _("Momentum"),
            0,
            0.99,
            0.01,
            help=_("Share of the velocity kept from step to step, for Momentum and Nesterov."),
            group=RULES,
        ),
    ] = 0.9
    beta1: Annotated[
        float,
        Slider(
            _("Beta 1"), 0, 0.99, 0.01, help=_("Share of the mean gradient that Adam keeps."), group=RULES
        ),
    ] = 0.9
    beta2: Annotated[
        float,
        Slider(
            _("Beta 2"),
            0.5,
            0.999,
            0.001,
            help=_("Share of the mean squared gradient that Adam keeps."),
            group=RULES,
        ),
    ] = 0.999
    decay: Annotated[
        float,
        Slider(
            _("Weight decay"),
            0,
            1,
            0.01,
            help=_("AdamW first shrinks x and y by rate x decay."),
            group=RULES,
        ),
    ] = 0.01
    noise: Annotated[
        float,
        Slider(
            _("Noise"),
            0.01,
            100,
            log=True,
            zero=True,
            help=_("Standard deviation of what is added to both parts of the stochastic racer's gradient."),
            group=RULES,
        ),
    ] = 1.0
    batch: Annotated[
        int,
        Count(
            _("Batch size"),
            1,
            442,
            log=True,
            unit=_("patients"),
            help=_("How many of the 442 patients the stochastic racer looks at in a step."),
            group=RULES,
        ),
    ] = 5
    seed: Annotated[int, Seed(_("Seed of the noise"), help=_("Chance follows from it."), group=RULES)] = 0

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.formula:
            surface(OWN, formula=self.formula)
        return self

    def ground(self) -> Surface:
        """Return the surface."""
        return surface(self.surface, self.condition, self.formula)

    def plan(self) -> Plan:
        """Return how the racers go down; on a curve, from y = 0."""
        shared = [one.name for one in fields(Plan) if one.name != "start"]
        height = 0.0 if self.ground().flat else self.start_y
        return Plan((self.start_x, height), **{name: getattr(self, name) for name in shared})

    def unused(self) -> tuple[str, ...]:
        """Return the fields that decide nothing with the others as they are."""
        among = set(self.optimisers)
        flat, noisy = self.ground().flat, "noisy" in among
        needed = {
            "condition": self.surface == BOWL,
            "start_y": not flat,
            "rate": not self.own_rates,
            "fall": self.schedule in FALLING,
            "momentum": bool(among & {"momentum", "nesterov"}),
            "beta1": bool(among & {"adam", "adamw"}),
            "beta2": bool(among & {"adam", "adamw"}),
            "decay": "adamw" in among,
            "noise": noisy and self.surface != "regression",
            "batch": noisy and self.surface == "regression",
            "seed": noisy,
        }
        return tuple(name for name, used in needed.items() if not used)


class RaceDisplay(LessonSettings):
    """How a race is drawn."""

    race_log_height: Annotated[
        bool,
        Switch(
            _("Heights on a logarithmic scale"),
            help=_("In the 3-D picture: valley floors are seen beside high walls."),
        ),
    ] = False


class RaceReading(LessonSettings):
    """Which racer's steps are read in numbers; nothing of the figures depends on it."""

    race_racer: Annotated[
        str, Choice(_("Optimiser to read"), OPTIMISERS, help=_("One of those that race."))
    ] = "adam"
    race_step: Annotated[
        int, Count(_("Step to read"), 1, 500, help=_("From 1; the rule is written with its numbers."))
    ] = 1
