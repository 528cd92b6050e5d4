import math
import sys
from subprocess import run

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from lab.core.errors import DataError, SettingError
from lab.data.points import FEATURES, Points, features, points
from lab.data.shapes import SHAPES

NAMES = [*SHAPES, "iris", "csv"]


def own_table(rows: int = 60, *, regression: bool = False) -> pd.DataFrame:
    generator = np.random.default_rng(5)
    frame = pd.DataFrame(generator.normal([50, -3], [10, 0.1], (rows, 2)), columns=["weight", "height"])
    if regression:
        frame["price"] = 1000 + 7 * frame["weight"] + generator.normal(size=rows)
    else:
        frame["kind"] = pd.Categorical(generator.choice(["cat", "dog"], rows), categories=["cat", "dog"])
    return frame


def made(name, **given) -> Points:
    return points(name, table=own_table() if name == "csv" else None, **{"seed": 0, **given})


def everything(result: Points) -> tuple[np.ndarray, np.ndarray]:
    """All points in their order, in the units they were drawn in."""
    inputs = np.concatenate([result.train_inputs, result.test_inputs])
    targets = np.concatenate([result.train_targets, result.test_targets])
    centres, spreads = np.array(result.centres), np.array(result.spreads)
    return inputs * spreads[:2] + centres[:2], targets * spreads[2] + centres[2]


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_shuffled_and_split_in_halves(name):
    result = made(name)
    half = 600 if name in ("plane", "multi_gauss") else 250
    assert len(result.train_inputs) == len(result.train_targets) == half
    assert len(result.test_inputs) == len(result.test_targets) == half
    assert result.task == ("regression" if half == 600 else "classification")
    assert result.extent == ((-6, 6), (-6, 6))

    inputs, targets = SHAPES[name].sample(np.random.default_rng(0), 2 * half, 0.0)
    mixed = np.column_stack(everything(result))
    drawn = np.column_stack([inputs, targets])
    assert not np.array_equal(mixed, drawn)
    assert sorted(map(tuple, mixed)) == sorted(map(tuple, drawn))


@pytest.mark.parametrize("name", ["circle", "gauss", "spiral", "spiral3", "moons"])
def test_both_parts_hold_all_classes_in_fair_number(name):
    result = made(name)
    for part in (result.train_targets, result.test_targets):
        sizes = np.bincount(part, minlength=len(result.classes))
        assert sizes == pytest.approx(len(part) / len(result.classes), abs=4 * math.sqrt(len(part)) / 2)


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_the_same_points_to_the_last_bit(name):
    first, again, other = made(name, noise=0.2), made(name, noise=0.2), made(name, noise=0.2, seed=1)
    for field in ("train_inputs", "train_targets", "test_inputs", "test_targets"):
        assert getattr(first, field).tobytes() == getattr(again, field).tobytes()
    assert not np.array_equal(first.train_inputs, other.train_inputs)


