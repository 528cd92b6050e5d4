"""The parts cell and memory open at every end of their controls; buttons and boxes do what they say."""

import pytest
from streamlit.testing.v1 import AppTest

from lab.core.settings import controls_of
from lab.topics.rnn.memory_settings import VIEWS
from lab.topics.rnn.memory_stage import BACK, CLIP, DELAY
from tests.contract.controls_as_strategies import extremes_of
from tests.pages import faults, page_at

pytestmark = pytest.mark.usefixtures("_in_place")
QUICK = {
    "memory_clip_updates": "10",
    "memory_clip_networks": "2",
    "memory_delay_updates": "10",
    "memory_delay_networks": "2",
    "memory_delay_longest": "2",
}
PLACES = {"back": BACK, "clip": CLIP, "delay": DELAY}


def opened(**query: str) -> AppTest:
    return page_at("rnn", query)


def press(page: AppTest, label: str) -> None:
    page.query_params.clear()
    next(button for button in page.button if button.label == label).click().run()
    assert not faults(page)


@pytest.mark.parametrize("view", VIEWS)
def test_each_look_at_memory_opens_at_every_end_of_its_controls(view: str) -> None:
    one = PLACES[view]
    query = {"part": "memory", "memory_view": view, **QUICK}
    page = opened(**query)
    assert not faults(page)
    for name, control in {**controls_of(one.settings), **controls_of(one.display)}.items():
        for value in [] if name in QUICK else extremes_of(control):
            page.query_params.clear()
            page.query_params.update(query | {name: control.written(value)})
            page.run()
            assert not faults(page), (name, value)


def test_steps_are_walked_and_end_where_the_word_ends() -> None:
    page = opened(cell_word="abc")
    for step in (2, 3):
        press(page, "Next step")
        assert page.session_state["cell-shown.cell_step"] == step
    assert next(button for button in page.button if button.label == "Next step").disabled
    press(page, "Previous step")
    assert page.session_state["cell-shown.cell_step"] == 2
    assert any("Step 2 of 3: it reads b" in one.value for one in page.subheader)


def test_a_state_is_set_by_hand_and_taken_back() -> None:
    page = opened(cell_step="2")
    page.query_params.clear()
    box = next(one for one in page.number_input if one.label == "h after step 2, unit 1")
    box.set_value(0.75).run()
    assert page.session_state["cell.cell_edits"] == "h2.1=0.75"
    assert next(one for one in page.number_input if one.label == "h after step 2, unit 1").value == 0.75
    press(page, "As computed")
    assert page.session_state["cell.cell_edits"] == ""


def test_a_typed_word_is_taken_and_a_wrong_one_is_said() -> None:
    page = opened()
    page.query_params.clear()
    page.text_input[0].set_value("Abba").run()
    assert page.session_state["cell.cell_word"] == "abba"
    page.text_input[0].set_value("a1").run()
    assert [one.value for one in page.error] == ["Word: expected 1 to 8 letters from a to z, got 'a1'"]
    assert page.session_state["cell.cell_word"] == "abba"
    page.text_input[0].set_value("aha").run()
    assert not faults(page)


def test_every_kind_writes_its_equations() -> None:
    for kind, count in (("rnn", 1), ("lstm", 6), ("gru", 4)):
        for reads in ("word", "numbers"):
            page = opened(cell_kind=kind, cell_reads=reads, cell_hidden="4")
            assert not faults(page)
            assert len(page.latex) == count
