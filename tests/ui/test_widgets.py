"""Every control has a widget that shows its value, whatever it is, and gives it back."""

from typing import Any, cast

import pytest

from lab.core.controls import Control
from lab.core.settings import controls_of
from lab.topics.playground.settings import Settings
from lab.ui.widgets import drawn


def test_a_value_between_the_stops_is_shown_and_stays_when_another_control_moves(opened):
    page = opened(learning_rate="0.0123", batch_size="7", epochs="4")
    slider = page.select_slider("train.learning_rate")
    assert slider.value == 0.0123
    assert "0.0123" in slider.options
    page.select_slider("train.noise").set_value(0.1).run()
    page.selectbox("train.activation").set_value("relu").run()
    assert page.select_slider("train.learning_rate").value == 0.0123
    assert page.query_params["learning_rate"] == "0.0123"
    assert page.select_slider("train.batch_size").value == 7
    page.select_slider("train.learning_rate").set_value(0.1).run()
    page.run()
    assert page.select_slider("train.learning_rate").value == 0.1
    assert "0.0123" not in page.select_slider("train.learning_rate").options
    assert page.select_slider("train.batch_size").value == 7


def test_the_boxes_of_the_layers_come_and_go(opened):
    page = opened(hidden="4-2")

    def boxes():
        found = [one for one in page.number_input if one.key.startswith("train.hidden.")]
        return [one.value for one in found]

    assert boxes() == [4, 2]
    page.slider("train.hidden.layers").set_value(4).run()
    assert (boxes(), page.query_params["hidden"]) == ([4, 2, 2, 2], "4-2-2-2")
    page.number_input("train.hidden.3").set_value(16).run()
    assert page.query_params["hidden"] == "4-2-2-16"
    page.slider("train.hidden.layers").set_value(1).run()
    assert (boxes(), page.query_params["hidden"]) == ([4], "4")
    page.slider("train.hidden.layers").set_value(0).run()
    assert (boxes(), page.query_params["hidden"]) == ([], "none")
    page.slider("train.hidden.layers").set_value(2).run()
    assert boxes() == [2, 2]
    assert not page.exception


def tip(control: Any) -> str:
    return control.help


def test_every_visible_control_has_a_widget_with_its_label_and_help(opened):
    page = opened()
    kinds = (page.select_slider, page.selectbox, page.number_input, page.toggle, page.pills, page.slider)
    widgets = {one.key: one for kind in kinds for one in kind if one.key}
    for name, control in controls_of(Settings).items():
        if name in ("batches", "edits", "file"):
            assert f"train.{name}" not in widgets
            continue
        key = f"train.{name}.layers" if name == "hidden" else f"train.{name}"
        widget = widgets[key]
        assert widget.label.startswith(control.label)
        assert widget.help == tip(control)
        assert len(widget.help) > 10


@pytest.mark.parametrize("features", [["x1"], ["x1", "x2", "sin x2"]])
def test_pills_give_the_chosen_features(opened, features):
    page = opened()
    page.pills("train.features").set_value(features).run()
    assert page.session_state["kept:train"].features == tuple(features)


def test_no_feature_at_all_is_a_sentence_and_can_be_mended(opened):
    page = opened()
    page.pills("train.features").set_value([]).run()
    (said,) = [one.value for one in page.error]
    assert said.startswith("Features: expected one or more of")
    page.pills("train.features").set_value(["x2"]).run()
    assert not page.error
    assert page.query_params["features"] == "x2"


def test_an_unknown_kind_of_control_is_refused():
    with pytest.raises(TypeError, match="no widget for object"):
        drawn("key", cast(Control, object()))
