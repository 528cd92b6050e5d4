"""A learner runs the texts' programs; the numbers on the page are those of the lab's own run."""

import pytest

from lab.core.events import Done
from lab.core.lesson import Context
from lab.topics.text_programs import TUMOURS
from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser

CELLS = """() => {
  const plot = document.querySelector("[data-figure=confusion] .stage-plot");
  return Array.from(plot._fullData[0].z, row => Array.from(row)); }"""


def test_the_matrix_and_the_threshold_are_those_of_the_run(lab: LabPage) -> None:
    lab.go("/text_programs?part=tumours&tumour_threshold=0.1")
    lab.complete()
    *_events, done = TUMOURS.train(TUMOURS.settings(), Context())
    assert isinstance(done, Done)
    truth, said = done.result.malignant[0], done.result.probabilities[0] >= 0.1
    expected = [[int(((truth == row) & (said == column)).sum()) for column in (0, 1)] for row in (0, 1)]
    assert lab.page.evaluate(CELLS) == expected
    assert lab.complaints == []


def test_the_next_program_has_another_listing_and_learns_while_one_looks(lab: LabPage) -> None:
    lab.go("/text_programs?noise_epochs=1&noise_networks=1")
    lab.complete()
    code = lab.page.locator("[data-testid=stCode]")
    assert "random_rows" in code.inner_text()
    lab.button("Next program").click()
    lab.page.wait_for_function(
        "() => document.querySelector('[data-testid=stCode]').innerText.includes('tanh')"
    )
    lab.complete(timeout=60)
    assert "part=square" in lab.page.url
    errors = lab.curve("one hidden tanh layer")
    assert len(errors) > 20
    assert lab.complaints == []


def test_a_challenge_met_is_ticked(lab: LabPage) -> None:
    lab.go("/text_programs?noise_epochs=1&noise_networks=1&noise_rate=1.0")
    lab.complete()
    task = lab.page.get_by_text("Make it fail: even or odd").first
    task.wait_for()
    assert "(done)" in task.inner_text()
    assert lab.complaints == []
