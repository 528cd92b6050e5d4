"""Losses and activations opens at every end of every part's controls; its buttons do what they say."""

import pytest
from streamlit.testing.v1 import AppTest

from lab.core.settings import controls_of
from lab.topics.losses_activations import LESSON
from lab.topics.losses_activations.settings import PARTS
from tests.contract.controls_as_strategies import extremes_of
from tests.pages import faults, page_at

pytestmark = pytest.mark.usefixtures("_in_place")
QUICK = {"epochs": "2", "networks": "2", "depth": "3"}
MODELS = {one.name.partition("/")[2]: one for one in LESSON.experiments}


def opened(**query: str) -> AppTest:
    return page_at("losses_activations", query)


def equations(page: AppTest) -> list[str]:
    return [one.value.strip("$\n") for one in page.latex]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_opens_at_every_end_of_its_controls(part: str) -> None:
    one = MODELS[part]
    fields = {**controls_of(one.settings), **controls_of(one.display)}
    quick = {name: text for name, text in QUICK.items() if name in fields}
    page = opened(part=part, **quick)
    assert not faults(page)
    for name, control in fields.items():
        for value in [] if name in ("part", "epochs") else extremes_of(control):
            page.query_params.clear()
            page.query_params.update({"part": part, **quick, name: control.written(value)})
            page.run()
            assert not page.exception, (name, value)
            assert not page.error, (name, value)


def test_softmax_alone_shows_its_other_scores() -> None:
    assert [slider.label for slider in opened().select_slider] == ["Score z"]
    labels = [slider.label for slider in opened(activation="softmax").select_slider]
    assert labels == ["Score z", "Second score", "Third score"]


def test_the_parts_are_turned_like_pages() -> None:
    page = opened()
    for label, part in (("Next part", "signal"), ("Next part", "loss"), ("Back", "signal")):
        page.query_params.clear()
        next(button for button in page.button if button.label == label).click().run()
        assert page.session_state["part.part"] == part
        assert not faults(page)
    ends = {
        part: {button.label: button.disabled for button in opened(part=part, **QUICK).button}
        for part in PARTS
    }
    assert [part for part, disabled in ends.items() if disabled["Back"]] == ["activation"]
    assert [part for part, disabled in ends.items() if disabled["Next part"]] == ["guide"]


def test_taking_the_step_moves_the_prediction_there_and_lowers_the_loss() -> None:
    page = opened(part="loss", loss="squared", prediction="4.0", target="1.0", rate="0.1")
    assert equations(page)[0].endswith("= 9")
    next(button for button in page.button if button.label == "Take this step").click().run()
    assert page.session_state["loss.prediction"] == pytest.approx(3.4)  # 4 - 0.1 * 2 * 3
    assert equations(page)[0].endswith("= 5.76")


def test_taking_the_step_moves_all_three_scores() -> None:
    page = opened(part="loss", loss="softmax", z1="0.0", z2="0.0", z3="0.0", label="1", rate="3.0")
    next(button for button in page.button if button.label == "Take this step").click().run()
    moved = [page.session_state[f"loss.z{k}"] for k in (1, 2, 3)]
    assert moved == pytest.approx([2, -1, -1])
