import csv
import hashlib
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.core.errors import DataError
from lab.data.points import points
from lab.data.tables import read_numbers, read_table, table_key

HEADER = "height,weight,kind\n"


def lines(count: int = 12, third: str = "ab") -> list[str]:
    return [f"{n},{n * n},{third[n % len(third)]}" for n in range(count)]


def file(*rows: str, end: str = "\n") -> bytes:
    return end.join(rows).encode()


def with_row(number: int, row: str, *, header: bool = True) -> bytes:
    """A good file in which one row, counted from 1 with the header, is another."""
    rows = [HEADER.strip(), *lines()] if header else lines()
    rows[number - 1] = row
    return file(*rows)


def with_third(cells: list[str]) -> bytes:
    return file("height,weight,kind", *(f"{n},{n * n},{cell}" for n, cell in enumerate(cells)))


COLUMNS = "3 columns (two features, then a label or target) separated by comma, semicolon or tab"
QUOTES = "cells of at most 60 characters whose quotes open and close"
MANY_ROWS = "file 'f.csv': expected 10 to 5,000 rows of data, got "
CLASSES = "column 'kind': expected 2 to 6 classes"
HINT = " (or more than 10 distinct numbers to predict a value)"

PRINTABLE = "expected at most 60 printable characters, got"
POINT = "expected a finite number with a decimal point, got"
DIFFER = "expected numbers that differ from row to row, got"

