"""The line's part of the page: a file of the learner's own, and a line pulled too far."""

import numpy as np
import pytest

from lab.data.tables import read_numbers, read_table
from lab.ui import gradient_line
from lab.ui.upload import CLASSES, NUMBERS
from tests.pages import page_at

pytestmark = pytest.mark.usefixtures("_in_place")
X = np.arange(30) / 4
TOLD = (X > 3).astype(int)  # whole numbers, and few of them
TABLE = ("hours,passed\n" + "".join(f"{x},{told}\n" for x, told in zip(X, TOLD, strict=True))).encode()


def opened(**query):
    return page_at("gradient_descent", {"part": "line"} | query)


def test_a_file_of_two_columns_is_fitted():
    page = opened(line_table="csv")
    page.file_uploader[0].upload("mine.csv", TABLE, "text/csv").run()
    assert not [*page.exception, *page.error, *page.warning]
    lines = page.dataframe[0].value
    told = lines[["slope in own units", "intercept in own units"]].iloc[2]
    np.testing.assert_allclose(told, np.polyfit(X, TOLD, 1), atol=5e-5)
    page.selectbox(key="line.line_table").set_value("csv_second").run()
    (said,) = [one.value for one in page.error]
    assert said == "Data: expected a table of three columns, to tell from its second, got 2"


def test_words_are_refused_in_a_sentence():
    page = opened(line_table="csv")
    page.file_uploader[0].upload("mine.csv", TABLE.replace(b",1", b",yes"), "text/csv").run()
    (said,) = [one.value for one in page.error]
    assert "column 'passed': expected a finite number, got 'yes'" in said
    assert not page.exception


@pytest.mark.parametrize(("kind", "read"), [(CLASSES, read_table), (NUMBERS, read_numbers)])
def test_the_example_that_is_offered_can_be_read(kind, read):
    assert kind.read is read
    assert len(read(kind.example.encode(), "example.csv")) >= 10


@pytest.mark.parametrize(("top", "slope", "held"), [(2.0, 1.0, False), (20.0, 3.0, True)])
def test_a_line_pulled_beyond_the_sliders_is_held_and_says_so(monkeypatch, top, slope, held):
    changed, state = [], {}
    monkeypatch.setattr(gradient_line, "change", lambda *_place, **values: changed.append(values))
    monkeypatch.setattr(gradient_line.st, "session_state", state)
    gradient_line._pulled({"x0": 0.0, "y0": 0.0, "x1": 2.0, "y1": top})
    assert changed == [{"slope": slope, "intercept": 0.0}]
    assert state == {gradient_line.HELD: held}
