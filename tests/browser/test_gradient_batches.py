"""The batch sizes in a real browser: the numbers on the page are those of the same run here."""

import numpy as np
import pytest
from playwright.sync_api import expect

from lab.core.events import Done
from lab.core.lesson import Context
from lab.topics.gradient_descent.batches_settings import BatchSettings
from lab.topics.gradient_descent.batches_stage import BATCHES, curves
from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser


def expected(**values: object) -> dict[str, np.ndarray]:
    """Return the median losses by the name of the curve, trained in the test's own process."""
    settings = BatchSettings.checked({"batch_data": "iris", "batch_epochs": 3, **values})
    events = [event for event in BATCHES.train(settings, Context()) if not isinstance(event, Done)]
    return {one.label: one.median() for one in curves(settings, events).values()}


def test_curves_are_those_of_the_run_and_follow_the_rate(lab: LabPage) -> None:
    lab.go("/gradient_descent?part=batches&batch_data=iris&batch_epochs=3")
    lab.complete()
    for name, losses in expected().items():
        np.testing.assert_allclose(lab.curve(name), losses, rtol=1e-5)
    expect(lab.page.get_by_text("Per second", exact=True)).to_be_visible()
    before = lab.run()
    lab.slider("Learning rate").press("ArrowRight")
    lab.complete(before)
    for name, losses in expected(batch_rate=0.2).items():
        np.testing.assert_allclose(lab.curve(name), losses, rtol=1e-5)
    assert not lab.complaints