REFUSED = [
    (b"", MANY_ROWS + "0"),
    (b"\xef\xbb\xbf", MANY_ROWS + "0"),
    (b"\n\r\n  \n,,\n", MANY_ROWS + "0"),
    (HEADER.encode(), MANY_ROWS + "0"),
    (file(HEADER.strip(), *lines(9)), MANY_ROWS + "9"),
    (file(*lines(9)), MANY_ROWS + "9"),
    (file(*lines(5001)), MANY_ROWS + "5001"),
    (file(HEADER.strip(), *lines(5001)), MANY_ROWS + "5001"),
    (b"\n" * 20_000, "row 10001: expected the end of the file (at most 5,000 rows of data), got []"),
    (b"1" * 2_000_001, "file 'f.csv': expected at most 2,000,000 bytes, got 2000001"),
    (file(*lines()).decode().encode("utf-16"), r"file 'f.csv', line 1: expected text in UTF-8, got b'\xff'"),
    (
        with_row(3, "1,2,é").decode().encode("latin-1"),
        r"file 'f.csv', line 3: expected text in UTF-8, got b'\xe9'",
    ),
    (with_row(4, "1,2,a\0"), rf"row 4, column 3: {PRINTABLE} 'a\x00'"),
    (with_row(4, "1,2,\u202ea"), rf"row 4, column 3: {PRINTABLE} '\u202ea'"),
    (with_row(4, f"1,{'9' * 61},a"), f"row 4, column 2: {PRINTABLE} '{'9' * 58}…"),
    (with_row(1, f"{'h' * 61},w,k"), f"row 1, column 1: {PRINTABLE} '{'h' * 58}…"),
    (with_row(5, "1,2"), f"row 5: expected {COLUMNS}, got 2"),
    (with_row(5, "1,2,a,"), f"row 5: expected {COLUMNS}, got 4"),
    (with_row(1, "1 2 a"), f"row 1: expected {COLUMNS}, got 1"),
    (with_row(2, "1;2;a"), f"row 2: expected {COLUMNS}, got 1"),
    (with_row(6, '1,2,"a'), f"row 6: expected {QUOTES}, got '1,2,\"a'"),
    (with_row(6, '1,"2"3,a'), f"row 6: expected {QUOTES}, got '1,\"2\"3,a'"),
    (with_row(6, "1,2," + "a" * 131_073), f"row 6: expected {QUOTES}, got '1,2,{'a' * 54}…"),
    (with_row(7, "abc,2,a"), "row 7, column 'height': expected a finite number, got 'abc'"),
    (with_row(7, "1,,a"), "row 7, column 'weight': expected a finite number, got ''"),
    (with_row(7, "1,NaN,a"), "row 7, column 'weight': expected a finite number, got 'NaN'"),
    (with_row(7, "-inf,1,a"), "row 7, column 'height': expected a finite number, got '-inf'"),
    (with_row(7, "1e999,1,a"), "row 7, column 'height': expected a number from -1e12 to 1e12, got '1e999'"),
    (
        with_row(7, "-1.1e12,1,a"),
        "row 7, column 'height': expected a number from -1e12 to 1e12, got '-1.1e12'",
    ),
    (with_row(7, "1_000,1,a"), "row 7, column 'height': expected a finite number, got '1_000'"),
    (with_row(7, "0x10,1,a"), "row 7, column 'height': expected a finite number, got '0x10'"),
    (with_row(7, "١٢,1,a"), "row 7, column 'height': expected a finite number, got '١٢'"),
    (with_row(7, "12 kg,1,a"), "row 7, column 'height': expected a finite number, got '12 kg'"),
    (with_row(7, "=1+1,1,a"), "row 7, column 'height': expected a finite number, got '=1+1'"),
    (with_row(7, '"1,5",1,a'), f"row 7, column 'height': {POINT} '1,5'"),
    (with_row(7, '"1,234,567",1,a'), "row 7, column 'height': expected a finite number, got '1,234,567'"),
    (
        file("1,5;2;a", *(line.replace(",", ";") for line in lines())),
        f"row 1, column 'column 1': {POINT} '1,5'",
    ),
    (with_row(1, "nan,nan,a", header=False), "row 1, column 'column 1': expected a finite number, got 'nan'"),
    (with_row(1, "1,x,a", header=False), "row 1, column 'column 2': expected a finite number, got 'x'"),
    (with_row(8, "1,2,"), "row 8, column 'kind': expected a class or a finite number, got ''"),
    (with_row(8, "1,2,nan"), "row 8, column 'kind': expected a class or a finite number, got 'nan'"),
    (
        with_row(8, "1,2,+Infinity"),
        "row 8, column 'kind': expected a class or a finite number, got '+Infinity'",
    ),
    (with_row(8, '1,2,"0,5"'), f"row 8, column 'kind': {POINT} '0,5'"),
    (with_row(1, "a,a,b"), "row 1: expected three different column names, got ['a', 'a', 'b']"),
    (
        with_row(1, ",column 1,b"),
        "row 1: expected three different column names, got ['column 1', 'column 1', 'b']",
    ),
    (file(HEADER.strip(), *(f"5,{n},{n % 2}" for n in range(12))), f"column 'height': {DIFFER} '5'"),
    (
        file(HEADER.strip(), *(f"{n},1000000000.{n % 2},{n % 2}" for n in range(12))),
        f"column 'weight': {DIFFER} '1000000000.0'",
    ),
    (
        file(HEADER.strip(), *(f"{n},1e-200,{n % 2}" for n in range(12))),
        f"column 'weight': {DIFFER} '1e-200'",
    ),
    (with_third(["a"] * 12), f"{CLASSES}, got 1"),
    (with_third(["3", "3.0"] * 6), f"{CLASSES}{HINT}, got 1"),
    (with_third([str(n % 7) for n in range(12)]), f"{CLASSES}{HINT}, got 7"),
    (with_third([str(n) for n in range(10)]), f"{CLASSES}{HINT}, got 10"),
    (with_third(list("abcdefgabcdefg")), f"{CLASSES}, got 7"),
    (with_third(["0.5"] * 12), f"column 'kind': {DIFFER} '0.5'"),
    (with_third([*map(str, range(20)), "1,5"]), f"row 22: expected {COLUMNS}, got 4"),
    (
        with_third([*map(str, range(11)), *"abcdefghij"]),
        "row 13, column 'kind': expected a finite number, got 'a'",
    ),
    (with_third([*map(str, range(10)), *"abcdefghij"]), f"{CLASSES}, got 20"),
    (with_third([*map(str, range(20)), "abc"]), "row 22, column 'kind': expected a finite number, got 'abc'"),
    (
        with_third([*map(str, range(20)), "1e13"]),
        "row 22, column 'kind': expected a number from -1e12 to 1e12, got '1e13'",
    ),
]


