"""The kernel's cells to write in, and the filters that a network of this visit has learned."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from lab.topics.cnn.operation_kernels import OWN, kernel_text
from lab.topics.cnn.operation_settings import LARGEST_CELL, SIZES, OperationSettings
from lab.ui.acts import acted
from lab.ui.page import change
from lab.ui.words import words

TRAINED = "last:cnn/train"
"""Where the visit keeps the training run of the page's other parts."""


def kernel_editor(namespace: str, settings: OperationSettings) -> None:
    """Draw the kernel as a table to write in, and the choice of a learned filter if there are any."""
    kernel = settings.kernel()
    st.subheader(words("The kernel"), anchor=False)
    frame = pd.DataFrame(kernel, columns=pd.Index([str(n + 1) for n in range(len(kernel))]))
    frame.index = pd.Index(range(1, len(kernel) + 1))
    key = f"conv:cells:{hash(kernel_text(kernel))}"

    def changed() -> None:
        rows: dict[int, dict[str, float | None]] = st.session_state[key]["edited_rows"]
        cells = kernel.copy()
        for row, values in rows.items():
            for column, value in values.items():
                if value is not None and np.isfinite(value):
                    cells[int(row), int(column) - 1] = value
        _use(namespace, cells)

    form = st.column_config.NumberColumn(format="%.4g", width=62, required=True)
    st.data_editor(
        frame,
        key=key,
        on_change=lambda: acted(changed, namespace, "table"),
        column_config={name: form for name in frame.columns},
        width="content",
    )
    st.caption(
        words("Write any number into a cell. The cells sum to {total:.4g}.").format(total=kernel.sum() + 0.0)
    )
    _learned(namespace)


def _use(namespace: str, kernel: np.ndarray) -> None:
    """Make a kernel the learner's own, no cell larger than a kernel may have; in a callback."""
    cells = np.clip(np.asarray(kernel, np.float64), -LARGEST_CELL, LARGEST_CELL)
    change(
        namespace,
        OperationSettings,
        conv_kernel=OWN,
        conv_size=str(len(kernel)),
        conv_cells=kernel_text(cells),
    )


def _learned(namespace: str) -> None:
    """Draw the choice of a filter of the first block of the network trained in this visit."""
    run: Any = st.session_state.get(TRAINED)
    if run is None or run.result is None:
        return
    filters = run.result.filters[0][-1][:, 0]
    if str(filters.shape[-1]) not in SIZES or not np.isfinite(filters).all():
        return
    key = "conv:learned"

    def chosen() -> None:
        number = st.session_state[key]
        if number is not None:
            _use(namespace, filters[number - 1])

    st.selectbox(
        words("A filter your network has learned"),
        range(1, len(filters) + 1),
        index=None,
        key=key,
        placeholder=words("none chosen"),
        on_change=lambda: acted(chosen, namespace, "learned"),
        help=words("Of its first block, as it is after the training of part 2."),
    )
