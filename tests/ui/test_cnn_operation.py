"""The operation part of the page: its controls, the walk, the kernel's cells, and pictures of one's own."""

import io
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from lab.data.photos import read_picture, written_picture
from lab.data.tables import table_key
from lab.topics.cnn.operation import maps_of
from lab.topics.cnn.operation_settings import OperationDisplay, OperationSettings
from lab.ui.cnn_operation import _safely, _triggers
from lab.ui.desk import desk
from tests.pages import faults, page_at

RANDOM = np.random.default_rng(1)


@pytest.fixture
def page(_in_place: None) -> Callable[..., AppTest]:
    """Return a function that opens the part at a URL."""
    return lambda **query: page_at("cnn", {"part": "operation"} | query)


def equations(page: AppTest) -> str:
    return " ".join(one.value for one in page.latex)


def picture_file(width: int = 40, height: int = 30) -> bytes:
    file = io.BytesIO()
    pixels = RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_back_and_next_go_row_by_row(page: Callable[..., AppTest]) -> None:
    one = page(conv_row="2", conv_column="26")
    assert not faults(one)
    assert "z_{2,26}" in equations(one)
    one.button("conv:redo").click().run()
    assert "z_{3,1}" in equations(one)
    one.button("conv:undo").click().run()
    assert "z_{2,26}" in equations(one)
    at_end = page(conv_row="26", conv_column="26")
    assert at_end.button("conv:redo").disabled
    assert page(conv_row="1", conv_column="1").button("conv:undo").disabled


def test_play_goes_back_to_the_start_from_the_end(page: Callable[..., AppTest]) -> None:
    one = page(conv_row="26", conv_column="26")
    one.button("conv:play").click().run()
    assert "z_{1,1}" in equations(one)
    assert one.button("conv:play").label == "Pause"
    one.button("conv:play").click().run()
    assert one.button("conv:play").label == "Play"


def test_from_the_pooling_to_the_sum_behind_its_largest(page: Callable[..., AppTest]) -> None:
    one = page(conv_pool="max", conv_level="pooling", conv_row="5", conv_column="6")
    assert r"\max(" in equations(one)
    next(button for button in one.button if "largest" in button.label).click().run()
    chosen = OperationSettings(conv_pool="max")
    output = maps_of(chosen, {}).output
    assert output is not None
    row, column = np.unravel_index(int(output[8:10, 10:12].argmax()), (2, 2))
    assert f"z_{{{row + 9},{column + 11}}}" in equations(one)


def test_row_and_column_stay_inside_a_smaller_map(page: Callable[..., AppTest]) -> None:
    one = page(conv_row="20", conv_column="3")
    one.selectbox("conv.conv_picture").set_value("digits8").run()
    assert "z_{6,3}" in equations(one)
    assert one.number_input("conv_display.conv_row").value == 6
    assert one.number_input("conv_display.conv_column").value == 3


def test_only_controls_that_mean_something_are_drawn(page: Callable[..., AppTest]) -> None:
    digit = page()
    labels = {one.label for one in (*digit.number_input, *digit.selectbox)}
    assert "Digit number" in labels
    assert not {"Channel", "Window (pixels)"} & labels
    digit.selectbox("conv.conv_picture").set_value("china").run()
    digit.selectbox("conv.conv_pool").set_value("max").run()
    labels = {one.label for one in (*digit.number_input, *digit.selectbox)}
    assert {"Channel", "Window (pixels)"} <= labels
    assert "Digit number" not in labels
    assert not faults(digit)


def test_an_impossible_kernel_says_why_above_the_picture(page: Callable[..., AppTest]) -> None:
    one = page(conv_picture="digits8", conv_size="5", conv_dilation="3")
    assert not faults(one)
    assert [info.value for info in one.info if "does not fit even once" in info.value]
    assert "= -4" in equations(one)


