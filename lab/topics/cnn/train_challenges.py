"""Tasks about the training of the convolutional network, which the lab can check by itself."""

from collections.abc import Sequence

from lab.core.events import Event
from lab.core.labels import _
from lab.core.lesson import Challenge
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.trained import Trained

SMALL, SHIFT = 3000, 3


def _accuracy(result: Trained) -> float:
    """Return the share of test images that are read at the end; NaN after an overflow."""
    return float(result.shifted[0, 0])


def _reads_97(settings: Settings, events: Sequence[Event], result: Trained) -> bool:
    return settings.images == "mnist" and _accuracy(result) >= 0.97


def _is_small(settings: Settings, events: Sequence[Event], result: Trained) -> bool:
    few = settings.architecture().parameters <= SMALL
    return settings.images == "mnist" and few and _accuracy(result) >= 0.93


def _stands_shifts(settings: Settings, events: Sequence[Event], result: Trained) -> bool:
    return settings.images == "mnist" and float(result.shifted[0, SHIFT]) >= 0.9


CHALLENGES = (
    Challenge(
        "cnn-shift",
        _("Train on 28x28 digits until 90 % are read even after a shift of 3 pixels."),
        "cnn/train",
        _stands_shifts,
    ),
    Challenge(
        "cnn-small",
        _("Read 93 % of the 28x28 test digits with at most 3,000 parameters."),
        "cnn/train",
        _is_small,
    ),
    Challenge("cnn-97", _("Read 97 % of the 28x28 test digits."), "cnn/train", _reads_97),
)
