"""The race: torch's optimisers on a surface, from one start."""

from collections.abc import Iterator

import numpy as np

from lab.core.events import Diverged, Done, Event, Finished, Started
from lab.core.labels import _
from lab.core.lesson import Challenge, Context
from lab.models.surfaces import BOWL
from lab.topics.gradient_descent.race_settings import RaceSettings
from lab.training.descent import Race, race


def train(settings: RaceSettings, context: Context) -> Iterator[Event | Done[Race]]:
    """Let all racers go down side by side, and tell who has diverged."""
    yield Started(float(settings.steps), len(settings.optimisers))
    result = race(settings.ground(), settings.optimisers, settings.plan())
    for number, step in enumerate(result.diverged):
        if step:
            yield Diverged(number, step)
    yield Finished("diverged" if all(result.diverged) else "epochs", float(settings.steps))
    yield Done(result)


def seconds(settings: RaceSettings) -> float:
    """Return the CPU seconds a race takes: one gradient for all, then one small step for each racer."""
    each = {"sgd": 0.04, "noisy": 0.09, "momentum": 0.05, "nesterov": 0.06, "lbfgs": 0.25}
    return 0.001 * settings.steps * (0.2 + sum(each.get(name, 0.1) for name in settings.optimisers))


def _narrow(settings: RaceSettings, _events: object, result: Race) -> bool:
    hard = settings.surface == BOWL and settings.condition >= 100 and settings.steps <= 50
    far = float(np.abs(result.positions[0, 0]).min()) >= 1
    return hard and far and "momentum" in result.names and _end(result, "momentum") < 1e-5


def _hills(settings: RaceSettings, _events: object, result: Race) -> bool:
    far = settings.surface == "waves" and settings.start_x >= 5
    return far and "sgd" in result.names and _end(result, "sgd") < 0.01


def _end(result: Race, name: str) -> float:
    """Return the last loss of a racer, which is NaN and below nothing if it has diverged."""
    return float(result.losses[result.names.index(name), -1])


CHALLENGES = (
    Challenge(
        "race-narrow",
        _(
            "Bowl, condition number 100 or more, start at least 1 away in x and in y: "
            "let Momentum come below a loss of 0.00001 within 50 steps."
        ),
        "gradient_descent/race",
        _narrow,
    ),
    Challenge(
        "race-hills",
        _("Waves, from x = 5 or beyond: let plain gradient descent end below a loss of 0.01."),
        "gradient_descent/race",
        _hills,
    ),
)
