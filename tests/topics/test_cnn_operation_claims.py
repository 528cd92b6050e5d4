"""Every claim in the text of the operation part, asserted on what it speaks of."""

import numpy as np
import pytest

from lab.models.convolution import Sliding, convolve, pool
from lab.topics.cnn.operation import maps_of, sizes_of
from lab.topics.cnn.operation_equations import costs
from lab.topics.cnn.operation_kernels import OWN, kernel_named, kernel_text
from lab.topics.cnn.operation_settings import OperationSettings


def output(**values):
    found = maps_of(OperationSettings(**values), {}).output
    assert found is not None
    return found


def test_sobel_x_answers_to_upright_strokes_and_sobel_y_to_level_ones():
    upright = np.zeros((9, 9))
    upright[:, 4:6] = 1
    x, y = (convolve(upright, kernel_named(name, 3), 0.0, Sliding(3)) for name in ("sobel_x", "sobel_y"))
    assert not y.any()
    assert (x[:, 2:4] > 0).all()  # brighter to the right
    assert (x[:, 4:6] < 0).all()  # darker to the right
    level = convolve(upright.T, kernel_named("sobel_y", 3), 0.0, Sliding(3))
    np.testing.assert_array_equal(level, x.T)


@pytest.mark.parametrize("size", [3, 5])
def test_on_a_plain_area_sobel_says_0_and_blur_and_sharpen_keep_it(size):
    plain = np.full((9, 9), 0.37)
    for name, kept in (("sobel_x", 0.0), ("sobel_y", 0.0), ("blur", 0.37), ("sharpen", 0.37)):
        made = convolve(plain, kernel_named(name, size), 0.0, Sliding(size))
        np.testing.assert_allclose(made, kept, atol=1e-12)


def test_sharpen_takes_from_the_neighbours():
    kernel = kernel_named("sharpen", 3)
    assert kernel[1, 1] > 1
    assert kernel.sum() == 1
    assert (kernel[[0, 1, 1, 2], [1, 0, 2, 1]] < 0).all()


def test_turned_signs_turn_every_pixel():
    turned = kernel_text(-kernel_named("sobel_x", 3))
    np.testing.assert_array_equal(output(conv_kernel=OWN, conv_cells=turned), -output())


def test_stride_2_keeps_every_second_row_and_column():
    np.testing.assert_allclose(output(conv_stride=2), output()[::2, ::2], atol=1e-12)


def test_padding_1_keeps_28_and_darkens_the_rim_of_a_blur():
    assert output(conv_padding=1).shape == (28, 28)
    temple = {"conv_picture": "china", "conv_kernel": "blur"}
    padded, inner = output(**temple, conv_padding=1), output(**temple)
    assert padded[0].mean() < 0.75 * inner[0].mean()
    picture = maps_of(OperationSettings(conv_picture="china"), {}).picture
    np.testing.assert_allclose(padded[0, 1], picture[:2, :3].sum() / 9, atol=1e-12)


def test_dilation_2_spreads_9_weights_over_5_pixels():
    assert Sliding(3, dilation=2).span == 5
    chosen = OperationSettings(conv_dilation=2, conv_padding=1)
    plain = OperationSettings()
    picture = maps_of(plain, {}).picture
    assert costs(chosen, sizes_of(chosen, picture)) == costs(plain, sizes_of(plain, picture))


def test_pooling_leaves_a_quarter_and_often_hides_a_shift():
    found = maps_of(OperationSettings(conv_relu=True, conv_pool="max"), {})
    assert found.pooled is not None
    assert found.output is not None
    assert found.pooled.size == found.output.size / 4
    same = {"pooled": 0.0, "plain": 0.0}
    for number in range(1, 41):
        chosen = OperationSettings(conv_number=number)
        picture = maps_of(chosen, {}).picture
        maps = [
            convolve(one, chosen.kernel(), 0.0, chosen.sliding()).clip(0)
            for one in (picture, np.roll(picture, 1, axis=1))
        ]
        answers = [pool(one, "max", Sliding(2, 2)) for one in maps]
        lit, lit_pooled = maps[0] > 0.5, answers[0] > 0.5
        same["plain"] += float((maps[1][lit] > 0.5).mean()) / 40
        same["pooled"] += float((answers[1][lit_pooled] > 0.5).mean()) / 40
    assert same["pooled"] > same["plain"] + 0.05
    assert same["pooled"] > 0.7


def test_5x5_with_dilation_3_does_not_fit_8_pixels():
    assert Sliding(5, dilation=3).output_size(8) == -4


def test_if_the_picture_moves_the_output_moves():
    picture = maps_of(OperationSettings(), {}).picture
    moved = np.roll(picture, (2, 1), axis=(0, 1))  # its rim is black
    assert not picture[-2:].any()
    assert not picture[:, -1].any()
    before, after = (convolve(one, kernel_named("sobel_x", 3), 0.3, Sliding(3)) for one in (picture, moved))
    np.testing.assert_allclose(after[2:, 1:], before[:-2, :-1], atol=1e-12)


def test_there_is_little_to_learn():
    chosen = OperationSettings()
    assert costs(chosen, sizes_of(chosen, maps_of(chosen, {}).picture)) == (9, 6084, 529_984)


def test_the_formula_counts_places():
    for length in range(1, 30):
        for sliding in (Sliding(3), Sliding(5, 3, 2, 2), Sliding(1, 4, 0, 3), Sliding(3, 2, 4, 3)):
            ends = length + 2 * sliding.padding - sliding.dilation * (sliding.size - 1)
            starts = range(0, max(ends, 0), sliding.stride)
            assert max(sliding.output_size(length), 0) == len(starts)


def test_the_kernel_is_not_flipped():
    spot = np.zeros((5, 5))
    spot[2, 2] = 1
    kernel = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(convolve(spot, kernel, 0.0, Sliding(3)), kernel[::-1, ::-1])
