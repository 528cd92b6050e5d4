"""The diabetes table is scikit-learn's, in its own units."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from lab.data.regression import diabetes, standardised


def test_the_table_is_that_of_scikit_learn():
    loaded: Any = load_diabetes(as_frame=True, scaled=False)
    theirs = loaded.frame
    ours = diabetes()
    assert list(ours.columns) == list(theirs.columns)
    np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy())


def test_a_standardised_column_has_mean_0_and_spread_1():
    frame: Any = diabetes()
    values = standardised(frame["bmi"])
    assert values.mean() == pytest.approx(0, abs=1e-12)
    assert values.std() == pytest.approx(1)
    np.testing.assert_allclose(np.corrcoef(values, diabetes()["bmi"])[0, 1], 1)
