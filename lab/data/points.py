"""Labelled points of the plane, split in training and test rows, and the features made of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from lab.core.errors import DataError, SettingError
from lab.data.shapes import SHAPES
from lab.data.tables import iris

PointSetName = Literal[
    "circle", "xor", "gauss", "spiral", "plane", "multi_gauss", "moons", "spiral3", "iris", "csv"
]
FeatureName = Literal["x1", "x2", "x1^2", "x2^2", "x1x2", "sin x1", "sin x2"]
Interval = tuple[float, float]

SQUARE: tuple[Interval, Interval] = ((-6.0, 6.0), (-6.0, 6.0))
FEWEST, MOST = 10, 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Labelled points of the plane, split in two.

    Points of a table are in standard units: less the mean, over the standard deviation, of the
    training rows, so that features and learning rates mean the same for every table. `centres` and
    `spreads` give the table's own numbers back: `centre + spread * value`.

    Attributes:
        train_inputs: the points a network learns from, one row each, x1 then x2.
        train_targets: their class numbers from 0, or the values to predict.
        test_inputs: the points held back.
        test_targets: their class numbers or values.
        classes: names of the classes; empty where the target is a value.
        names: what the two axes show, for axis titles.
        target_name: what is predicted.
        extent: the lowest and highest value of the map, per axis; noise can throw points outside.
        centres: of x1, x2 and the target, in the table's units; 0 for a drawn set and for classes.
        spreads: of x1, x2 and the target, in the table's units; 1 for a drawn set and for classes.
    """

    train_inputs: Float64[np.ndarray, "train 2"]
    train_targets: Int64[np.ndarray, " train"] | Float64[np.ndarray, " train"]
    test_inputs: Float64[np.ndarray, "test 2"]
    test_targets: Int64[np.ndarray, " test"] | Float64[np.ndarray, " test"]
    classes: tuple[str, ...]
    names: tuple[str, str] = ("x1", "x2")
    target_name: str = "target"
    extent: tuple[Interval, Interval] = SQUARE
    centres: tuple[float, float, float] = (0.0, 0.0, 0.0)
    spreads: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @property
    def task(self) -> Literal["classification", "regression"]:
        """What is to be learned: classes or values."""
        return "classification" if self.classes else "regression"

    def table(self) -> pd.DataFrame:
        """Return exactly these points, for download: inputs, target or class name, and part."""
        inputs = np.concatenate([self.train_inputs, self.test_inputs])
        targets = np.concatenate([self.train_targets, self.test_targets])
        if self.classes:
            targets = np.array(self.classes, dtype=object)[targets]
        part = np.repeat(["train", "test"], [len(self.train_inputs), len(self.test_inputs)])
        frame = pd.DataFrame({0: inputs[:, 0], 1: inputs[:, 1], 2: targets, 3: part})
        frame.columns = [*self.names, self.target_name, "part"]
        return frame


@dataclass(frozen=True, slots=True)
class Feature:
    """A number computed from a point: its label in plain text, in KaTeX, and the formula."""

    label: str
    katex: str
    formula: Callable[[np.ndarray, np.ndarray], np.ndarray]


FEATURES: dict[FeatureName, Feature] = {
    "x1": Feature("x₁", "x_1", lambda x1, _: x1),
    "x2": Feature("x₂", "x_2", lambda _, x2: x2),
    "x1^2": Feature("x₁²", "x_1^2", lambda x1, _: x1**2),
    "x2^2": Feature("x₂²", "x_2^2", lambda _, x2: x2**2),
    "x1x2": Feature("x₁x₂", "x_1 x_2", lambda x1, x2: x1 * x2),
    "sin x1": Feature("sin x₁", r"\sin x_1", lambda x1, _: np.sin(x1)),
    "sin x2": Feature("sin x₂", r"\sin x_2", lambda _, x2: np.sin(x2)),
}
"""The seven inputs a network of the Playground can be given, in the order they are shown."""


def features(
    inputs: Float64[np.ndarray, "*grid 2"], names: Sequence[str]
) -> Float64[np.ndarray, "*grid feature"]:
    """Return the features `names` of each point, in the order of `names`.

    Raises:
        SettingError: a name is not in `FEATURES`, or there is none.

    Example:
        >>> features(np.array([[3.0, -2.0]]), ["x2", "x1x2"]).tolist()
        [[-2.0, -6.0]]
    """
    known = {str(name): feature for name, feature in FEATURES.items()}
    if not names or not known.keys() >= set(names):
        raise SettingError("Features", f"one or more of {', '.join(known)}", list(names))
    return np.stack([known[name].formula(inputs[..., 0], inputs[..., 1]) for name in names], axis=-1)


