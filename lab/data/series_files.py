"""A learner's own series: a column of numbers in a CSV file, in a column before it perhaps the times."""

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from lab.core.errors import DataError
from lab.core.labels import _
from lab.data import tables
from lab.data.series import Series

FEWEST_ROWS, MOST_ROWS, MOST_COLUMNS = 30, tables.MOST_ROWS, 50

_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)


def read_series(raw: bytes, name: str, period: int = 0, column: str = "") -> Series:
    """Return the series in a column of a CSV file.

    The file is UTF-8, at most 2 MB and 30 to 5,000 rows, separated by comma, semicolon or tab, with a
    decimal point. The first row is the header if none of its cells but the first is meant as a number. The
    first column may hold dates or any other text: years and dates such as 2001-12 or 2001-12-31 that rise
    are the times, else the rows are counted.

    Args:
        raw: the file's content.
        name: the file's name, for errors.
        period: after how many rows the series repeats, as the learner knows; 0 for none.
        column: one of `series_columns`; empty for the last of them.

    Raises:
        DataError: the file cannot be used; the text names row and column.

    Example:
        >>> lines = ["year,height"] + [f"{1990 + n},{n * n}" for n in range(30)]
        >>> read_series(chr(10).join(lines).encode(), "heights.csv").times[:2].tolist()
        [1990.0, 1991.0]
    """
    header, rows = _table(raw, name)
    known = _number_columns(header, rows)
    usual = known[-1] if known and len(header) > 2 else header[-1]
    chosen = checked_column(column, known) if column else usual
    place = header.index(chosen)
    title = f"column {tables._shown(chosen)}"
    cells = [tables._Cell(row.cells[place], f"row {row.number}, {title}") for row in rows]
    values = tables._numbers(cells, title)
    times = _times(rows) if place else None
    if times is not None:
        return Series(values, times, period, chosen, header[0])
    return Series(values, np.arange(1.0, len(values) + 1), period, chosen, _("Row"))


def series_columns(raw: bytes, name: str) -> tuple[str, ...]:
    """Return the names of a file's columns that begin with a number.

    Raises:
        DataError: the file is no table.

    Example:
        >>> lines = ["year,place,height"] + [f"{1990 + n},here,{n * n}" for n in range(30)]
        >>> series_columns(chr(10).join(lines).encode(), "heights.csv")
        ('year', 'height')
    """
    return _number_columns(*_table(raw, name))


def checked_column(column: str, known: Sequence[str]) -> str:
    """Return the column if it is one of `series_columns`, else raise a `DataError` that names them."""
    if column not in known:
        raise DataError(_("Column of my series"), _("one of {names}").format(names=", ".join(known)), column)
    return column


def _number_columns(header: Sequence[str], rows: Sequence[tables._Row]) -> tuple[str, ...]:
    return tuple(
        one for one, cell in zip(header, rows[0].cells, strict=True) if tables._NUMBER.fullmatch(cell)
    )


def _table(raw: bytes, name: str) -> tuple[list[str], list[tables._Row]]:
    """Return the names of a file's columns, and its rows of data."""
    file = f"file {tables._shown(name)}"
    rows = _rows(tables._text(raw, file))
    header = rows.pop(0) if rows and _is_header(rows[0].cells) else tables._Row(0, [])
    if not FEWEST_ROWS <= len(rows) <= MOST_ROWS:
        raise DataError(file, f"{FEWEST_ROWS} to {MOST_ROWS:,} rows of data", len(rows))
    count = len(rows[0].cells)
    few = [_("Time"), _("value")][-count:]
    unnamed = few if count <= len(few) else [f"column {number}" for number in range(1, count + 1)]
    names = [cell or other for cell, other in zip(header.cells or unnamed, unnamed, strict=True)]
    if len(set(names)) < count:
        raise DataError(f"row {header.number}", "different column names", names)
    return names, rows


def _rows(text: str) -> list[tables._Row]:
    """Return the rows that are not blank, all of equally many cells."""
    first = next(iter(text.strip().splitlines()), "")
    delimiter = next((one for one in "\t;" if one in first), ",")
    rows = list(tables._records(text, delimiter))
    for row in rows:
        if len(row.cells) != len(rows[0].cells):
            expected = f"as many cells as the first row ({len(rows[0].cells)})"
            raise DataError(f"row {row.number}", expected, len(row.cells))
        if len(row.cells) > MOST_COLUMNS:
            raise DataError(f"row {row.number}", f"at most {MOST_COLUMNS} cells", len(row.cells))
        if any(len(cell) > tables.LONGEST_CELL or not cell.isprintable() for cell in row.cells):
            expected = f"at most {tables.LONGEST_CELL} printable characters in a cell"
            raise DataError(f"row {row.number}", expected, max(row.cells, key=len))
    return rows


def _is_header(cells: Sequence[str]) -> bool:
    """Return whether the cells are names: not all empty, and none but the first meant as a number."""
    named = cells[1:] or cells
    meant = [
        tables._NUMBER.fullmatch(cell) or tables._NOT_FINITE.fullmatch(cell) or tables._has_comma(cell)
        for cell in named
    ]
    return any(named) and not any(meant)


def _times(rows: Sequence[tables._Row]) -> Float64[np.ndarray, " time"] | None:
    """Return numbers or ISO dates as times, the latter in years; None if any cell is something else."""
    cells = [row.cells[0] for row in rows]
    if all(tables._NUMBER.fullmatch(cell) for cell in cells):
        times = np.array([tables._number(tables._Cell(row.cells[0], f"row {row.number}")) for row in rows])
    elif all(_DATE.fullmatch(cell) for cell in cells):
        times = _years(cells)
    else:
        return None
    falls = np.flatnonzero(~(np.diff(times) > 0)) if times is not None else np.empty(0)
    if falls.size and len(rows[0].cells) > 2:
        return None  # one more column of numbers
    if falls.size:
        row = rows[int(falls[0]) + 1]
        raise DataError(f"row {row.number}, column 1", "a later time than in the row before", row.cells[0])
    return times


def _years(dates: Sequence[str]) -> Float64[np.ndarray, " time"] | None:
    """Return ISO dates in years, or None if one of them is on no calendar."""
    try:
        days = np.array(dates, dtype="datetime64[D]")
    except ValueError:
        return None
    years = days.astype("datetime64[Y]")
    return years.astype(np.float64) + 1970 + (days - years).astype(np.float64) / 365.25
