"""A real table to fit lines to: what ten measurements tell of a disease a year later."""

from functools import cache

import numpy as np
import pandas as pd

from lab.data.packaged import packaged

NAMES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


@cache
def diabetes() -> pd.DataFrame:
    """Return 442 patients: ten measurements in their own units, and `target`, the progression in a year.

    `age` is in years, `bmi` in kg/m^2, `bp` in mm Hg, `s5` is the log of triglycerides; the target is a
    score from 25 to 346.

    Source: Efron, Hastie, Johnstone, Tibshirani (2004), Least Angle Regression; scikit-learn's copy.

    Example:
        >>> diabetes().shape
        (442, 11)
    """
    folder = ("sklearn", "datasets", "data")
    rows = pd.read_csv(packaged(*folder, "diabetes_data_raw.csv.gz"), sep=r"\s+", header=None)
    target = np.loadtxt(packaged(*folder, "diabetes_target.csv.gz"))
    return rows.set_axis(list(NAMES), axis="columns").astype(np.float64).assign(target=target)


def standardised(values: pd.Series) -> np.ndarray:
    """Return a column in units of its standard deviation, 0 at its mean."""
    numbers = values.to_numpy(np.float64)
    return (numbers - numbers.mean()) / numbers.std()
