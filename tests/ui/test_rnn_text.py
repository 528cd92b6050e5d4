"""The part on letters and languages: at every end of its controls, with a pasted text and a typed word."""

import pytest
from streamlit.testing.v1 import AppTest

from lab.core.settings import LessonSettings, controls_of
from lab.topics.rnn.parts import PARTS
from lab.topics.rnn.text_settings import (
    LanguageDisplay,
    LanguageSettings,
    LettersDisplay,
    LettersSettings,
)
from tests.contract.controls_as_strategies import extremes_of
from tests.pages import faults, page_at

pytestmark = pytest.mark.usefixtures("_in_place")
LETTERS = {"part": "text", "text_steps": "10", "text_hidden": "10", "text_batch": "2", "text_length": "10"}
LANGUAGES = {"part": "text", "text_task": "language", "language_epochs": "0", "language_hidden": "10"}
MODELS: dict[type[LessonSettings], dict[str, str]] = {
    LettersSettings: LETTERS,
    LettersDisplay: LETTERS,
    LanguageSettings: LANGUAGES,
    LanguageDisplay: LANGUAGES,
}
NEEDS_A_FILE, NEEDS_TWO = "own", 2


def opened(**query: str) -> AppTest:
    return page_at("rnn", query)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_opens(part: str) -> None:
    quick = {"series_epochs": "1", "series_networks": "1", "cost_rounds": "2", "cost_batch": "2"}
    page = opened(**(LETTERS | quick | {"part": part}))
    assert not faults(page)
    assert page.session_state["part.part"] == part


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_it_opens_at_every_end_of_every_control(model: type[LessonSettings]) -> None:
    query = MODELS[model]
    page = opened(**query)
    assert not faults(page)
    for name, control in controls_of(model).items():
        ends = extremes_of(control) if name not in query else []
        for value in ends:
            if value == NEEDS_A_FILE or (isinstance(value, tuple) and len(value) < NEEDS_TWO):
                continue
            page.query_params.clear()
            page.query_params.update(query | {name: control.written(value)})
            page.run()
            assert not faults(page), (name, value)


def test_a_pasted_text_is_learned_and_one_that_cannot_be_is_one_sentence() -> None:
    page = opened(**LETTERS, text_source="own")
    assert [one.value for one in page.info] == ["Paste a text to begin, or choose the lab's own prose."]
    page.query_params.clear()
    box = page.text_area[0]
    box.set_value("too short").run()
    assert [one.value for one in page.error] == ["Your text: expected at least 500 letters, got 9"]
    box.set_value("abab cdcd " * 60).run()
    assert not faults(page)
    assert len(page.session_state["letters.text_file"]) == 64
    assert any("What it writes" in one.value for one in page.subheader)


def test_a_beginning_is_taken_and_a_word_is_read() -> None:
    page = opened(**LETTERS)
    page.query_params.clear()
    next(box for box in page.text_input if box.label == "Beginning").set_value("When ").run()
    assert not faults(page)
    assert page.session_state["letters-view.text_prompt"] == "When "
    page = opened(**LANGUAGES)
    page.query_params.clear()
    next(box for box in page.text_input if box.label == "A word of yours").set_value("zahrada").run()
    assert not faults(page)
    assert page.session_state["language-view.language_word"] == "zahrada"


def test_one_language_alone_is_one_sentence() -> None:
    page = opened(**LANGUAGES, language_several="czech")
    assert any("Languages: expected at least two, got 'czech'" in fault for fault in faults(page))
