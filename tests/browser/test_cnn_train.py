"""A learner trains the network, goes on, and reads the same numbers that training in this process gives."""

import re

import pytest

from lab.core.lesson import Context
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.train import train
from tests.browser.lab_page import STAGES, LabPage

pytestmark = pytest.mark.browser

QUERY = "part=train&images=digits8&padding=same&epochs=1"


def accuracies(epochs: int) -> list[float]:
    *_events, done = train(Settings(images="digits8", padding="same", epochs=epochs), Context())
    shares = done.result.history.values["test_accuracy"][:, 0]  # type: ignore[union-attr]
    return [100 * float(share) for share in shares]


def test_train_go_on_and_stop(lab: LabPage) -> None:
    lab.go(f"/cnn?{QUERY}")
    lab.complete()
    assert lab.curve("convolutional, test") == pytest.approx(accuracies(1), abs=1e-4)
    lab.seconds(lambda: lab.button("+1 epoch").click())
    assert "epochs=2" in lab.page.url
    assert lab.curve("convolutional, test") == pytest.approx(accuracies(2), abs=1e-4)
    assert "images per second" in lab.page.locator(".stage").inner_text()


def test_a_run_shows_itself_at_once_and_can_be_stopped(lab: LabPage) -> None:
    lab.go("/cnn?part=train&channels1=32&channels2=64&epochs=11")
    lab.page.locator("[data-figure=filters] .stage-plot .heatmaplayer").first.wait_for(timeout=20_000)
    lab.button("Stop").click()
    lab.page.get_by_text("The run was stopped.").wait_for(timeout=10_000)
    assert lab.button("Run again").is_visible()


def test_a_stopped_run_continues_to_the_numbers_of_one_that_was_not(lab: LabPage) -> None:
    lab.go("/cnn?part=train&images=digits8&padding=same&epochs=12&batch_size=10")
    lab.page.get_by_text(re.compile(r"^epoch [1-9]")).first.wait_for(timeout=20_000)
    lab.button("Stop").click()
    told = lab.page.get_by_text("The run was stopped.")
    told.wait_for(timeout=10_000)
    assert lab.page.get_by_role("button", name=re.compile(r"Keep \d+ epoch")).is_visible()
    lab.button("Continue").click()
    told.wait_for(state="hidden")
    # the continued run has the name of the stopped one: what tells them apart is an open line
    lab.page.wait_for_function(f"() => {STAGES}[0].events !== null")
    lab.complete()
    settings = Settings(images="digits8", padding="same", epochs=12, batch_size=10)
    *_events, done = train(settings, Context())
    shares = done.result.history.values["test_accuracy"][:, 0]  # type: ignore[union-attr]
    assert lab.curve("convolutional, test") == pytest.approx(100 * shares, abs=1e-4)
