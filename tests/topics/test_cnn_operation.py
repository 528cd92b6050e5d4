"""The operation part: kernels, settings, places, equations and figures, against torch and by hand."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from lab.core.errors import DataError, LabError, SettingError
from lab.core.events import Done
from lab.core.lesson import Context
from lab.core.settings import controls_of
from lab.data.digits import digits
from lab.data.photos import photo, written_picture
from lab.data.tables import table_key
from lab.topics.cnn.operation import Sizes, maps_of, picture_of, place_of, terms_at
from lab.topics.cnn.operation_equations import (
    costs,
    number,
    pool_equations,
    size_equations,
    sum_equations,
    terms_table,
)
from lab.topics.cnn.operation_kernels import KERNELS, OWN, fitted, kernel_named, kernel_read, kernel_text
from lab.topics.cnn.operation_settings import OperationDisplay, OperationSettings
from lab.topics.cnn.operation_stage import OPERATION
from tests.contract.controls_as_strategies import values_of

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def run(chosen, files=None):
    """Return the run's result and what is shown of it."""
    context = Context(files=files or {})
    *_events, done = OPERATION.train(chosen, context)
    assert isinstance(done, Done)
    return done.result


def shown(chosen, display=None, files=None):
    context = Context(files=files or {})
    stage = OPERATION.stage(chosen, display or OperationDisplay(), context, [], run(chosen, files))
    return {panel.id: panel for panel in stage.panels}


def by_torch(chosen, files=None):
    """Return the convolution and the pooling as torch's modules make them; None where they refuse."""
    pixels = torch.tensor(picture_of(chosen, files or {}))[None, None]
    kernel = torch.tensor(chosen.kernel())[None, None]
    bias = torch.tensor([chosen.conv_bias], dtype=torch.float64)
    slide = chosen.conv_stride, chosen.conv_padding, chosen.conv_dilation
    try:
        sums = functional.conv2d(pixels, kernel, bias, *slide)
    except RuntimeError:
        return None, None
    after = sums.relu() if chosen.conv_relu else sums
    window = chosen.conv_pool_size, chosen.conv_pool_stride, chosen.conv_pool_padding
    pools = {"max": functional.max_pool2d, "average": functional.avg_pool2d}
    try:
        pooled = pools[chosen.conv_pool](after, *window)[0, 0].numpy() if chosen.conv_pool in pools else None
    except RuntimeError:
        pooled = None
    return after[0, 0].numpy(), pooled


@st.composite
def choices(draw, model: Any = OperationSettings):
    return model(**{name: draw(values_of(name, control)) for name, control in controls_of(model).items()})


@given(chosen=choices(), display=choices(OperationDisplay))
@settings(max_examples=120, deadline=None)
def test_maps_sums_windows_and_sizes_are_torchs(chosen, display):
    maps, sizes = maps_of(chosen, {}), run(chosen)
    output, pooled = by_torch(chosen)
    assert (maps.output is None) == (output is None)
    assert (maps.pooled is None) == (pooled is None)
    impossible = output is None or (pooled is None and chosen.conv_pool != "none")
    assert bool(sizes.fault) == impossible
    place = place_of(chosen, display, maps)
    if output is None:
        assert place is None
        assert min(sizes.output) < 1
        return
    assert place is not None
    assert maps.output is not None
    np.testing.assert_allclose(maps.output, output, atol=1e-6)
    assert sizes.output == output.shape
    if place.level == "convolution":
        found = terms_at(chosen, maps, place.row, place.column)
        total = max(found.total, 0) if chosen.conv_relu else found.total
        assert total == pytest.approx(output[place.row, place.column], abs=1e-6)
        return
    assert maps.pooled is not None
    assert pooled is not None
    np.testing.assert_allclose(maps.pooled, pooled, atol=1e-6)
    assert sizes.pooled == pooled.shape
    window = output[np.ix_(place.output_rows, place.output_columns)]
    made = window.max() if chosen.conv_pool == "max" else window.sum() / chosen.conv_pool_size**2
    assert made == pytest.approx(pooled[place.row, place.column], abs=1e-6)


@given(chosen=choices(), display=choices(OperationDisplay))
@settings(max_examples=40, deadline=None)
def test_the_receptive_field_is_where_torchs_gradient_can_be(chosen, display):
    chosen = chosen.changed(conv_kernel=OWN, conv_cells=",".join(["1.5"] * 25), conv_pool_padding=0)
    chosen = chosen.changed(conv_relu=False, conv_pool="none" if chosen.conv_pool == "none" else "average")
    maps = maps_of(chosen, {})
    place = place_of(chosen, display, maps)
    if place is None:
        return
    pixels = torch.tensor(maps.picture)[None, None].requires_grad_()
    slide = chosen.conv_stride, chosen.conv_padding, chosen.conv_dilation
    made = functional.conv2d(pixels, torch.tensor(chosen.kernel())[None, None], None, *slide)
    if place.level == "pooling":
        made = functional.avg_pool2d(made, chosen.conv_pool_size, chosen.conv_pool_stride)
    made[0, 0, place.row, place.column].backward()
    assert pixels.grad is not None
    height, width = maps.picture.shape
    seen = np.zeros((height + 20, width + 20), bool)  # room for the padding
    seen[np.ix_(place.picture_rows + 10, place.picture_columns + 10)] = True
    np.testing.assert_array_equal(seen[10:-10, 10:-10], pixels.grad[0, 0].numpy() != 0)


