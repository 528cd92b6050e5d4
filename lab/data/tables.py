"""Tables of real data: the irises, and a learner's own CSV file.

A table has three columns: two features (float64) and a target, which is categorical (classes) or
float64 (a value to predict). Its type tells the task. A table of numbers has one feature or two, and
whatever its last column holds is a value.

A file of a learner is read by the standard library's csv module as text and numbers; nothing in it
is evaluated and nothing is written. Each fault is a `DataError`: one sentence that names the place.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lab.core.errors import DataError
from lab.data.packaged import packaged

MOST_BYTES = 2_000_000
FEWEST_ROWS, MOST_ROWS = 10, 5_000
MOST_CLASSES = 6
MOST_WHOLE_NUMBERS = 10  # so many distinct whole numbers or fewer are read as classes
LONGEST_CELL = 60  # characters
LARGEST = 1e12
WIDTHS = {
    2: "2 columns (a feature, then a value)",
    3: "3 columns (two features, then a label or target)",
}
SEVERAL = "2 or 3 columns (one or two features, then a value)"
COUNTED = {2: "two", 3: "three"}

# No two parts of this pattern can match the same digits, so that a long cell cannot make it slow.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)


class _Row(NamedTuple):
    """A row that is not blank, and its number in the file as a spreadsheet counts, from 1."""

    number: int
    cells: list[str]


class _Cell(NamedTuple):
    """A cell and where it stands, for errors."""

    text: str
    place: str


def table_key(raw: bytes) -> str:
    """Return the SHA-256 of a file in hexadecimal: a key for caches.

    Example:
        >>> table_key(b"")[:8]
        'e3b0c442'
    """
    return hashlib.sha256(raw).hexdigest()


def iris() -> pd.DataFrame:
    """Return 150 irises: petal length and width in cm, and the species.

    The file is read where scikit-learn keeps it: importing scikit-learn itself takes seconds.

    Source: Fisher (1936), The use of multiple measurements in taxonomic problems; scikit-learn's copy.
    """
    rows = pd.read_csv(packaged("sklearn", "datasets", "data", "iris.csv"), skiprows=1, header=None)
    frame = rows.iloc[:, [2, 3]].set_axis(["petal length (cm)", "petal width (cm)"], axis="columns")
    species = pd.Categorical.from_codes(rows[4], categories=["setosa", "versicolor", "virginica"])
    return frame.assign(species=species)


def read_table(raw: bytes, name: str) -> pd.DataFrame:
    """Return the table in a CSV file: two feature columns, then classes or a value to predict.

    The file is UTF-8, at most 2 MB and 10 to 5,000 rows of three columns, separated by comma,
    semicolon or tab, with a decimal point. The first row is the header if neither of its first two
    cells is a number. Blank rows are skipped. The third column holds classes if it has text or at
    most 10 distinct whole numbers; there are 2 to 6 classes, in the order of the alphabet or of the
    numbers. Otherwise it is a value to predict, in its own unit (`lab.data.points` standardises it).

    Args:
        raw: the file's content.
        name: the file's name, for errors.

    Raises:
        DataError: the file cannot be used; the text names row and column.

    Example:
        >>> lines = ["n,square,kind"] + [f"{n},{n * n},{'odd' if n % 2 else 'even'}" for n in range(10)]
        >>> read_table(chr(10).join(lines).encode(), "numbers.csv").dtypes.astype(str).tolist()
        ['float64', 'float64', 'category']
    """
    *features, (target, labels) = _columns(raw, f"file {_shown(name)}", (3,)).items()
    table: dict[str, np.ndarray | pd.Categorical] = {
        one: _numbers(cells, _named(one)) for one, cells in features
    }
    return pd.DataFrame(table | {target: _target(labels, _named(target))})


def read_numbers(raw: bytes, name: str) -> pd.DataFrame:
    """Return the numbers in a CSV file: one feature column or two, then a value to predict.

    The file is as for `read_table`, but for its width, and whole numbers are never read as classes.

    Raises:
        DataError: the file cannot be used; the text names row and column.

    Example:
        >>> lines = ["n,fives"] + [f"{n},{n // 5}" for n in range(10)]
        >>> read_numbers(chr(10).join(lines).encode(), "numbers.csv").dtypes.astype(str).tolist()
        ['float64', 'float64']
    """
    columns = _columns(raw, f"file {_shown(name)}", (2, 3))
    return pd.DataFrame({one: _numbers(cells, _named(one)) for one, cells in columns.items()})


def _columns(raw: bytes, file: str, widths: tuple[int, ...]) -> dict[str, list[_Cell]]:
    """Return the cells of a file of one of these widths, column by column, by the columns' names."""
    rows = _rows(_text(raw, file), widths)
    names = [f"column {number}" for number, _cell in enumerate(rows[0].cells if rows else (), start=1)]
    if rows and _is_header(rows[0]):
        names = _names(rows.pop(0))
    if not FEWEST_ROWS <= len(rows) <= MOST_ROWS:
        raise DataError(file, f"{FEWEST_ROWS} to {MOST_ROWS:,} rows of data", len(rows))
    return {
        one: [_Cell(row.cells[place], f"row {row.number}, {_named(one)}") for row in rows]
        for place, one in enumerate(names)
    }


def _named(column: str) -> str:
    return f"column {_shown(column)}"


