"""The learner's own table: read and checked at once, kept for this visit only."""

import streamlit as st

from lab.core.errors import LabError
from lab.data.tables import read_table
from lab.ui.session import files, keep_file
from lab.ui.words import words

EXAMPLE = "height (cm),weight (kg),group\n152,48,child\n181,80,adult\n"


def uploaded_table(current: str) -> str | None:
    """Draw the upload of a CSV file.

    Args:
        current: SHA-256 of the table in use, or empty.

    Returns:
        The SHA-256 of a table that can be used, or None as long as there is none.
    """
    file = st.file_uploader(
        words("My own table"),
        type=["csv", "txt", "tsv"],
        max_upload_size=2,
        help=words(
            "Two columns of numbers, then a column with the class or the value to predict. "
            "10 to 5,000 rows, at most 2 MB. It stays in this visit and is never stored."
        ),
    )
    if file is not None:
        raw = file.getvalue()
        try:
            read_table(raw, file.name)
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
    st.download_button(words("Save an example table"), EXAMPLE, "example.csv", "text/csv", on_click="ignore")
    return None
