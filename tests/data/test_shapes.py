import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest
from sklearn.datasets import make_moons

from lab.data.shapes import BUMPS, SHAPES

MANY = 40_000
CLASSIFIED = [name for name, shape in SHAPES.items() if shape.classes]


def drawn(name: str, count: int = MANY, noise: float = 0.0, seed: int = 0):
    return SHAPES[name].sample(np.random.default_rng(seed), count, noise)


@pytest.mark.parametrize("name", SHAPES)
@given(count=st.integers(10, 700), noise=st.floats(0, 0.5), seed=st.integers(0, 2**32))
def test_every_shape_gives_finite_points_of_the_right_form(name, count, noise, seed):
    inputs, targets = drawn(name, count, noise, seed)
    assert inputs.shape == (count, 2)
    assert targets.shape == (count,)
    assert inputs.dtype == np.float64
    assert np.isfinite(inputs).all()
    assert np.isfinite(targets).all()
    if SHAPES[name].classes:
        assert targets.dtype == np.int64
        assert set(targets) <= set(range(len(SHAPES[name].classes)))
    else:
        assert targets.dtype == np.float64


@pytest.mark.parametrize("name", ["circle", "gauss", "spiral", "spiral3", "moons"])
@pytest.mark.parametrize("count", [500, 501, 502])
def test_classes_differ_by_one_point_at_most(name, count):
    sizes = np.bincount(drawn(name, count)[1])
    assert len(sizes) == len(SHAPES[name].classes)
    assert sizes.sum() == count
    assert np.ptp(sizes) <= 1


@pytest.mark.parametrize("name", ["circle", "xor", "plane", "multi_gauss"])
def test_noise_moves_labels_but_no_point(name):
    calm, moved = drawn(name), drawn(name, noise=0.3)
    assert np.array_equal(calm[0], moved[0])
    assert not np.array_equal(calm[1], moved[1])


def test_circle_is_a_uniform_disc_within_a_uniform_ring():
    inputs, labels = drawn("circle")
    radius, angle = np.hypot(*inputs.T), np.arctan2(*inputs.T) % (2 * np.pi)
    assert kstest(radius[labels == 1], "uniform", (0, 2.5)).pvalue > 0.001
    assert kstest(radius[labels == 0], "uniform", (3.5, 1.5)).pvalue > 0.001
    assert kstest(angle, "uniform", (0, 2 * np.pi)).pvalue > 0.001


def test_circle_reads_labels_up_to_five_times_the_noise_away():
    inputs, labels = drawn("circle", noise=0.1)
    radius = np.hypot(*inputs.T)
    reach = 0.5 * math.sqrt(2)
    assert (labels[radius < 2.5 - reach] == 1).all()
    assert (labels[radius > 2.5 + reach] == 0).all()
    near = (radius > 2.2) & (radius < 2.5)
    assert 0.1 < (labels[near] == 0).mean() < 0.5


def flips_of_xor(inputs, noise: float) -> np.ndarray:
    """The chance that exactly one coordinate crosses its axis under U(-5, 5) x noise."""
    crosses = np.clip(0.5 - np.abs(inputs) / (10 * noise), 0, 1)
    first, second = crosses.T
    return first * (1 - second) + second * (1 - first)


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.5])
def test_xor_flips_as_many_labels_as_its_noise_says(noise):
    inputs, labels = drawn("xor", noise=noise)
    flipped = labels != (np.sign(inputs).prod(axis=1) > 0)
    expected = flips_of_xor(inputs, noise) if noise else np.zeros(MANY)
    deviation = math.sqrt((expected * (1 - expected)).sum())
    assert abs(flipped.sum() - expected.sum()) <= 4 * deviation


def test_xor_is_uniform_and_padded():
    inputs, _ = drawn("xor")
    for column in inputs.T:
        assert kstest(column[column > 0], "uniform", (0.3, 5)).pvalue > 0.001
        assert kstest(column[column < 0], "uniform", (-5.3, 5)).pvalue > 0.001


@pytest.mark.parametrize(("noise", "variance"), [(0.0, 0.5), (0.25, 2.25), (0.5, 4.0)])
def test_gauss_is_two_normal_clouds(noise, variance):
    inputs, labels = drawn("gauss", noise=noise)
    for label, centre in [(1, 2.0), (0, -2.0)]:
        cloud = inputs[labels == label]
        for column in cloud.T:
            assert kstest(column, "norm", (centre, math.sqrt(variance))).pvalue > 0.001
        assert abs(np.corrcoef(cloud.T)[0, 1]) < 4 / math.sqrt(len(cloud))


