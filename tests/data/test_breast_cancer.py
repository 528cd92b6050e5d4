"""The table of tumours is scikit-learn's, with the classes the other way round."""

from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer

from lab.data.breast_cancer import FEATURES, breast_cancer


def test_it_is_scikit_learns_table():
    theirs: Any = load_breast_cancer()
    ours: Any = breast_cancer()
    np.testing.assert_array_equal(ours[list(FEATURES)].to_numpy(), theirs.data[:, :10])
    assert [f"mean {name}" for name in FEATURES] == list(theirs.feature_names[:10])
    np.testing.assert_array_equal(ours["malignant"] == 0, theirs.target == 1)
    assert list(theirs.target_names) == ["malignant", "benign"]
    assert ours["malignant"].sum() == 212
