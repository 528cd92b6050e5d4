"""The part of the page on series: controls, the learner's own column, pictures and tables."""

import numpy as np
import streamlit as st

from lab.core.errors import LabError
from lab.data.series import sunspots
from lab.data.series_files import checked_column, read_series, series_columns
from lab.tables.history import history_table
from lab.topics.rnn.series_results import Forecast, Outcome
from lab.topics.rnn.series_settings import APPLIES, SeriesDisplay, SeriesSettings, SeriesTask
from lab.topics.rnn.series_stage import SERIES
from lab.ui.acts import taken
from lab.ui.page import change, controls, run, settled, stop_button, undo_buttons, views
from lab.ui.session import files, keep_file
from lab.ui.tables import table
from lab.ui.words import words

NAMESPACE, SHOWN, COLUMN = "series", "series_display", "series:column"


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = _controls()
    with above:
        undo_buttons(SeriesSettings, NAMESPACE)
    settings = _with_file(settings)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(SeriesDisplay, SHOWN)
    asked = run(SERIES, settings)
    if not asked.ended:
        stop_button(SERIES, asked)
    views(SERIES, asked, display)
    if asked.result is not None:
        _tables(asked.result)
        with st.expander(words("Every measurement"), icon=":material/table:"):
            table(
                "Losses and gradients, one row per moment and network",
                history_table(asked.events),
                "series.csv",
            )


def _controls() -> SeriesSettings:
    """Draw the choice of the task, then the controls that mean something for it."""
    choice = controls(SeriesTask, "series_choice")
    hidden = [name for name, tasks in APPLIES.items() if choice.series_task not in tasks]
    given = {name: SeriesSettings.model_fields[name].default for name in hidden}
    return controls(SeriesSettings, NAMESPACE, {**given, **dict(choice)})


def _with_file(settings: SeriesSettings) -> SeriesSettings:
    """Return the settings with the learner's series, or draw the upload and end the page here."""
    if settings.series_task != "csv":
        return (
            settled(NAMESPACE, settings, series_file="", series_column="")
            if settings.series_file
            else settings
        )
    found = _uploaded(settings.series_file)
    if found is None:
        st.info(words("Upload a series to begin, or choose another."))
        st.stop()
    column = _column(found, settings.series_column)
    return settled(NAMESPACE, settings, series_file=found, series_column=column)


def _column(digest: str, current: str) -> str:
    """Draw the choice of a column if the file has several; return its name, empty for the usual one.

    Args:
        digest: SHA-256 of the learner's file.
        current: the column in use.
    """
    names = series_columns(files()[digest], "series.csv")
    try:
        column = checked_column(current, names) if current else ""
    except LabError as fault:
        st.warning(words("{fault}. The last one is used.").format(fault=fault))
        column = ""
    if len(names) > 1:
        st.session_state[COLUMN] = column or names[-1]
        st.selectbox(
            words("Column of my series"),
            names,
            key=COLUMN,
            on_change=taken(COLUMN, lambda column: change(NAMESPACE, SeriesSettings, series_column=column)),
            help=words("What is forecast. Times are read from the first column."),
            width=260,
        )
    return column


def _uploaded(current: str) -> str | None:
    """Draw the upload, and return the SHA-256 of a series that can be used.

    Args:
        current: SHA-256 of the series in use, or empty.
    """
    file = st.file_uploader(
        words("My own series"),
        type=["csv", "txt", "tsv"],
        max_upload_size=2,
        help=words(
            "Columns of numbers, before them perhaps one of dates; you choose which is forecast. "
            "30 to 5,000 rows, at most 2 MB. It stays in this visit and is never stored."
        ),
    )
    if file is not None:
        raw = file.getvalue()
        try:
            read_series(raw, file.name)
        except LabError as error:
            st.error(str(error), icon=":material/error:")
            return None
        return keep_file(raw)
    if current in files():
        return current
    if current:
        st.warning(
            words("This link uses a series that was uploaded in another visit. Please upload it here too.")
        )
    st.download_button(
        words("Save an example series"), _example(), "series.csv", "text/csv", on_click="ignore"
    )
    return None


def _example() -> str:
    """Return the sunspots as a file."""
    one = sunspots()
    rows = [f"{year:g},{value:g}" for year, value in zip(one.times, one.values, strict=True)]
    return "\n".join(["year,sunspots", *rows])


def _tables(result: Outcome) -> None:
    """Draw the comparison with forecasts that cost nothing, and the forecasts themselves on demand."""
    st.subheader(words("Is the network worth having?"), anchor=False)
    frame = result.table().round(4)
    for name in frame.columns[1:] if frame.isna().to_numpy().any() else []:
        frame[name] = [f"{value:g}" if np.isfinite(value) else words("diverged") for value in frame[name]]
    if isinstance(result, Forecast):
        unit = f" ({result.series.unit})" if result.series.unit else ""
        st.caption(words("Root mean squared error on the held-out part") + unit)
    st.dataframe(frame, hide_index=True)
    with st.expander(words("Every forecast"), icon=":material/table:"):
        table("The held-out part: truth and what was said of it", result.said_table(), "forecasts.csv")
