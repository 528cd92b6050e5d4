"""Scores of classifiers are scikit-learn's."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from lab.tables.classification import binary_scores, confusion, roc

CASES = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=40)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_the_matrix_is_scikit_learns(pairs):
    labels, answers = np.array(pairs).T
    expected = confusion_matrix(labels, answers, labels=range(5))
    np.testing.assert_array_equal(confusion(labels, answers, 5), expected)


@given(CASES)
def test_yes_or_no_scores_are_scikit_learns(cases):
    labels = np.array([label for label, _score in cases])
    answers = np.array([score > 2 for _label, score in cases])
    told = binary_scores(labels, answers)
    nothing: Any = {"zero_division": np.nan}
    assert told.accuracy == pytest.approx(accuracy_score(labels, answers))
    for value, expected in (
        (told.precision, precision_score(labels, answers, **nothing)),
        (told.recall, recall_score(labels, answers, **nothing)),
        (told.f1, f1_score(labels, answers, **nothing)),
    ):
        assert value == pytest.approx(expected, nan_ok=True)


@given(CASES)
def test_the_curve_and_its_area_are_scikit_learns(cases):
    labels = np.array([True, False, *(label for label, _score in cases)])
    scores = np.array([3.0, 2.0, *(score for _label, score in cases)])
    told = roc(labels, scores)
    false, true, _thresholds = roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(told.false_positives, false)
    np.testing.assert_allclose(told.true_positives, true)
    assert told.area == pytest.approx(roc_auc_score(labels, scores))
