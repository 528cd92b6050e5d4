"""Tables under the stage, each with its download."""

import pandas as pd
import streamlit as st

from lab.ui.words import words


def table(title: str, frame: pd.DataFrame, file_name: str) -> None:
    """Draw a table and a button that saves all of it as CSV.

    Args:
        title: what the table holds.
        frame: its rows.
        file_name: of the download, with `.csv`.
    """
    st.markdown(f"**{words(title)}**")
    st.dataframe(frame, hide_index=True, height="content" if len(frame) <= 12 else 420)
    st.download_button(
        words("Save {name}").format(name=file_name),
        lambda: frame.to_csv(index=False).encode(),
        file_name,
        "text/csv",
        key=f"save:{file_name}",
        on_click="ignore",
        icon=":material/download:",
    )
