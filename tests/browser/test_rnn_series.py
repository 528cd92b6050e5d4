"""A learner forecasts sunspots, loads a series of their own, and reads what the cells cost."""

import re

import numpy as np
import pytest

from lab.core.events import Done
from lab.core.lesson import Context
from lab.topics.rnn.series import train
from lab.topics.rnn.series_results import Forecast
from lab.topics.rnn.series_settings import SeriesSettings
from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser

QUICK = "series_epochs=2&series_networks=1&series_hidden=5"
TRACE = """([figure, name]) => Array.from(document.querySelector(`[data-figure=${figure}] .stage-plot`)
  ._fullData.find(trace => trace.name === name).y)"""


def drawn(lab: LabPage, figure: str, name: str) -> np.ndarray:
    """Return the heights of a trace of one figure."""
    return np.array(lab.page.evaluate(TRACE, [figure, name]), float)


def notes(lab: LabPage) -> str:
    return lab.page.locator(".stage-notes").inner_text()


def test_the_forecast_on_the_page_is_that_of_the_run(lab: LabPage) -> None:
    lab.go(f"/rnn?part=series&{QUICK}")
    lab.complete()
    *_events, done = train(SeriesSettings(series_epochs=2, series_networks=1, series_hidden=5), Context())
    assert isinstance(done, Done)
    assert isinstance(done.result, Forecast)
    for figure, values in (("series-one", done.result.one_step), ("series-free", done.result.free)):
        np.testing.assert_allclose(drawn(lab, figure, "network"), values[0], rtol=1e-5)
    assert drawn(lab, "series-one", "truth")[-1] == pytest.approx(2.9)  # sunspots in 2008
    assert "errs by" in notes(lab)
    assert lab.page.get_by_text("Is the network worth having?").is_visible()


def test_another_task_brings_its_own_controls_and_picture(lab: LabPage) -> None:
    lab.go(f"/rnn?part=series&series_task=copying&{QUICK}")
    lab.complete()
    assert lab.slider("Delay").is_visible()
    assert lab.slider("Free-running forecast").count() == 0
    assert "guessing 25%" in notes(lab)
    lab.seconds(lambda: lab.slider("Delay").press("ArrowRight"))
    assert re.search(r"series_delay=\d", lab.page.url)


def test_a_series_of_ones_own_is_forecast_and_a_fault_is_named(lab: LabPage) -> None:
    lab.go(f"/rnn?part=series&series_task=csv&series_length=8&{QUICK}")
    choose = lab.page.locator("input[type=file]")
    wrong = "\n".join(["height", *("1" for _row in range(40))])
    choose.set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": wrong.encode()})
    lab.page.get_by_text("expected numbers that differ from row to row").wait_for()
    values = [round(10 + 3 * np.sin(n / 2), 3) for n in range(60)]
    right = "\n".join(["height", *map(str, values)])
    choose.set_input_files({"name": "b.csv", "mimeType": "text/csv", "buffer": right.encode()})
    lab.complete()
    np.testing.assert_allclose(drawn(lab, "series-one", "truth"), values, rtol=1e-6)
    assert "series_file=" in lab.page.url


def test_the_cells_are_measured_and_compared(lab: LabPage) -> None:
    lab.go("/rnn?part=cost&cost_batch=10&cost_length=10&cost_hidden=10")
    lab.complete()
    assert list(drawn(lab, "cost-parameters", "parameters")) == [130 + 11, 4 * 130 + 11, 3 * 130 + 11]
    assert notes(lab).count("As measured") == 3
    assert (drawn(lab, "cost-speed", "speed, median and p10-p90") > 0).all()
