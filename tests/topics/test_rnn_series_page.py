"""The parts on series and on cost open at every end of every control."""

from typing import Any

import pytest

from lab.core.controls import Hidden
from lab.core.settings import controls_of
from lab.topics.rnn.cost_settings import CostSettings
from lab.topics.rnn.series_settings import APPLIES, SeriesDisplay, SeriesSettings
from tests.contract.controls_as_strategies import extremes_of
from tests.pages import page_at

pytestmark = pytest.mark.usefixtures("_in_place")
QUICK = {
    SeriesSettings: {"part": "series", "series_epochs": "1", "series_networks": "1", "series_batch": "128"},
    SeriesDisplay: {"part": "series", "series_epochs": "1", "series_networks": "1"},
    CostSettings: {"part": "cost", "cost_rounds": "2", "cost_batch": "2", "cost_length": "5"},
}


def opened(query):
    return page_at("rnn", query)


@pytest.mark.slow
@pytest.mark.parametrize("model", list(QUICK), ids=lambda model: model.__name__)
def test_it_opens_at_every_end_of_every_control(model):
    page = opened(QUICK[model])
    assert not [*page.exception, *page.error, *page.warning]
    for name, control in controls_of(model).items():
        ends: list[Any] = [] if isinstance(control, Hidden) else [*extremes_of(control)]
        for value in ends if name != "series_epochs" else []:
            task = {"series_task": APPLIES[name][0]} if name in APPLIES else {}
            page.query_params.clear()
            page.query_params.update({**QUICK[model], **task, name: control.written(value)})
            page.run()
            assert not page.exception, (name, value)


def test_a_setting_that_cannot_be_used_is_one_sentence():
    page = opened({**QUICK[SeriesSettings], "series_task": "copying", "series_delay": "40"})
    assert "Delay: expected at most 22 steps, for sequences of 24, got 40" in page.error[0].value
    page = opened({**QUICK[SeriesSettings], "series_rate": "1e30"})
    (said,) = [warning.value for warning in page.warning]
    assert "Learning rate: expected a number from 0.0001 to 10" in said


def test_without_a_file_the_page_asks_for_one():
    page = opened({**QUICK[SeriesSettings], "series_task": "csv"})
    assert [info.value for info in page.info] == ["Upload a series to begin, or choose another."]
    page = opened({**QUICK[SeriesSettings], "series_task": "csv", "series_file": "0" * 64})
    assert "uploaded in another visit" in page.warning[0].value


def test_a_column_of_a_file_is_chosen_and_one_that_is_not_there_is_named():
    rows = [f"{1990 + n},{n % 7},{n % 11}" for n in range(60)]
    raw = "\n".join(["year,height,width", *rows]).encode()
    page = opened({**QUICK[SeriesSettings], "series_task": "csv", "series_length": "8"})
    page.file_uploader[0].upload("mine.csv", raw, "text/csv")
    page.run()
    assert not [*page.exception, *page.error, *page.warning]
    page.query_params.clear()
    box = next(one for one in page.selectbox if one.label == "Column of my series")
    assert (box.options, box.value) == (["year", "height", "width"], "width")
    box.set_value("height").run()
    assert not [*page.exception, *page.error, *page.warning]
    kept = page.query_params.copy()
    asked = page.session_state["last:rnn/series"]
    assert asked.job.settings.series_column == "height"
    assert asked.result.series.values[:8].tolist() == [0, 1, 2, 3, 4, 5, 6, 0]
    assert asked.result.series.times[0] == 1990
    page.query_params.clear()
    page.query_params.update(kept | {"series_column": "depth"})
    page = page.run()
    (said,) = [warning.value for warning in page.warning]
    assert said == (
        "Column of my series: expected one of year, height, width, got 'depth'. The last one is used."
    )