def points(
    name: PointSetName,
    *,
    noise: float = 0.0,
    train_share: float = 0.5,
    seed: int,
    examples: int | None = None,
    table: pd.DataFrame | None = None,
) -> Points:
    """Return the point set `name`, shuffled, then split.

    The same arguments give the same points to the last bit. `train_share` only moves the cut.

    Args:
        name: a drawn set (`lab.data.shapes`), the irises, or "csv" for the learner's `table`.
        noise: share from 0 to 0.5. Its meaning is told by each shape; the inputs of a table are
            moved by a normal deviate of `noise` standard deviations of their column.
        train_share: share of the points that is learned from, 0.1 to 0.9, rounded down to a point.
        seed: of the draw, the noise and the shuffle; 0 or more.
        examples: how many points, from 10 to 10,000; 500 for classes and 1200 for values if not given.
            Of a table, so many of the shuffled rows; all if not given.
        table: what `lab.data.tables.read_table` returned; for "csv" only.

    Raises:
        SettingError: an argument is out of its range.
        DataError: "csv" without a table of two number columns and a target.

    Example:
        >>> irises = points("iris", train_share=0.8, seed=0)
        >>> irises.train_inputs.shape, irises.classes
        ((120, 2), ('setosa', 'versicolor', 'virginica'))
    """
    _check("Noise", noise, 0.0, 0.5)
    _check("Training share", train_share, 0.1, 0.9)
    generator = np.random.default_rng(seed)
    if name in ("iris", "csv"):
        rows = iris() if name == "iris" else _checked(table)
        return _of_table(rows, generator, noise=noise, train_share=train_share, examples=examples)
    if name not in SHAPES:
        raise SettingError("Data", f"one of {', '.join(SHAPES)}, iris, csv", name)
    shape = SHAPES[name]
    count = shape.examples if examples is None else examples
    _check("Examples", count, FEWEST, MOST)
    inputs, targets = shape.sample(generator, count, noise)
    order = generator.permutation(count)
    train, test = order[: _cut(count, train_share)], order[_cut(count, train_share) :]
    return Points(
        inputs[train],
        targets[train],
        inputs[test],
        targets[test],
        classes=shape.classes,
        target_name="class" if shape.classes else "target",
    )


def _of_table(
    rows: pd.DataFrame,
    generator: np.random.Generator,
    *,
    noise: float,
    train_share: float,
    examples: int | None,
) -> Points:
    """Return the rows of a table in standard units of its training rows."""
    count = len(rows) if examples is None else examples
    _check("Examples", count, FEWEST, len(rows))
    raw = rows.iloc[:, :2].to_numpy(np.float64)
    raw = raw + noise * raw.std(axis=0) * generator.standard_normal(raw.shape)
    target = rows.iloc[:, 2]
    classes = tuple(target.cat.categories) if isinstance(target.dtype, pd.CategoricalDtype) else ()
    values = target.cat.codes.to_numpy(np.int64) if classes else target.to_numpy(np.float64)

    order = generator.permutation(len(rows))[:count]
    raw, values = raw[order], values[order]
    cut = _cut(count, train_share)
    centres, spreads = _standard(raw[:cut])
    inputs = (raw - centres) / spreads
    centre, spread = (0.0, 1.0) if classes else _standard(values[:cut])
    targets = values if classes else (values - centre) / spread

    first, second, target_name = (str(column) for column in rows.columns)
    return Points(
        inputs[:cut],
        targets[:cut],
        inputs[cut:],
        targets[cut:],
        classes=classes,
        names=(f"{first}, standardised", f"{second}, standardised"),
        target_name=target_name if classes else f"{target_name}, standardised",
        extent=(_extent(inputs[:, 0]), _extent(inputs[:, 1])),
        centres=(float(centres[0]), float(centres[1]), float(centre)),
        spreads=(float(spreads[0]), float(spreads[1]), float(spread)),
    )


def _standard(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each column; 1 for a column whose training rows are all equal."""
    spread = np.where(np.ptp(values, axis=0) > 0.0, values.std(axis=0), 1.0)
    return values.mean(axis=0), spread


def _extent(values: Float64[np.ndarray, " example"]) -> Interval:
    """Return the range of `values`, a tenth wider on either side."""
    margin = 0.1 * float(np.ptp(values))
    return float(values.min()) - margin, float(values.max()) + margin


def _cut(count: int, train_share: float) -> int:
    """Return how many points are learned from; 0.29 of 100 is 29, whatever binary fractions say."""
    return int(count * train_share + 1e-9)


def _check(field: str, value: float, low: float, high: float) -> None:
    """Refuse a value outside its range, and NaN."""
    if not low <= value <= high:
        raise SettingError(field, f"a number from {low} to {high}", value)


def _checked(table: pd.DataFrame | None) -> pd.DataFrame:
    """Return the learner's table if it is of the form that `read_table` makes."""
    types = [] if table is None else list(table.dtypes)
    form = [isinstance(kind, pd.CategoricalDtype) or kind == np.float64 for kind in types]
    if table is None or form != [True] * 3 or types[:2] != [np.float64] * 2:
        raise DataError("table", "two columns of numbers, then classes or numbers", types)
    return table