@pytest.mark.parametrize(
    ("name", "turns", "starts"),
    [("spiral", 1.75, {1: 0.0, 0: math.pi}), ("spiral3", 1.0, {k: k * 2 * math.pi / 3 for k in range(3)})],
)
def test_spirals_without_noise_lie_on_their_arms(name, turns, starts):
    inputs, labels = drawn(name, 600)
    for label, start in starts.items():
        arm = inputs[labels == label]
        for i, point in enumerate(arm):
            radius, angle = 5 * i / len(arm), turns * 2 * math.pi * i / len(arm) + start
            assert point == pytest.approx([radius * math.sin(angle), radius * math.cos(angle)], abs=1e-12)


@pytest.mark.parametrize("name", ["spiral", "spiral3"])
def test_spirals_are_moved_uniformly(name):
    shift = drawn(name, noise=0.4)[0] - drawn(name)[0]
    for column in shift.T:
        assert kstest(column, "uniform", (-0.4, 0.8)).pvalue > 0.001
    assert abs(np.corrcoef(shift.T)[0, 1]) < 4 / math.sqrt(MANY)


@pytest.mark.parametrize("name", ["plane", "multi_gauss"])
def test_regression_points_fill_the_square(name):
    for column in drawn(name)[0].T:
        assert kstest(column, "uniform", (-6, 12)).pvalue > 0.001


def test_plane_is_a_tenth_of_the_sum():
    inputs, targets = drawn("plane")
    assert targets == pytest.approx((inputs[:, 0] + inputs[:, 1]) / 10, abs=1e-12)


def test_noise_of_the_plane_is_a_sum_of_two_uniform_shifts():
    inputs, targets = drawn("plane", noise=0.5)
    shift = targets - inputs.sum(axis=1) / 10
    assert np.abs(shift).max() <= 0.6
    assert shift.var() == pytest.approx(2 * (6 * 0.5 / 10) ** 2 / 3, rel=0.03)


def bump_height(x: float, y: float) -> float:
    """The Playground's rule: of six linear bumps, the one largest in size."""
    best = 0.0
    for row, signs in [(2.5, (1, -1, 1)), (-2.5, (-1, 1, -1))]:
        for column, sign in zip((-4, 0, 4), signs, strict=True):
            distance = math.sqrt((x - column) ** 2 + (y - row) ** 2)
            height = sign * min(1.0, max(0.0, 1 - distance / 2))
            if abs(height) > abs(best):
                best = height
    return best


def test_multi_gauss_is_six_bumps():
    inputs, targets = drawn("multi_gauss", 3000)
    assert targets == pytest.approx([bump_height(*point) for point in inputs], abs=1e-12)
    assert targets.min() < -0.9
    assert targets.max() > 0.9
    assert (targets == 0).any()
    assert [bump_height(x, y) for x, y, _ in BUMPS] == [sign for *_, sign in BUMPS]


def test_noise_of_multi_gauss_averages_the_bumps_about_a_point():
    inputs, targets = drawn("multi_gauss", 200_000, noise=0.1)
    near = np.hypot(*(inputs - [4.0, 2.5]).T) < 0.2
    shifts = np.random.default_rng(1).uniform(-0.6, 0.6, (near.sum(), 2))
    expected = [bump_height(*point) for point in inputs[near] + shifts]
    assert targets[near].mean() == pytest.approx(np.mean(expected), abs=0.03)


def test_moons_are_those_of_scikit_learn_scaled_to_the_map():
    theirs, their_labels = map(np.asarray, make_moons(500, shuffle=False))
    inputs, labels = drawn("moons", 500)
    assert np.array_equal(labels, their_labels)
    assert inputs == pytest.approx((theirs - [0.5, 0.25]) / 0.3, abs=1e-12)
    shift = drawn("moons", noise=0.2)[0] - drawn("moons")[0]
    assert kstest(shift.ravel(), "norm", (0, 0.2 / 0.3)).pvalue > 0.001


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_without_noise_are_on_the_map(name):
    inputs, _ = drawn(name, SHAPES[name].examples)
    assert np.abs(inputs).max() < 6
