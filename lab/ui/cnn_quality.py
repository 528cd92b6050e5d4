"""How good the network is: its mistakes, its certainty, its layers, beside a dense network of its size."""

import streamlit as st

from lab.topics.cnn.display import Display
from lab.topics.cnn.quality import answers_of, class_table, layer_table, network_table
from lab.topics.cnn.quality_stage import WORST, mistake_at
from lab.topics.cnn.stage import TRAIN
from lab.topics.cnn.trained import Trained
from lab.ui.cnn_inside import clicked, look_inside
from lab.ui.cnn_train import shared_run
from lab.ui.page import stop_button, views
from lab.ui.tables import table
from lab.ui.words import words


def show() -> None:
    """Draw the part of the page."""
    settings, asked = shared_run()
    if not asked.ended:
        stop_button(TRAIN, asked)
    result: Trained | None = asked.result

    def open_mistake(x: float, y: float) -> None:
        number = None if result is None else mistake_at(x, y, settings, result)
        if number is not None:
            look_inside(number)

    views(TRAIN, asked, Display(view="quality"), {WORST: clicked(open_mistake)})
    if result is not None and not result.overflow[0]:
        _tables(result)


def _tables(result: Trained) -> None:
    st.dataframe(network_table(result).round(3), hide_index=True)
    with st.expander(words("Every digit, every layer"), icon=":material/table:"):
        digits, layers = st.tabs([words("Digits"), words("Layers")])
        with digits:
            table(
                "Precision and recall of each digit", class_table(answers_of(result)).round(3), "digits.csv"
            )
        with layers:
            title = "Layers with shapes, parameters and operations of one image"
            table(title, layer_table(result.architecture), "layers_trained.csv")
