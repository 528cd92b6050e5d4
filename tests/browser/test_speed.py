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


def waits(lab: LabPage, label: str, key: str, *shown: str) -> list[float]:
    """Move a slider several times, each time to a stop that nobody has had; return the median waits."""
    slider, seconds = lab.slider(label), []
    for _change in range(1 + CHANGES):
        before, began, told = lab.run(), time.perf_counter(), list[float]()
        slider.press(key)
        for one in shown:
            lab.page.wait_for_function(one, arg=before)
            told.append(time.perf_counter() - began)
        seconds.append(told)
        lab.complete()
    print(label, *(" / ".join(f"{one:.2f} s" for one in told) for told in seconds))
    return [statistics.median(column) for column in zip(*seconds[1:], strict=True)]


@pytest.mark.parametrize("part", PARTS)
def test_gradient_descent_shows_a_change_within_a_second(lab: LabPage, part: str) -> None:
    lab.go(f"/gradient_descent?part={part}")
    lab.complete()
    (picture,) = waits(lab, *PARTS[part], CHANGED)
    assert picture < 1


@pytest.mark.parametrize("page", ["cnn?part=train", "rnn?part=series"])
def test_training_shows_that_it_learns_within_a_second(lab: LabPage, page: str) -> None:
    """Without a browser on the same cores it is half of that: `tests/runs/test_pace.py`, `docs/load.md`."""
    lab.go(f"/{page}")
    lab.complete()
    measured, learning = waits(lab, "Learning rate", "ArrowLeft", CHANGED, PROGRESSED)
    assert measured <= learning < 1
