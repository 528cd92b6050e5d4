"""The parts of the lesson on one visit: each opens, at both ends of its controls, and hands its run on."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.core.controls import Hidden
from lab.core.settings import controls_of
from lab.topics.cnn.display import Display
from lab.topics.cnn.operation_settings import OperationDisplay
from lab.topics.cnn.parts import PARTS
from lab.ui import cnn_inside
from lab.ui.desk import desk
from tests.contract.controls_as_strategies import extremes_of
from tests.pages import ROOT, SHELL, faults

QUICK = {"images": "digits8", "padding": "same", "train_images": "100", "epochs": "1", "channels2": "20"}
SHOWN = {"operation": (OperationDisplay, "conv_"), "inside": (Display, "in_"), "looks": (Display, "look_")}


@pytest.fixture
def page(_in_place: None) -> AppTest:
    one = AppTest.from_file(SHELL, default_timeout=60)
    one.switch_page(str(ROOT / "pages" / "cnn.py"))
    return one


def go(page: AppTest, **query: str) -> AppTest:
    """Open the page at another address, in the same visit."""
    page.query_params.clear()
    page.query_params.update(QUICK | query)
    return page.run()


def test_every_part_shows_the_run_of_the_first_that_trained(page: AppTest) -> None:
    for part in PARTS:
        go(page, part=part)
        assert not faults(page), part
        assert page.get("bidi_component"), part
    assert desk().stats()["runs_done"] == 2  # the operation, and one training
    run = page.session_state["last:cnn/train"]
    assert run.result.moments[-1] == 1


@pytest.mark.parametrize("part", SHOWN)
def test_it_opens_at_both_ends_of_every_control_of_what_is_shown(page: AppTest, part: str) -> None:
    model, prefix = SHOWN[part]
    for name, control in controls_of(model).items():
        if not name.startswith(prefix) or isinstance(control, Hidden):
            continue
        values = extremes_of(control)
        for value in (values[0], values[-1]):
            go(page, part=part, **{name: control.written(value)})
            assert not faults(page), (name, value)


def test_the_slider_goes_through_the_training(page: AppTest) -> None:
    go(page, part="inside", epochs="2")
    slider = page.select_slider("cnn:moment")
    assert slider.value == cnn_inside.END
    before = [one.value for one in page.latex]
    slider.set_value(1).run()
    assert not faults(page)
    assert page.session_state["kept:cnn-inside"].in_moment == 1
    assert page.query_params["in_moment"] == "1"
    assert [one.value for one in page.latex] != before


def test_buttons_turn_the_strip_of_test_images(page: AppTest) -> None:
    go(page, part="inside", in_image="30")

    def press(label: str) -> int:
        next(one for one in page.button if one.label == label).click().run()
        assert not faults(page)
        return page.session_state["kept:cnn-inside"].in_image

    assert [press(label) for label in ("More images", "Images before", "Images before")] == [49, 25, 1]
    assert next(one for one in page.button if one.label == "Images before").disabled


def test_a_filter_that_was_really_learned_slides_over_a_picture(page: AppTest) -> None:
    go(page, part="train")
    result = page.session_state["last:cnn/train"].result
    go(page, part="operation").selectbox("conv:learned").set_value(3).run()
    assert not faults(page)
    np.testing.assert_allclose(
        page.session_state["kept:conv"].kernel(), result.filters[0][-1][2, 0], atol=1e-6
    )


def test_only_networks_with_many_filters_have_pages_of_maps(page: AppTest) -> None:
    def choices() -> list[str]:
        return [one.label for one in page.selectbox if one.label == "Maps shown"]

    go(page, part="inside")
    assert choices()
    go(page, part="inside", channels2="16")
    assert not choices()


@pytest.mark.parametrize("text", ["x" * 262 + "!", "short", "é" * 262])
def test_what_is_no_drawing_is_said_and_changes_nothing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    changed: list[object] = []
    said: list[str] = []
    monkeypatch.setattr(cnn_inside, "change", lambda *_where, **values: changed.append(values))
    monkeypatch.setattr("lab.ui.acts.st.toast", lambda text, **_icon: said.append(text))
    cnn_inside._drawn(text)
    assert not changed
    assert said[0].startswith("Drawing: expected a drawing of the sheet, got ")
    cnn_inside._drawn("A" * 262)
    assert changed == [{"in_drawing": "A" * 262}]


def test_what_is_no_place_on_a_figure_is_left_alone() -> None:
    seen: list[tuple[float, float]] = []
    take = cnn_inside.clicked(lambda x, y: seen.append((x, y)))
    for wrong in (
        None,
        7,
        {},
        {"x": 1},
        {"x": "a", "y": 2},
        {"x": float("nan"), "y": 1.0},
        {"x": 1, "y": 1e999},
    ):
        take(wrong)
    assert not seen
    take({"x": 1, "y": 2.5})
    assert seen == [(1.0, 2.5)]
