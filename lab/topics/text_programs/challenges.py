"""Tasks for each program: make it fail, make it work; each is checked on the run alone."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Evaluated, Event
from lab.core.labels import _
from lab.core.lesson import Challenge
from lab.topics.text_programs.convolution import ConvolutionSettings
from lab.topics.text_programs.dense import DenseSettings
from lab.topics.text_programs.noise import NoiseSettings
from lab.topics.text_programs.softmax import SoftmaxSettings
from lab.topics.text_programs.square import SquareSettings
from lab.topics.text_programs.tumours import Result, TumourSettings, scores_of_test


def _last(events: Sequence[Event], score: str) -> float:
    """Return the median of a score over the networks at the end; a diverged network counts as worst."""
    measured = [event for event in events if isinstance(event, Evaluated)][-1]
    values = measured.scores[score]
    worst = 0.0 if score.endswith("accuracy") else np.inf
    return float(np.median(np.where(np.isfinite(values), values, worst)))


def _noise_memorised(settings: NoiseSettings, events: Sequence[Event], _result: object) -> bool:
    return _last(events, "random_train_accuracy") >= 0.95 and settings.noise_rows >= 500


def _noise_fails(settings: NoiseSettings, events: Sequence[Event], _result: object) -> bool:
    return _last(events, "parity_held_accuracy") < 0.6


def _square_works(settings: SquareSettings, events: Sequence[Event], _result: object) -> bool:
    return settings.square_neurons <= 2 and _last(events, "tanh_loss") <= _last(events, "line_best_line") / 20


def _square_fails(settings: SquareSettings, events: Sequence[Event], _result: object) -> bool:
    return not np.isfinite(_last(events, "line_loss"))


def _softmax_works(settings: SoftmaxSettings, events: Sequence[Event], _result: object) -> bool:
    return _last(events, "printed_test_accuracy") >= 0.9


def _softmax_fails(settings: SoftmaxSettings, events: Sequence[Event], _result: object) -> bool:
    right = _last(events, "single_test_accuracy")
    return right >= 0.9 and _last(events, "printed_test_accuracy") <= right - 0.1


def _tumours_work(settings: TumourSettings, events: Sequence[Event], result: Result) -> bool:
    area = scores_of_test(result, 0.5)["area"]
    return settings.tumour_neurons <= 3 and float(np.median(area)) >= 0.98


def _tumours_fail(settings: TumourSettings, events: Sequence[Event], result: Result) -> bool:
    recall = scores_of_test(result, 0.5)["recall"]
    return float(np.median(recall)) < 0.5


def _convolution_works(settings: ConvolutionSettings, events: Sequence[Event], _result: object) -> bool:
    return settings.convolution_filters <= 8 and _last(events, "test_accuracy") >= 0.95


def _convolution_fails(settings: ConvolutionSettings, events: Sequence[Event], _result: object) -> bool:
    whole = settings.convolution_images == 4000 and settings.convolution_filters >= 32
    return whole and _last(events, "test_accuracy") <= 0.15


def _dense_works(settings: DenseSettings, events: Sequence[Event], _result: object) -> bool:
    return settings.dense_images <= 1000 and _last(events, "test_accuracy") >= 0.86


def _dense_fails(settings: DenseSettings, events: Sequence[Event], _result: object) -> bool:
    learned = settings.dense_images == 4000 and settings.dense_rate <= 0.001
    return learned and _last(events, "test_accuracy") <= 0.5


CHALLENGES = (
    Challenge(
        "noise-works",
        _("Make it work: learn at least 500 random labels by heart, with a median accuracy of 95 % on them."),
        "text_programs/noise",
        _noise_memorised,
    ),
    Challenge(
        "noise-fails",
        _("Make it fail: even or odd, below 60 % on the digits held back."),
        "text_programs/noise",
        _noise_fails,
    ),
    Challenge(
        "square-works",
        _("Make it work with two tanh neurons: a median error below a twentieth of the best line's."),
        "text_programs/square",
        _square_works,
    ),
    Challenge(
        "square-fails",
        _("Make it fail: let the median of the linear networks overflow."),
        "text_programs/square",
        _square_fails,
    ),
    Challenge(
        "softmax-works",
        _("Make it work as printed: PyTorch's program with both softmaxes, median test accuracy 90 %."),
        "text_programs/softmax",
        _softmax_works,
    ),
    Challenge(
        "softmax-fails",
        _("Make it fail: let the second softmax cost 10 points, while the program without it reaches 90 %."),
        "text_programs/softmax",
        _softmax_fails,
    ),
    Challenge(
        "tumours-work",
        _("Make it work with at most 3 neurons per layer: a median ROC-AUC of 0.98."),
        "text_programs/tumours",
        _tumours_work,
    ),
    Challenge(
        "tumours-fail",
        _("Make it fail: at threshold 0.5, a median recall below one half."),
        "text_programs/tumours",
        _tumours_fail,
    ),
    Challenge(
        "convolution-works",
        _("Make it work with at most 8 filters: test accuracy 95 %."),
        "text_programs/convolution",
        _convolution_works,
    ),
    Challenge(
        "convolution-fails",
        _("Make it fail: all 4,000 images, 32 filters or more, and at most 15 % in the end."),
        "text_programs/convolution",
        _convolution_fails,
    ),
    Challenge(
        "dense-works",
        _("Make it work with 1,000 images: median test accuracy 86 %."),
        "text_programs/dense",
        _dense_works,
    ),
    Challenge(
        "dense-fails",
        _("Make it fail with 4,000 images at a rate of at most 0.001: at most 50 % in the end."),
        "text_programs/dense",
        _dense_fails,
    ),
)