def test_an_uploaded_picture_is_shrunk_kept_for_the_visit_and_named_in_the_url(
    page: Callable[..., AppTest],
) -> None:
    one = page(conv_picture="upload")
    assert "Upload a picture" in one.info[0].value
    raw = picture_file(400, 300)
    one.file_uploader[0].upload("mine.png", raw, "image/png").run()
    assert not faults(one)
    small = written_picture(read_picture(raw, "mine.png"))
    assert one.session_state["visit:files"] == {table_key(small): small}
    assert one.query_params["conv_file"] == table_key(small)
    stored = desk()._store.get(one.session_state["last:cnn/operation"].key)
    assert stored is not None
    assert stored[1].picture == (48, 64)
    other = page(conv_picture="upload", conv_file=table_key(small))
    assert "uploaded in another visit" in faults(other)[0]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"not a picture at all", "expected a PNG or JPEG file, got 'not a pictur'"),
        (picture_file()[:300], "expected a whole PNG or JPEG file, got 'one that is cut off or damaged'"),
    ],
)
def test_a_bad_picture_is_one_sentence_and_a_good_one_mends_it(
    page: Callable[..., AppTest], raw: bytes, sentence: str
) -> None:
    one = page(conv_picture="upload")
    one.file_uploader[0].upload("mine.png", raw, "image/png").run()
    assert faults(one) == [f"picture 'mine.png': {sentence}"]
    one.file_uploader[0].upload("mine.png", picture_file(), "image/png").run()
    assert not faults(one)
    assert "o_{\\text{rows}}" in equations(one)


def test_learned_filters_are_offered_after_a_training_of_this_visit(page: Callable[..., AppTest]) -> None:
    one = page()
    assert not [box for box in one.selectbox if "learned" in box.label]
    filters = RANDOM.normal(size=(2, 4, 1, 3, 3)).astype(np.float32)  # moment, out, in, y, x
    one.session_state["last:cnn/train"] = SimpleNamespace(result=SimpleNamespace(filters=[filters]))
    one.run().selectbox("conv:learned").set_value(2).run()
    assert not faults(one)
    kept: OperationSettings = one.session_state["kept:conv"]
    assert kept.conv_kernel == "own"
    np.testing.assert_allclose(kept.kernel(), filters[-1, 1, 0], atol=1e-6)


def test_a_learned_filter_about_to_overflow_is_clipped_and_the_page_goes_on(
    page: Callable[..., AppTest],
) -> None:
    one = page()
    filters = np.full((1, 2, 1, 3, 3), 0.5, np.float32)
    filters[0, 1, 0, 0] = 12_345.6, -4e30, 3e38
    one.session_state["last:cnn/train"] = SimpleNamespace(result=SimpleNamespace(filters=[filters]))
    one.run().selectbox("conv:learned").set_value(2).run()
    assert not faults(one)
    kept: OperationSettings = one.session_state["kept:conv"]
    np.testing.assert_array_equal(kept.kernel()[0], [1000, -1000, 1000])
    np.testing.assert_array_equal(kept.kernel()[1:], 0.5)
    one.button("undo:conv").click().run()
    assert one.session_state["kept:conv"].conv_kernel == "sobel_x"


def test_clicks_name_pixels_and_what_is_no_place_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    went: list[tuple[object, ...]] = []
    monkeypatch.setattr("lab.ui.cnn_operation.go", lambda *place: went.append(place))
    for stride, padding, dilation in ((1, 0, 1), (2, 1, 1), (3, 4, 2)):
        chosen = OperationSettings(conv_stride=stride, conv_padding=padding, conv_dilation=dilation)
        triggers = _triggers(chosen)
        sliding = chosen.sliding()
        triggers["conv_cell"]({"x": 4.4, "y": 2.6})
        triggers["conv_pooled_cell"]({"x": 4.6, "y": 2.4})
        middle = sliding.reads(6)[1] + 1  # of pixel 7, counted from 1
        triggers["conv_picture_cell"]({"x": float(middle), "y": middle + 0.2})
        levels = ("convolution", "pooling", "convolution")
        places = ((3, 4), (2, 5), (7, 7))
        assert went == [("conv_display", level, *at) for level, at in zip(levels, places, strict=True)]
        went.clear()
    for wrong in (None, {}, {"x": 1}, {"x": "a", "y": 2}, {"x": float("nan"), "y": 1.0}, 7):
        _safely("convolution", wrong, lambda at: at)
    assert not went
    assert OperationDisplay().conv_level == "convolution"
