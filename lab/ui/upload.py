"""The learner's own table: read and checked at once, kept for this visit only."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from lab.core.errors import LabError
from lab.core.labels import _
from lab.data.tables import read_numbers, read_table
from lab.ui.session import files, keep_file
from lab.ui.words import words


@dataclass(frozen=True, slots=True)
class Kind:
    """What a page wants of a table.

    Attributes:
        read: reads a file, or raises `LabError`.
        columns: says in a sentence which columns there should be.
        example: a file that can be read.
    """

    read: Callable[[bytes, str], object]
    columns: str
    example: str


HEIGHTS = (148, 152, 155, 159, 162, 166, 170, 174, 178, 181, 185, 190)
CLASSES = Kind(
    read_table,
    _("Two columns of numbers, then a column with the class or the value to predict."),
    "height (cm),weight (kg),group\n"
    + "".join(
        f"{height},{48 + 3 * place},{'adult' if place > 4 else 'child'}\n"
        for place, height in enumerate(HEIGHTS)
    ),
)
NUMBERS = Kind(
    read_numbers,
    _("One or two columns of numbers, then the column of numbers that a line should tell."),
    "height (cm),weight (kg)\n"
    + "".join(f"{height},{48 + 3 * place}\n" for place, height in enumerate(HEIGHTS)),
)


def uploaded_table(current: str, kind: Kind = CLASSES) -> str | None:
    """Draw the upload of a CSV file.

    Args:
        current: SHA-256 of the table in use, or empty.
        kind: which columns the page wants.

    Returns:
        The SHA-256 of a table that can be used, or None as long as there is none.
    """
    file = st.file_uploader(
        words("My own table"),
        type=["csv", "txt", "tsv"],
        max_upload_size=2,
        help=f"{words(kind.columns)} "
        + words("10 to 5,000 rows, at most 2 MB. It stays in this visit and is never stored."),
    )
    if file is not None:
        raw = file.getvalue()
        try:
            kind.read(raw, file.name)
        except LabError as error:
            st.error(str(error), icon=":material/error:")
            return None
        return keep_file(raw)
    if current in files():
        return current
    if current:
        st.warning(
            words("This link uses a table that was uploaded in another visit. Please upload it here too.")
        )
    st.download_button(
        words("Save an example table"), kind.example, "example.csv", "text/csv", on_click="ignore"
    )
    return None