def _text(raw: bytes, file: str) -> str:
    """Return the text of a file of a fair size in UTF-8, without its byte order mark."""
    if len(raw) > MOST_BYTES:
        raise DataError(file, f"at most {MOST_BYTES:,} bytes", len(raw))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = fault.object[: fault.start].count(b"\n") + 1
        raise DataError(
            f"{file}, line {line}", "text in UTF-8", fault.object[fault.start : fault.start + 1]
        ) from None


def _rows(text: str, widths: tuple[int, ...]) -> list[_Row]:
    """Return the rows that are not blank, all of one of these widths, with cells of fair length."""
    rows: list[_Row] = []
    for row in _records(text, _delimiter(text, widths)):
        if len(row.cells) not in widths:
            kind = WIDTHS[widths[0]] if len(widths) == 1 else SEVERAL
            expected = f"{kind} separated by comma, semicolon or tab"
            raise DataError(f"row {row.number}", expected, len(row.cells))
        widths = (len(row.cells),)
        for column, cell in enumerate(row.cells, start=1):
            if len(cell) > LONGEST_CELL or not cell.isprintable():
                place = f"row {row.number}, column {column}"
                raise DataError(place, f"at most {LONGEST_CELL} printable characters", cell)
        rows.append(row)
    return rows


def _delimiter(text: str, widths: tuple[int, ...]) -> str:
    """Return the character that cuts the first row that is not blank into so many cells."""
    for delimiter in ("\t", ";"):
        try:
            first = next(_records(text, delimiter), None)
        except DataError:  # its quotes make no sense with this delimiter
            continue
        if first is not None and len(first.cells) in widths:
            return delimiter
    return ","


def _records(text: str, delimiter: str) -> Iterator[_Row]:
    """Yield the rows that are not blank, with the white space in their cells made single spaces."""
    lines = io.StringIO(text, newline="").readlines()
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number, start = number + 1, reader.line_num
        try:
            cells = [" ".join(cell.split()) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            expected = f"cells of at most {LONGEST_CELL} characters whose quotes open and close"
            raise DataError(f"row {number}", expected, lines[start].strip()) from None
        if number > 2 * MOST_ROWS:  # bounds the work on a file of blank rows
            raise DataError(
                f"row {number}", f"the end of the file (at most {MOST_ROWS:,} rows of data)", cells
            )
        if any(cells):
            yield _Row(number, cells)


def _is_header(row: _Row) -> bool:
    """Return whether the first two cells are names: not both empty, and neither meant as a number."""
    cells = row.cells[:2]
    meant = [_NUMBER.fullmatch(cell) or _NOT_FINITE.fullmatch(cell) or _has_comma(cell) for cell in cells]
    return any(cells) and not any(meant)


def _names(header: _Row) -> list[str]:
    """Return the names of the columns; one that is empty is named by its number."""
    names = [cell or f"column {number}" for number, cell in enumerate(header.cells, start=1)]
    if len(set(names)) < len(names):
        raise DataError(f"row {header.number}", f"{COUNTED[len(names)]} different column names", names)
    return names


def _numbers(cells: Sequence[_Cell], column: str) -> np.ndarray:
    """Return the numbers of a column in which not all are (nearly) the same."""
    values = np.array([_number(cell) for cell in cells])
    # A spread that rounding alone can make, or whose square underflows, cannot be divided by.
    if values.std() <= max(1e-9 * np.abs(values).max(), 1e-100):
        raise DataError(column, "numbers that differ from row to row", cells[0].text)
    return values


def _number(cell: _Cell) -> float:
    """Return the number in a cell."""
    if _NUMBER.fullmatch(cell.text):
        value = float(cell.text)
        if abs(value) > LARGEST:
            raise DataError(cell.place, "a number from -1e12 to 1e12", cell.text)
        return value
    hint = " with a decimal point" if _has_comma(cell.text) else ""
    raise DataError(cell.place, f"a finite number{hint}", cell.text)


def _has_comma(text: str) -> bool:
    """Return whether a text is a number but for its decimal comma."""
    return "," in text and bool(_NUMBER.fullmatch(text.replace(",", ".", 1)))


def _target(cells: Sequence[_Cell], column: str) -> np.ndarray | pd.Categorical:
    """Return the classes or the values in the third column."""
    for cell in cells:
        if not cell.text or _NOT_FINITE.fullmatch(cell.text):
            raise DataError(cell.place, "a class or a finite number", cell.text)
        if _has_comma(cell.text):
            _number(cell)  # refuses it: as a class it would hide what is wrong
    texts = [cell.text for cell in cells]
    wordy = [cell for cell in cells if not _NUMBER.fullmatch(cell.text)]
    if not wordy:
        values = [_number(cell) for cell in cells]
        if len(set(values)) > MOST_WHOLE_NUMBERS or not all(value.is_integer() for value in values):
            return _numbers(cells, column)
        texts = [str(int(value)) for value in values]
    elif len(set(texts)) > MOST_CLASSES and len(wordy) < len(cells) / 2:
        _number(wordy[0])  # a column of numbers with a slip in it: name the slip
    classes = sorted(set(texts)) if wordy else sorted(set(texts), key=int)
    if not 2 <= len(classes) <= MOST_CLASSES:
        hint = "" if wordy else f" (or more than {MOST_WHOLE_NUMBERS} distinct numbers to predict a value)"
        raise DataError(column, f"2 to {MOST_CLASSES} classes{hint}", len(classes))
    return pd.Categorical(texts, categories=classes)


def _shown(text: str) -> str:
    """Return a name in quotes, cut so that it stays readable in a sentence."""
    return repr(text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…")
