"""A real table with a yes-or-no question: is a breast tumour malignant?"""

from functools import cache

import pandas as pd

from lab.data.packaged import packaged

FEATURES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
"""Of the cell nuclei in an image of the tissue, each the mean over the nuclei."""


@cache
def breast_cancer() -> pd.DataFrame:
    """Return 569 tumours: ten features as float64, and `malignant` as 0 or 1 (212 are).

    scikit-learn's copy has the classes the other way round: there 1 is benign.

    Source: Wolberg, Street and Mangasarian (1995), Breast Cancer Wisconsin (Diagnostic).
    """
    rows = pd.read_csv(packaged("sklearn", "datasets", "data", "breast_cancer.csv"), skiprows=1, header=None)
    features = rows.iloc[:, : len(FEATURES)].set_axis(list(FEATURES), axis="columns").astype("float64")
    return features.assign(malignant=1 - rows.iloc[:, -1])
