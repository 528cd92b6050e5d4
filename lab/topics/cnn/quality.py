"""How good a trained network is: which digits it takes for which, how sure it is, what a shift does."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64, Int64

from lab.core.labels import _
from lab.models.convnet import ConvArchitecture
from lab.tables.classification import binary_scores, confusion
from lab.topics.cnn.trained import Trained

DIGITS = 10
BINS = 10
WORST = 12


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one network says of the test images.

    Attributes:
        labels: what they show.
        answers: what it takes them for.
        probabilities: of each digit, after softmax.
    """

    labels: Int64[np.ndarray, " example"]
    answers: Int64[np.ndarray, " example"]
    probabilities: Float64[np.ndarray, "example class"]

    @property
    def sure(self) -> Float64[np.ndarray, " example"]:
        """Return the probability that the network gives its own answer."""
        return self.probabilities.max(axis=1)

    @property
    def accuracy(self) -> float:
        """Return the share of right answers."""
        return float((self.labels == self.answers).mean())

    def counts(self) -> Int64[np.ndarray, "truth answer"]:
        """Return how often each digit was taken for which."""
        return confusion(self.labels, self.answers, DIGITS)

    def worst(self) -> Int64[np.ndarray, " mistake"]:
        """Return the numbers of the mistakes, from 0, the surest ones first; at most 12."""
        wrong = np.flatnonzero(self.labels != self.answers)
        return wrong[np.argsort(-self.sure[wrong], kind="stable")][:WORST]


def answers_of(result: Trained, network: int = 0) -> Answers:
    """Return the answers of the convolutional network (0) or of the dense one (1)."""
    scores = result.scores[network].astype(np.float64)
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return Answers(result.test_labels, scores.argmax(axis=1), shares / shares.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Whether answers that are 80 % sure are right in 80 of 100 cases.

    Attributes:
        sure: mean probability of the answers of each bin; NaN where there is none.
        right: share of them that is right.
        count: how many there are.
        error: the mean distance of both, weighted by count: the expected calibration error.
    """

    sure: Float[np.ndarray, " bin"]
    right: Float[np.ndarray, " bin"]
    count: Int64[np.ndarray, " bin"]
    error: float


def calibration(answers: Answers) -> Calibration:
    """Return ten bins of probability, from 0 to 1.

    Source: Guo and others (2017), On Calibration of Modern Neural Networks, equation 3.
    """
    place = np.minimum((answers.sure * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    sums = [np.bincount(place, one, BINS) for one in (answers.sure, answers.labels == answers.answers)]
    with np.errstate(invalid="ignore"):
        sure, right = (one / count for one in sums)
    error = np.abs(sums[0] - sums[1]).sum() / len(place)
    return Calibration(sure, right, count, float(error))


def class_table(answers: Answers) -> pd.DataFrame:
    """Return one row per digit: how many there are, precision, recall and F1."""
    rows = [binary_scores(answers.labels == digit, answers.answers == digit) for digit in range(DIGITS)]
    return pd.DataFrame(
        {
            _("digit"): np.arange(DIGITS),
            _("images"): np.bincount(answers.labels, minlength=DIGITS),
            _("precision"): [one.precision for one in rows],
            _("recall"): [one.recall for one in rows],
            _("F1"): [one.f1 for one in rows],
        }
    )


def layer_table(architecture: ConvArchitecture) -> pd.DataFrame:
    """Return one row per layer, then the total: shape, parameters and floating-point operations."""
    rows = [
        (row.name, " x ".join(map(str, row.shape)), row.parameters, row.multiply_adds, row.flops)
        for row in architecture.table()
    ]
    sums = [sum(counts) for counts in zip(*(row[2:] for row in rows), strict=True)]
    total = (_("total"), "", *sums)
    titles = (_("layer"), _("output"), _("parameters"), _("multiply-adds"), _("FLOPs"))
    return pd.DataFrame([*rows, total], columns=list(titles))


def network_table(result: Trained) -> pd.DataFrame:
    """Return one row per network: its size, its accuracy as it is and after a shift of 3 pixels."""
    names = [_("convolutional"), _("dense")][: len(result.scores)]
    sizes = [result.architecture.parameters, result.twin_parameters][: len(names)]
    last = min(3, len(result.shifts) - 1)
    return pd.DataFrame(
        {
            _("network"): names,
            _("parameters"): sizes,
            _("test accuracy"): [one[0] for one in result.shifted],
            _("after a shift of {count} pixels").format(count=result.shifts[last]): [
                one[last] for one in result.shifted
            ],
            _("calibration error"): [
                calibration(answers_of(result, number)).error for number in range(len(names))
            ],
        }
    )
