"""A learner's own series: what is read, which column, and one sentence for each fault."""

import contextlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.errors import DataError
from lab.data.series_files import read_series, series_columns


def file_of(values, first="value"):
    return "\n".join([first, *map(str, values)]).encode()


def dated(times, header="date,value"):
    return "\n".join([header, *(f"{time},{number**2 % 17}" for number, time in enumerate(times))]).encode()


def test_one_column_is_read_with_and_without_a_header():
    values = [n * n % 13 for n in range(40)]
    for raw in (file_of(values, "height"), "\n".join(map(str, values)).encode()):
        one = read_series(raw, "mine.csv", period=7)
        np.testing.assert_array_equal(one.values, values)
        assert (one.times[0], one.times[-1], one.period) == (1, 40, 7)
    assert read_series(file_of(values, "height"), "mine.csv").value_name == "height"


def test_dates_become_years_and_other_labels_are_counted():
    months = [f"{2000 + n // 12}-{n % 12 + 1:02d}" for n in range(36)]
    one = read_series(dated(months), "months.csv")
    assert one.times[12] == pytest.approx(2001)
    assert one.times[1] == pytest.approx(2000 + 31 / 365.25)
    days = pd.date_range("2024-01-01", periods=40).strftime("%Y-%m-%d")
    np.testing.assert_allclose(np.diff(read_series(dated(days), "days.csv").times), 1 / 365.25, atol=1e-9)
    named = read_series(dated([f"Week {n}" for n in range(40)]), "weeks.csv")
    np.testing.assert_array_equal(named.times, np.arange(1, 41))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (file_of(range(29)), "30 to 5,000 rows of data, got 29"),
        (file_of(range(5001)), "30 to 5,000 rows"),
        (file_of([*range(30), "x"]), "row 32, column 'value': expected a finite number, got 'x'"),
        (file_of([*range(30), "nan"]), "expected a finite number"),
        (file_of([1] * 40), "numbers that differ from row to row"),
        ("\n".join(f"{n};2,5" for n in range(40)).encode(), "decimal point"),
        ("\n".join("1,2,3" for _ in range(40)).encode(), "numbers that differ from row to row"),
        ((",".join("1" * 51) + "\n").encode() * 40, "row 1: expected at most 50 cells, got 51"),
        (b"a,b,a\n" + b"1,2,3\n" * 40, "row 1: expected different column names"),
        (file_of([*range(30), "1,2"]), "row 32: expected as many cells as the first row (1), got 2"),
        (dated(["1e400"] * 40), "a number from -1e12 to 1e12, got '1e400'"),
        (dated([2000] * 40), "row 3, column 1: expected a later time than in the row before, got '2000'"),
        (dated([f"20{40 - n:02d}-01-01" for n in range(40)]), "a later time"),
        (b"\xff\xfe", "text in UTF-8"),
        (b"", "30 to 5,000 rows of data, got 0"),
    ],
)
def test_each_fault_of_a_file_is_one_sentence(raw, said):
    with pytest.raises(DataError) as fault:
        read_series(raw, "mine.csv")
    assert said in str(fault.value)
    assert "\n" not in str(fault.value)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused(raw):
    with contextlib.suppress(DataError):
        read_series(raw, "mine.csv")


WIDE = "\n".join(["year,place,height,width", *(f"{1990 + n},here,{n * n},{-n}" for n in range(40))]).encode()


def test_any_column_of_numbers_can_be_chosen_and_the_last_is_the_default():
    assert series_columns(WIDE, "wide.csv") == ("year", "height", "width")
    numbers = np.arange(40)
    for column, values in (("height", numbers**2), ("width", -numbers), ("", -numbers)):
        one = read_series(WIDE, "wide.csv", column=column)
        np.testing.assert_array_equal(one.values, values)
        np.testing.assert_array_equal(one.times, 1990 + numbers)
        assert (one.value_name, one.time_name) == (column or "width", "year")
    years = read_series(WIDE, "wide.csv", column="year")
    np.testing.assert_array_equal(years.values, 1990 + numbers)
    np.testing.assert_array_equal(years.times, 1 + numbers)


def test_a_first_column_that_falls_is_a_column_of_numbers_beside_others():
    rows = "\n".join(["a,b,c", *(f"{-n},{n % 3},{n % 5}" for n in range(40))]).encode()
    one = read_series(rows, "abc.csv", column="a")
    np.testing.assert_array_equal(one.values, -np.arange(40))
    np.testing.assert_array_equal(read_series(rows, "abc.csv").times, np.arange(1, 41))


@pytest.mark.parametrize("column", ["place", "depth", "x" * 40])
def test_a_column_that_is_not_there_is_named_beside_those_that_are(column):
    with pytest.raises(DataError) as fault:
        read_series(WIDE, "wide.csv", column=column)
    assert str(fault.value) == (f"Column of my series: expected one of year, height, width, got {column!r}")


def test_columns_without_names_are_numbered():
    rows = "\n".join(f"2001-{n % 12 + 1:02d},{n},{n % 7}" for n in range(40)).encode()
    assert series_columns(rows, "bare.csv") == ("column 2", "column 3")
