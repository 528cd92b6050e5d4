"""Programs from the texts opens at every end of every card's controls, and each card shows its own."""

import pytest
from streamlit.testing.v1 import AppTest

from lab.core.settings import controls_of
from lab.topics.text_programs.programs import PARTS, listing
from lab.ui.text_programs import CARDS
from tests.contract.controls_as_strategies import extremes_of
from tests.contract.test_pages import QUICK
from tests.pages import page_at

pytestmark = pytest.mark.usefixtures("_in_place")
SMALL = {"convolution_images": "100", "dense_images": "100", "square_points": "10", "noise_rows": "100"}


def opened(**query: str) -> AppTest:
    return page_at("text_programs", query)


@pytest.mark.parametrize("part", PARTS)
def test_a_card_opens_at_every_end_of_its_controls(part: str) -> None:
    one = CARDS[part].experiment
    fields = {**controls_of(one.settings), **controls_of(one.display)}
    quick = {name: text for name, text in (QUICK | SMALL).items() if name in fields}
    page = opened(part=part, **quick)
    for name, control in fields.items():
        for value in [] if name == "part" or name.endswith("epochs") else extremes_of(control):
            page.query_params.clear()
            page.query_params.update({"part": part, **quick, name: control.written(value)})
            page.run()
            assert not page.exception, (name, value)
            assert not page.error, (name, value)
            assert not page.warning, (name, value)


@pytest.mark.parametrize("part", PARTS)
def test_a_card_shows_its_listing_its_outcome_and_its_own_challenges(part: str) -> None:
    fields = controls_of(CARDS[part].experiment.settings)
    page = opened(part=part, **{name: text for name, text in (QUICK | SMALL).items() if name in fields})
    assert [code.value for code in page.code] == [listing(*CARDS[part].listed).strip()]
    assert "Outcome" in [title.value for title in page.subheader]
    assert len(page.table) == 1
    tasks = [
        text.value for text in page.markdown if text.value.startswith((":material/check", ":material/radio"))
    ]
    assert len(tasks) == 2
    headings = " ".join(text.value for text in page.markdown)
    assert headings.count("## What the text does not say") == 1


def test_the_programs_are_turned_like_pages() -> None:
    page = opened(part="softmax", **QUICK)
    next(button for button in page.button if button.label == "Next program").click().run()
    assert page.session_state["part.part"] == "tumours"
    assert not page.exception
