"""A learner lets the network write, and colours the text by one of its units."""

import pytest

from lab.core.events import Done
from lab.core.lesson import Context
from lab.topics.rnn.letters import train
from lab.topics.rnn.text_settings import LettersDisplay, LettersSettings
from lab.topics.rnn.text_stage import writing
from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser

SETTINGS = LettersSettings(text_hidden=20, text_steps=50)


def test_it_writes_what_the_seed_says_and_a_click_chooses_the_unit(lab: LabPage) -> None:
    lab.go("/rnn?part=text&text_hidden=20&text_steps=50")
    lab.complete()
    *_events, done = train(SETTINGS, Context())
    assert isinstance(done, Done)
    told = writing(SETTINGS, LettersDisplay(), done.result)
    shown = lab.page.locator("p[style*='pre-wrap']")
    assert shown.text_content() == (told.beginning + told.text).replace("\n", "")
    plot = lab.page.locator("[data-figure=letters_states] .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    lab.page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    lab.page.wait_for_url("**text_unit=**")
    unit = int(lab.page.evaluate("() => new URLSearchParams(location.search).get('text_unit')"))
    assert 8 <= unit <= 13
    lab.page.get_by_text(f"The colour is unit {unit} after each letter").wait_for()
    assert lab.complaints == []