@pytest.mark.parametrize("name", NAMES)
@given(share=st.floats(0.1, 0.9), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_the_training_share_only_moves_the_cut(name, share, seed):
    half, other = made(name, noise=0.1, seed=seed), made(name, noise=0.1, seed=seed, train_share=share)
    for left, right in zip(everything(half), everything(other), strict=True):
        assert left == pytest.approx(right, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", ["circle", "plane"])
@pytest.mark.parametrize("percent", range(10, 91))
def test_the_cut_is_that_of_whole_percents(name, percent):
    result = made(name, train_share=percent / 100)
    count = len(result.train_inputs) + len(result.test_inputs)
    assert len(result.train_inputs) == count * percent // 100


def test_a_part_of_a_point_is_not_learned_from():
    assert len(made("circle", train_share=0.3999).train_inputs) == 199  # of 199.95


def test_examples_set_the_number_of_points():
    assert len(made("circle", examples=37).table()) == 37
    assert len(made("plane", examples=10_000).table()) == 10_000
    few, all_rows = made("iris", examples=20), made("iris")
    assert len(few.table()) == 20
    assert everything(few)[0] == pytest.approx(everything(all_rows)[0][:20], rel=1e-12)


def test_iris_is_that_of_scikit_learn():
    bunch = load_iris(as_frame=True)
    result = made("iris")
    inputs, targets = everything(result)
    ours = sorted((round(a, 9), round(b, 9), c) for (a, b), c in zip(inputs, targets, strict=True))
    frame = bunch["frame"]  # pyright: ignore[reportCallIssue, reportArgumentType]
    theirs = frame[["petal length (cm)", "petal width (cm)", "target"]].to_numpy()
    assert ours == sorted(map(tuple, theirs.tolist()))
    assert list(result.classes) == list(bunch["target_names"])  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert result.names == ("petal length (cm), standardised", "petal width (cm), standardised")
    assert result.target_name == "species"
    assert result.task == "classification"
    assert len(result.train_inputs) == len(result.test_inputs) == 75


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("name", ["iris", "csv"])
def test_tables_are_standardised_by_their_training_rows(name, noise):
    result = made(name, noise=noise, train_share=0.3)
    assert result.train_inputs.mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert result.train_inputs.std(axis=0) == pytest.approx([1, 1], abs=1e-12)
    raw, _ = everything(result)
    count = len(result.train_inputs)
    scaler = StandardScaler().fit(raw[:count])
    assert result.test_inputs == pytest.approx(scaler.transform(raw[count:]), abs=1e-9)
    assert abs(result.test_inputs.mean(axis=0)).max() > 1e-6


def test_values_to_predict_are_standardised_by_their_training_rows():
    table = own_table(regression=True)
    result = points("csv", seed=3, train_share=0.7, table=table)
    assert result.task == "regression"
    assert result.classes == ()
    assert result.target_name == "price, standardised"
    assert result.train_targets.mean() == pytest.approx(0, abs=1e-12)
    assert result.train_targets.std() == pytest.approx(1, abs=1e-12)
    inputs, targets = everything(result)
    assert sorted(targets) == pytest.approx(sorted(table["price"]), rel=1e-12)
    by_weight = dict(zip(table["weight"].round(6), table["price"], strict=True))
    assert targets == pytest.approx([by_weight[round(weight, 6)] for weight in inputs[:, 0]])


def test_noise_moves_a_table_by_shares_of_its_standard_deviation():
    table = own_table(4000)
    calm, moved = (everything(points("csv", noise=noise, seed=1, table=table)) for noise in (0.0, 0.25))
    assert np.array_equal(calm[1], moved[1])
    ratio = (moved[0] - calm[0]).std(axis=0) / table.iloc[:, :2].std(ddof=0).to_numpy()
    assert ratio == pytest.approx([0.25, 0.25], rel=0.05)


def test_training_rows_that_are_all_equal_are_only_centred():
    table = own_table(10)
    table["weight"] = [7.0] * 9 + [8.0]
    for seed in range(9):
        result = points("csv", train_share=0.2, seed=seed, table=table)
        assert np.isfinite(result.test_inputs).all()
        if np.ptp(everything(result)[0][:2, 0]) == 0:
            assert result.spreads[0] == 1
            return
    pytest.fail("no seed put equal rows in the training part")


def test_the_map_of_a_table_holds_all_its_points():
    result = made("csv")
    inputs = np.concatenate([result.train_inputs, result.test_inputs])
    for axis, (low, high) in enumerate(result.extent):
        assert inputs[:, axis].min() - low == pytest.approx((high - low) / 12)
        assert high - inputs[:, axis].max() == pytest.approx((high - low) / 12)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_for_download_is_the_data(name):
    result = made(name, train_share=0.3)
    table = result.table()
    assert list(table.columns) == [*result.names, result.target_name, "part"]
    for part, inputs, targets in [
        ("train", result.train_inputs, result.train_targets),
        ("test", result.test_inputs, result.test_targets),
    ]:
        rows = table[table["part"] == part]
        assert np.array_equal(rows.iloc[:, :2].to_numpy(), inputs)
        expected = [result.classes[target] for target in targets] if result.classes else targets.tolist()
        assert rows.iloc[:, 2].tolist() == expected
    assert len(table) == len(result.train_inputs) + len(result.test_inputs)


def test_no_column_is_lost_if_names_are_equal():
    table = own_table().rename(columns={"kind": "part"})
    assert points("csv", seed=0, table=table).table().shape == (60, 4)


ORACLES = {
    "x1": lambda a, b: a,
    "x2": lambda a, b: b,
    "x1^2": lambda a, b: a * a,
    "x2^2": lambda a, b: b * b,
    "x1x2": lambda a, b: a * b,
    "sin x1": lambda a, b: math.sin(a),
    "sin x2": lambda a, b: math.sin(b),
}


@given(
    names=st.lists(st.sampled_from(list(FEATURES)), min_size=1, max_size=9),
    a=st.floats(-1e6, 1e6),
    b=st.floats(-1e6, 1e6),
)
def test_features_are_their_formulas(names, a, b):
    assert features(np.array([a, b]), names).tolist() == pytest.approx(
        [ORACLES[name](a, b) for name in names], rel=1e-12, abs=1e-12
    )


def test_features_keep_the_form_of_the_grid():
    grid = np.random.default_rng(0).normal(size=(3, 4, 2))
    result = features(grid, list(FEATURES))
    assert result.shape == (3, 4, 7)
    assert np.array_equal(result[2, 1], features(grid[2, 1], list(FEATURES)))
    assert list(FEATURES) == list(ORACLES)


@pytest.mark.parametrize("names", [[], ["x3"], ["x1", "cos x1"]])
def test_unknown_features_are_refused(names):
    with pytest.raises(SettingError, match=r"^Features: expected one or more of x1, x2, "):
        features(np.zeros((1, 2)), names)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"noise": -0.01}, "Noise: expected a number from 0.0 to 0.5, got -0.01"),
        ({"noise": 0.51}, "Noise: expected a number from 0.0 to 0.5, got 0.51"),
        ({"noise": math.nan}, "Noise: expected a number from 0.0 to 0.5, got nan"),
        ({"train_share": 0.0}, "Training share: expected a number from 0.1 to 0.9, got 0.0"),
        ({"train_share": 1.0}, "Training share: expected a number from 0.1 to 0.9, got 1.0"),
        ({"examples": 9}, "Examples: expected a number from 10 to 10000, got 9"),
        ({"examples": 10_001}, "Examples: expected a number from 10 to 10000, got 10001"),
        ({"name": "iris", "examples": 151}, "Examples: expected a number from 10 to 150, got 151"),
    ],
)
def test_settings_out_of_range_are_refused(wrong, sentence):
    with pytest.raises(SettingError) as caught:
        points(**{"name": "circle", "seed": 0, **wrong})
    assert str(caught.value) == sentence


def test_an_unknown_set_is_refused():
    with pytest.raises(SettingError, match=r"^Data: expected one of circle, .*, iris, csv, got 'square'$"):
        points("square", seed=0)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("table", [None, pd.DataFrame({"a": [1.0]}), own_table().astype({"weight": "str"})])
def test_csv_needs_a_table_as_read(table):
    with pytest.raises(
        DataError, match=r"^table: expected two columns of numbers, then classes or numbers, "
    ):
        points("csv", seed=0, table=table)


def test_importing_the_package_loads_neither_torch_nor_scikit_learn():
    check = "import sys, lab.data.points; sys.exit(bool({'torch', 'sklearn'} & set(sys.modules)))"
    assert run([sys.executable, "-c", check], check=False).returncode == 0