@pytest.mark.parametrize(("raw", "sentence"), REFUSED, ids=range(len(REFUSED)))
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(raw, sentence):
    with pytest.raises(DataError) as caught:
        read_table(raw, "f.csv")
    assert str(caught.value) == sentence


def test_a_hostile_file_name_stays_one_short_line():
    with pytest.raises(DataError) as caught:
        read_table(b"", "a\n" * 500)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


EXPECTED = [[float(n), float(n * n), "ab"[n % 2]] for n in range(12)]
READ = {
    "header": file(HEADER.strip(), *lines()),
    "no header": file(*lines()),
    "byte order mark": b"\xef\xbb\xbf" + file(HEADER.strip(), *lines()),
    "semicolons": file(*lines()).replace(b",", b";"),
    "tabs": file(*lines()).replace(b",", b"\t"),
    "Windows line ends": file(*lines(), end="\r\n"),
    "old line ends": file(*lines(), end="\r"),
    "a line end at the end": file(*lines(), ""),
    "blank rows": file("", ",,", *lines(6), " , ,", "", *lines()[6:], ""),
    "white space": file(*(f"  {line} ".replace(",", " ,\u00a0") for line in lines())),
    "quotes": file(*('"' + line.replace(",", '","') + '"' for line in lines())),
    "signs and powers": file("+0.,0e5,a", "1.0,+1E0,b", "2,.4e+1,a", *lines()[3:]),
}


@pytest.mark.parametrize("raw", READ.values(), ids=READ.keys())
def test_the_same_table_is_read_from_each_form_of_a_file(raw):
    table = read_table(raw, "f.csv")
    assert table.to_numpy().tolist() == EXPECTED
    assert list(table.iloc[:, 2].cat.categories) == ["a", "b"]


def test_the_header_names_the_columns():
    quoted = file('"height, in cm";weight;"is ""it"""', *(line.replace(",", ";") for line in lines()))
    assert list(read_table(quoted, "").columns) == ["height, in cm", "weight", 'is "it"']
    assert list(read_table(file(",weight,", *lines()), "").columns) == ["column 1", "weight", "column 3"]
    assert list(read_table(file(*lines()), "").columns) == ["column 1", "column 2", "column 3"]


def test_a_name_of_the_target_may_be_a_number():
    assert list(read_table(file("a,b,2024", *lines()), "").columns) == ["a", "b", "2024"]


@pytest.mark.parametrize("numbers", [[1000 + n / 10 for n in range(12)], [n * 1e-9 for n in range(12)]])
def test_a_small_spread_is_not_a_constant(numbers):
    table = read_table(file("a,b,c", *(f"{n},{number!r},{n % 2}" for n, number in enumerate(numbers))), "")
    assert table["b"].tolist() == numbers


def test_formulas_and_markup_are_only_text():
    table = read_table(with_third(['=HYPERLINK("x")', "<script>"] * 6).replace(b'"', b"'"), "")
    assert list(table["kind"].cat.categories) == ["<script>", "=HYPERLINK('x')"]


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (["10", "9", "-1"] * 4, ["-1", "9", "10"]),
        (["0.0", "1", "-0", "1.00"] * 3, ["0", "1"]),
        (["b", "a", "C"] * 4, ["C", "a", "b"]),
        (["1", "0", "x"] * 4, ["0", "1", "x"]),
        (["猫", "狗"] * 6, ["狗", "猫"]),
        (list("fedcba") * 2, list("abcdef")),
        (list("12345x") * 2, list("12345x")),
    ],
)
def test_classes_are_ordered_by_number_or_alphabet(cells, classes):
    kind = read_table(with_third(cells), "")["kind"]
    assert list(kind.cat.categories) == classes
    values = [next(name for name in classes if name == cell or _same(name, cell)) for cell in cells]
    assert kind.tolist() == values


def _same(left: str, right: str) -> bool:
    try:
        return float(left) == float(right)
    except ValueError:
        return False


@pytest.mark.parametrize(
    "cells",
    [[str(n) for n in range(11)], ["0.5", "1"] * 6, [f"{n / 3:.4f}" for n in range(20)], ["1e12", "0.1"] * 5],
)
def test_other_numbers_are_values_to_predict(cells):
    kind = read_table(with_third(cells), "")["kind"]
    assert kind.dtype == np.float64
    assert kind.tolist() == [float(cell) for cell in cells]


