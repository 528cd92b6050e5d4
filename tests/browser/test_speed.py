"""From a change of one control to the first picture that it changes, in a browser, on a page that is open."""

import statistics
import time

import pytest

from tests.browser.lab_page import STAGES, LabPage

pytestmark = [pytest.mark.browser, pytest.mark.alone]

CHANGES = 3  # that count, after one that wakes the page up
CHANGED = f"""before => {{
  const {{run, scene}} = {STAGES}[0];
  const drawn = slot => !slot.stale && !slot.plot.busy;
  return run !== before && !scene.frame && [...scene.slots.values()].some(drawn); }}"""
PROGRESSED = f"""before => {{
  const {{run, known, scene}} = {STAGES}[0];
  return run !== before && !scene.frame && (known.done || known.progress?.share > 0); }}"""
PARTS = {
    "line": ("Slope w", "ArrowRight"),
    "race": ("Learning rate", "ArrowLeft"),
    "sweep": ("Condition number of the bowl", "ArrowRight"),
    "batches": ("Learning rate", "ArrowRight"),
    "network": ("Learning rate", "ArrowLeft"),
}


def waits(lab: LabPage, label: str, key: str, shown: str) -> float:
    """Move a slider several times, each time to a stop that nobody has had; return the median wait."""
    slider, seconds = lab.slider(label), []
    for _change in range(1 + CHANGES):
        before, began = lab.run(), time.perf_counter()
        slider.press(key)
        lab.page.wait_for_function(shown, arg=before)
        seconds.append(time.perf_counter() - began)
        lab.idle()
    print(label, *(f"{one:.2f} s" for one in seconds))
    return statistics.median(seconds[1:])


@pytest.mark.parametrize("part", PARTS)
def test_gradient_descent_shows_a_change_within_a_second(lab: LabPage, part: str) -> None:
    lab.go(f"/gradient_descent?part={part}")
    lab.complete()
    assert waits(lab, *PARTS[part], CHANGED) < 1


@pytest.mark.parametrize("page", ["cnn?part=train", "rnn?part=series"])
def test_training_shows_progress_within_half_a_second(lab: LabPage, page: str) -> None:
    lab.go(f"/{page}")
    lab.complete()
    assert waits(lab, "Learning rate", "ArrowLeft", PROGRESSED) < 0.5