def test_kernels_are_the_books():
    assert kernel_named("sobel_y", 3).tolist() == [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]
    assert kernel_named("laplacian", 3).tolist() == [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
    assert kernel_named("sharpen", 3).tolist() == [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
    assert kernel_named("emboss", 3).tolist() == [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]
    np.testing.assert_allclose(16 * kernel_named("gaussian", 3), [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    np.testing.assert_allclose(256 * kernel_named("gaussian", 5)[2], [6, 24, 36, 24, 6])
    assert kernel_named("sobel_x", 5)[2].tolist() == [-6, -12, 0, 12, 6]
    assert kernel_named("laplacian", 5)[2].tolist() == [1, 2, -16, 2, 1]


@pytest.mark.parametrize("side", [1, 3, 5])
@pytest.mark.parametrize("name", KERNELS)
def test_a_kernels_cells_sum_to_1_or_0(name, side):
    kernel = kernel_named(name, side)
    assert kernel.shape == (side, side)
    flat = name in ("sobel_x", "sobel_y", "laplacian")
    assert kernel.sum() == pytest.approx(0 if flat else 1)
    again = kernel_read(kernel_text(kernel))
    np.testing.assert_allclose(again, kernel, atol=5e-7)
    assert OperationSettings(conv_cells=kernel_text(kernel)).conv_cells


@pytest.mark.parametrize("text", ["1,2", "1,2,3,4", "x", "1e5", "1,,2", "99999", ",".join("1" * 49), "nan"])
def test_cells_of_another_form_are_one_sentence(text):
    with pytest.raises(SettingError, match="My own kernel: expected 1, 9 or 25 numbers"):
        OperationSettings.checked({"conv_cells": text})


def test_an_own_kernel_fits_every_size():
    nine = np.arange(9.0).reshape(3, 3)
    chosen = OperationSettings(conv_kernel=OWN, conv_cells=kernel_text(nine))
    np.testing.assert_array_equal(chosen.kernel(), nine)
    assert chosen.changed(conv_size="1").kernel().tolist() == [[4]]
    np.testing.assert_array_equal(chosen.changed(conv_size="5").kernel()[1:4, 1:4], nine)
    assert fitted(nine, 5).sum() == nine.sum()


def test_pictures_are_the_data_as_shares_of_full_brightness():
    for name, side, most in (("digits28", 28, 255), ("digits8", 8, 16)):
        images = digits(side, train_share=1.0).train_images
        found = picture_of(OperationSettings(conv_picture=name, conv_number=3), {})
        np.testing.assert_array_equal(found, images[2] / most)
        last = picture_of(OperationSettings(conv_picture=name, conv_number=5000), {})
        np.testing.assert_array_equal(last, images[-1] / most)
    green = picture_of(OperationSettings(conv_picture="china", conv_channel="green"), {})
    np.testing.assert_array_equal(green, photo("china")[..., 1] / 255)
    assert not picture_of(OperationSettings(conv_picture="drawn"), {}).any()


def test_an_uploaded_picture_is_read_by_its_hash_and_stays_out_of_the_result():
    raw = written_picture(photo("flower"))
    chosen = OperationSettings(conv_picture="upload", conv_file=table_key(raw), conv_channel="red")
    files = {table_key(raw): raw}
    np.testing.assert_array_equal(picture_of(chosen, files), photo("flower")[..., 0] / 255)
    assert run(chosen, files) == Sizes((43, 64), (41, 62), None, "")
    with pytest.raises(DataError, match="My own picture: expected a picture uploaded on this page"):
        run(chosen)


@given(value=st.floats(-1e6, 1e6))
def test_numbers_are_written_with_four_digits(value):
    text = number(value)
    assert text.startswith("(") == (value < 0 and text != "0")
    plain = text.strip("()").replace(r"\cdot 10^{", "e").replace("}", "")
    assert float(plain) == pytest.approx(value, rel=5e-4, abs=1e-300)


def test_the_equations_hold_the_numbers_that_they_explain():
    chosen = OperationSettings(conv_bias=0.5, conv_relu=True)
    maps = maps_of(chosen, {})
    found = terms_at(chosen, maps, 8, 11)
    letters, where, numbers, after = sum_equations(found, 8, 11, relu=True)
    assert "b + " in letters
    assert "(9, 10, 11)" in where
    assert "(12, 13, 14)" in where
    lines = numbers.split(r"\\")
    assert lines[0].endswith("= 0.5")
    given_pairs = [NUMBER.findall(line) for line in lines[1:-1]]
    total = 0.5 + sum(
        float(w) * float(x) for row in given_pairs for w, x in zip(row[::2], row[1::2], strict=True)
    )
    assert total == pytest.approx(found.total, abs=2e-3)
    assert float(NUMBER.findall(lines[-1])[0]) == pytest.approx(found.total, rel=5e-4)
    assert float(after.split("=")[-1]) == pytest.approx(max(found.total, 0), rel=5e-4)
    frame = terms_table(found)
    assert float(frame["product"].to_numpy().sum()) + found.bias == pytest.approx(found.total)
    assert frame["row"].tolist() == [9, 9, 9, 10, 10, 10, 11, 11, 11]


def test_a_wide_kernel_is_written_by_the_sums_of_its_rows():
    chosen = OperationSettings(conv_size="5")
    found = terms_at(chosen, maps_of(chosen, {}), 8, 11)
    numbers = sum_equations(found, 8, 11, relu=False)[2]
    rows = [float(NUMBER.findall(line)[0]) for line in numbers.split(r"\\")[1:-1]]
    np.testing.assert_allclose(rows, found.products.sum(1), rtol=5e-4)


@pytest.mark.parametrize("kind", ["max", "average"])
def test_pooling_is_written_with_its_window(kind):
    chosen = OperationSettings(conv_pool=kind)
    maps = maps_of(chosen, {})
    place = place_of(chosen, OperationDisplay(conv_level="pooling", conv_row=5, conv_column=6), maps)
    assert place is not None
    assert place.output_rows.tolist() == [8, 9]
    assert place.output_columns.tolist() == [10, 11]
    assert place.picture_rows.tolist() == [8, 9, 10, 11]
    (written,) = pool_equations(chosen, maps, place)
    assert maps.pooled is not None
    assert float(NUMBER.findall(written.split("=")[-1])[0]) == pytest.approx(maps.pooled[4, 5], rel=5e-4)


def test_sizes_are_written_once_for_a_square_and_twice_for_a_photograph():
    sliding = OperationSettings(conv_stride=2, conv_padding=1).sliding()
    assert size_equations(sliding, (28, 28), "o")[1:] == [
        r"o = \left\lfloor \frac{28 + 2\cdot1 - 1\cdot(3-1) - 1}{2} \right\rfloor + 1 = 14"
    ]
    rows, columns = size_equations(sliding, (43, 64), "o")[1:]
    assert rows.endswith("= 22")
    assert columns.endswith("= 32")


def test_costs_are_counted_as_torch_counts_weights():
    chosen = OperationSettings()
    weights, products, dense = costs(chosen, run(chosen))
    assert weights == torch.nn.Conv2d(1, 1, 3).weight.numel()
    assert products == 26 * 26 * 9
    assert dense == torch.nn.Linear(784, 676, device="meta").weight.numel()


def test_the_figures_show_the_maps_and_frame_the_place():
    chosen = OperationSettings(conv_pool="max", conv_dilation=2)
    panels = shown(chosen, OperationDisplay(conv_row=3, conv_column=4))
    maps: Any = maps_of(chosen, {})
    assert list(panels) == ["conv_picture", "conv_output", "conv_pooled", "conv_behind"]
    for name, values in zip(panels, (maps.picture, maps.output, maps.pooled), strict=False):
        np.testing.assert_allclose(panels[name].figure.data[0].z, values, atol=1e-6)
    frame = panels["conv_picture"].figure.layout.shapes[1]
    assert (frame.y0, frame.y1, frame.x0, frame.x1) == (2.5, 7.5, 3.5, 8.5)
    assert "rows 3 to 7 and columns 4 to 8" in panels["conv_picture"].alt
    seen = panels["conv_output"].figure.data[0].customdata
    assert seen[2, 3].tolist() == [3, 7, 4, 8]


def test_an_impossible_kernel_is_shown_beside_the_picture():
    chosen = OperationSettings(conv_picture="digits8", conv_size="5", conv_dilation=3)
    assert run(chosen).fault.startswith(
        "The kernel does not fit even once: it spans 3 x (5 - 1) + 1 = 13 pixels"
    )
    panels = shown(chosen)
    assert list(panels) == ["conv_picture"]
    frame = panels["conv_picture"].figure.layout.shapes[0]
    assert (frame.x0, frame.x1) == (0.5, 13.5)


def test_an_impossible_pooling_leaves_the_convolution():
    chosen = OperationSettings(conv_pool="max", conv_pool_size=2, conv_pool_padding=2)
    assert "at least 4 pixels, not 2" in run(chosen).fault
    assert list(shown(chosen)) == ["conv_picture", "conv_output", "conv_behind"]
    tiny = OperationSettings(conv_picture="digits8", conv_stride=4, conv_pool="max", conv_pool_size=4)
    assert run(tiny).fault.startswith("The pooling window of 4 pixels does not fit")


def test_faults_are_errors_of_the_lab():
    with pytest.raises(LabError, match="Stride s: expected a whole number from 1 to 4 pixels, got 9"):
        OperationSettings.checked({"conv_stride": 9})
