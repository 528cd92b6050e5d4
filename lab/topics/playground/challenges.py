"""Tasks for the Playground; each is checked on the run alone."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Evaluated, Event
from lab.core.labels import _
from lab.core.lesson import Challenge
from lab.topics.playground.settings import Settings


def _median(events: Sequence[Event], name: str) -> float:
    """Return the median over the networks of the last measurement; a diverged network counts as worst."""
    last = [event for event in events if isinstance(event, Evaluated)][-1]
    worst = -np.inf if name.endswith("accuracy") else np.inf
    values = last.scores.get(name, np.array([np.nan]))
    return float(np.median(np.where(np.isfinite(values), values, worst)))


def _small_circle(settings: Settings, events: Sequence[Event], _result: object) -> bool:
    plain = settings.features == ("x1", "x2") and settings.data == "circle"
    return plain and sum(settings.hidden) <= 3 and _median(events, "test_accuracy") >= 0.95


def _plain_spiral(settings: Settings, events: Sequence[Event], _result: object) -> bool:
    plain = settings.features == ("x1", "x2") and settings.data == "spiral"
    return plain and _median(events, "test_accuracy") >= 0.95


def _memorised(settings: Settings, events: Sequence[Event], _result: object) -> bool:
    learned = _median(events, "train_accuracy") >= 0.95
    return learned and _median(events, "test_loss") >= 5 * _median(events, "train_loss")


CHALLENGES = (
    Challenge(
        "small-circle",
        _("Solve the circle with three hidden neurons: x1 and x2 only, median test accuracy at least 95 %."),
        "playground/train",
        _small_circle,
    ),
    Challenge(
        "memorise",
        _("Overfit: median training accuracy at least 95 %, and a test loss five times the training loss."),
        "playground/train",
        _memorised,
    ),
    Challenge(
        "plain-spiral",
        _("Solve the spiral from x1 and x2 alone: median test accuracy at least 95 %."),
        "playground/train",
        _plain_spiral,
    ),
)