def test_the_largest_table_is_read():
    assert len(read_table(file(HEADER.strip(), *lines(5000)), "")) == 5000
    assert len(read_table(file(*lines(5000)), "")) == 5000


numbers = st.floats(-1e12, 1e12)


@given(
    data=st.data(),
    rows=st.integers(10, 40),
    classes=st.booleans(),
    form=st.fixed_dictionaries(
        {
            "delimiter": st.sampled_from(",;\t"),
            "lineterminator": st.sampled_from(["\n", "\r\n"]),
            "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        }
    ),
)
def test_a_table_written_by_python_is_read_back(data, rows, classes, form):
    third = st.sampled_from(["first one", "second, one", 'a "third"', "=1+1"]) if classes else numbers
    cells = data.draw(st.lists(st.tuples(numbers, numbers, third), min_size=rows, max_size=rows))
    cells[0] = (-3.5, 1e6, "first one" if classes else 0.25)
    cells[1] = (7.25, -1e6, "=1+1" if classes else -9.5)
    text = io.StringIO(newline="")
    writer = csv.writer(text, **form)
    writer.writerows([["a", "b", "c"], *cells])
    table = read_table(text.getvalue().encode(), "f.csv")
    assert list(table.itertuples(index=False, name=None)) == cells
    assert isinstance(table["c"].dtype, pd.CategoricalDtype) == classes

    result = points("csv", seed=1, table=table)
    assert result.task == ("classification" if classes else "regression")
    for values in (result.train_inputs, result.test_inputs, result.test_targets):
        assert np.isfinite(values).all()


pieces = st.sampled_from([*'",;\t\n\r ', "1", "2.5", "-3e4", "nan", "a", "é", "\0", "\ufeff", "1,2,a\n" * 12])


@given(raw=st.binary(max_size=300) | st.lists(pieces, max_size=80).map(lambda parts: "".join(parts).encode()))
def test_any_bytes_give_a_table_or_one_sentence(raw):
    try:
        table = read_table(raw, "f.csv")
    except DataError as error:
        sentence = str(error)
    else:
        sentence = ""
        assert len(points("csv", seed=0, table=table).table()) == len(table) >= 10
    assert "\n" not in sentence
    assert len(sentence) < 300


NUMBERED = [
    (file("x,y", *(f"{n},{n % 2}" for n in range(12))), ["x", "y"]),
    (file(*(f"{n};{n % 2}" for n in range(12))), ["column 1", "column 2"]),
    (file("a,b,c", *(f"{n},{n * n},{n % 2}" for n in range(12))), ["a", "b", "c"]),
]


@pytest.mark.parametrize(("raw", "names"), NUMBERED, ids=["two", "two, without header", "three"])
def test_columns_of_numbers_are_read_as_numbers_be_they_few(raw, names):
    table = read_numbers(raw, "f.csv")
    assert list(table.columns) == names
    assert (table.dtypes == np.float64).all()
    assert table.iloc[:, -1].tolist() == [n % 2 for n in range(12)]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (file("x,y", *lines()), "row 2: expected 2 columns (a feature, then a value) separated by"),
        (
            file("x", *map(str, range(12))),
            "row 1: expected 2 or 3 columns (one or two features, then a value)",
        ),
        (file("x,x", *(f"{n},{n}" for n in range(12))), "row 1: expected two different column names, got"),
        (
            file("x,y", *(f"{n},{'ab'[n % 2]}" for n in range(12))),
            "row 2, column 'y': expected a finite number",
        ),
        (file("x,y", *(f"{n},7" for n in range(12))), f"column 'y': {DIFFER} '7'"),
        (b"", MANY_ROWS + "0"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused_in_one_sentence(raw, sentence):
    with pytest.raises(DataError) as caught:
        read_numbers(raw, "f.csv")
    assert str(caught.value).startswith(sentence)


@given(st.binary(max_size=50))
def test_the_key_is_the_hash_of_the_bytes(raw):
    assert table_key(raw) == hashlib.sha256(raw).hexdigest()
    assert table_key(raw) != table_key(raw + b" ")
    assert len(table_key(raw)) == 64
