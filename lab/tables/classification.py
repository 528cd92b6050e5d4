"""How good the answers of a classifier are: counts, shares, and the curve over all thresholds."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64


def confusion(
    labels: Int64[np.ndarray, " example"], answers: Int64[np.ndarray, " example"], classes: int
) -> Int64[np.ndarray, "class class"]:
    """Return how many examples of each class (row) were given each answer (column).

    Example:
        >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
        [[1, 1], [0, 1]]
    """
    return np.bincount(classes * labels + answers, minlength=classes**2).reshape(classes, classes)


@dataclass(frozen=True, slots=True)
class BinaryScores:
    """How good yes-or-no answers are.

    Attributes:
        accuracy: share of right answers.
        precision: share of the "yes" answers that are right; NaN if none is "yes".
        recall: share of the true cases that are found; NaN if there is none.
        f1: 2 / (1 / precision + 1 / recall): the harmonic mean of both; NaN without either.
    """

    accuracy: float
    precision: float
    recall: float
    f1: float


def binary_scores(
    labels: Bool[np.ndarray, " example"], answers: Bool[np.ndarray, " example"]
) -> BinaryScores:
    """Return the scores of yes-or-no answers; at least one example.

    Example:
        >>> binary_scores(np.array([True, True, False]), np.array([True, False, False])).recall
        0.5
    """
    found = int((labels & answers).sum())
    said, true = int(answers.sum()), int(labels.sum())
    return BinaryScores(
        accuracy=float((labels == answers).mean()),
        precision=found / said if said else np.nan,
        recall=found / true if true else np.nan,
        f1=2 * found / (said + true) if said + true else np.nan,
    )


@dataclass(frozen=True, slots=True)
class Roc:
    """The receiver operating characteristic: one point per threshold, from the strictest down.

    Attributes:
        false_positives: share of the "no" cases that are called "yes".
        true_positives: share of the "yes" cases that are called "yes".
        area: below the curve: the chance that a "yes" case scores above a "no" case, ties counted half.
    """

    false_positives: Float[np.ndarray, " threshold"]
    true_positives: Float[np.ndarray, " threshold"]
    area: float


def roc(labels: Bool[np.ndarray, " example"], scores: Float[np.ndarray, " example"]) -> Roc:
    """Return the curve over all thresholds; both answers occur among the labels, and all scores are finite.

    Source: Fawcett (2006), An introduction to ROC analysis, algorithms 1 and 2.
    """
    order = np.argsort(-scores, kind="stable")
    steps = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # equal scores are one step
    true = np.append(0, np.cumsum(labels[order])[steps]) / labels.sum()
    false = np.append(0, np.cumsum(~labels[order])[steps]) / (~labels).sum()
    return Roc(false, true, float(np.trapezoid(true, false)))
