"""Convolution and pooling are torch's, numpy's and SciPy's; what is impossible is what torch refuses."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import correlate2d
from torch.nn import functional

from lab.models.convolution import POOLS, Sliding, convolve, pool, terms
from lab.topics.cnn.operation import convolution_fault, pooling_fault

RANDOM = np.random.default_rng(7)
COMBINATIONS = 500
FEW = settings(max_examples=150, deadline=None)


@st.composite
def cases(draw):
    """Return a picture, a kernel, a bias, and a way to slide that fits."""
    sliding = Sliding(*(draw(st.integers(low, high)) for low, high in ((1, 5), (1, 4), (0, 4), (1, 3))))
    least = max(1, sliding.span - 2 * sliding.padding)
    shape = tuple(draw(st.integers(least, least + 12)) for _side in range(2))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    return (
        random.normal(size=shape),
        random.normal(size=(sliding.size,) * 2),
        draw(st.floats(-2, 2)),
        sliding,
    )


@given(case=cases())
@FEW
def test_the_terms_of_every_pixel_add_up_to_torchs(case):
    picture, kernel, bias, sliding = case
    pixels, weights = torch.tensor(picture)[None, None], torch.tensor(kernel)[None, None]
    biases, slide = (
        torch.tensor([bias], dtype=torch.float64),
        (sliding.stride, sliding.padding, sliding.dilation),
    )
    expected = functional.conv2d(pixels, weights, biases, *slide)[0, 0].numpy()
    totals = np.zeros_like(expected)
    for place in np.ndindex(expected.shape):
        found = terms(picture, kernel, bias, sliding, place)
        totals[place] = found.total
        assert found.bias + sum(found.products.ravel().tolist()) == pytest.approx(expected[place], abs=1e-6)
        for r, row in enumerate(found.rows):
            for c, column in enumerate(found.columns):
                inside = 0 <= row < picture.shape[0] and 0 <= column < picture.shape[1]
                assert found.values[r, c] == (picture[row, column] if inside else 0)
    np.testing.assert_allclose(totals, expected, atol=1e-6)


@given(case=cases())
@FEW
def test_it_is_scipys_correlation_of_the_padded_picture(case):
    picture, kernel, bias, sliding = case
    spread = np.zeros((sliding.span,) * 2)
    spread[:: sliding.dilation, :: sliding.dilation] = kernel
    whole = correlate2d(np.pad(picture, sliding.padding), spread, "valid") + bias
    np.testing.assert_allclose(convolve(*case), whole[:: sliding.stride, :: sliding.stride], atol=1e-6)


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(2, 2, 0), (3, 1, 1), (3, 2, 1), (4, 3, 2), (2, 4, 1)]
)
def test_pooling_is_the_maximum_or_mean_of_each_window(kind, size, stride, padding):
    picture = RANDOM.normal(size=(13, 11))
    padded = np.pad(picture, padding, constant_values=-np.inf if kind == "max" else 0.0)
    windows = sliding_window_view(padded, (size, size))[::stride, ::stride]
    expected = windows.max((2, 3)) if kind == "max" else windows.mean((2, 3))
    np.testing.assert_allclose(pool(picture, kind, Sliding(size, stride, padding)), expected, atol=1e-12)


def combinations(stops):
    """Return five hundred random rows of whole numbers, each column between its ends."""
    return [
        tuple(int(RANDOM.integers(low, high + 1)) for low, high in stops) for _number in range(COMBINATIONS)
    ]


def refused(act):
    """Return what torch makes, or None if it refuses."""
    try:
        return act()
    except RuntimeError:
        return None


def test_sizes_and_impossible_convolutions_are_torchs_for_500_random_combinations():
    possible = 0
    for rows, columns, size, stride, padding, dilation in combinations(
        ((1, 16), (1, 16), (1, 7), (1, 4), (0, 4), (1, 3))
    ):
        sliding = Sliding(size, stride, padding, dilation)
        made = refused(
            lambda c=(rows, columns), w=sliding: convolve(np.ones(c), np.ones((w.size,) * 2), 0.0, w)
        )
        fault = convolution_fault(sliding, (rows, columns))
        assert (made is None) == bool(fault)
        sizes = sliding.output_size(rows), sliding.output_size(columns)
        assert (min(sizes) < 1) == bool(fault)
        if made is not None:
            assert made.shape == sizes
            possible += 1
    assert 100 < possible < 450


@pytest.mark.parametrize("kind", POOLS)
def test_sizes_and_impossible_poolings_are_torchs_for_500_random_combinations(kind):
    possible = 0
    for rows, columns, size, stride, padding in combinations(((1, 9), (1, 9), (1, 6), (1, 4), (0, 3))):
        window = Sliding(size, stride, padding)
        made = refused(lambda c=(rows, columns), w=window: pool(np.ones(c), kind, w))
        assert (made is None) == bool(pooling_fault(window, (rows, columns)))
        if made is not None:
            assert made.shape == (window.output_size(rows), window.output_size(columns))
            possible += 1
    assert 100 < possible < 450
