"""The training of the network: its settings, presets, going on, and the run that all later parts share."""

import streamlit as st

from lab.runs.engine import Run
from lab.tables.history import history_table
from lab.topics.cnn import LESSON
from lab.topics.cnn.display import Display
from lab.topics.cnn.quality import layer_table
from lab.topics.cnn.settings import NARROW, SIDES, WIDE, Settings
from lab.topics.cnn.stage import TRAIN
from lab.topics.cnn.trained import Trained
from lab.ui.challenges import challenges
from lab.ui.page import change, controls, run, stop_button, undo_buttons, views
from lab.ui.session import incoming
from lab.ui.tables import table
from lab.ui.words import words

NAMESPACE = "cnn-train"
ONLY = {"channels2": 2, "channels3": 3}
"""Controls of blocks, by how many blocks there must be."""


def show() -> None:
    """Draw the part of the page."""
    settings, asked = shared_run()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _going_on(settings, asked)
        stop_button(TRAIN, asked)
    views(TRAIN, asked, Display(view="train"))
    _tables(asked)
    challenges(LESSON, asked, of=TRAIN.name)


def shared_run() -> tuple[Settings, Run]:
    """Draw the settings in the sidebar and return them with their run, which every later part shows."""
    with st.sidebar:
        above, presets = st.container(horizontal=True), st.container()
        settings = controls(Settings, NAMESPACE, _without_effect())
    with above:
        undo_buttons(Settings, NAMESPACE)
    with presets:
        _presets(settings)
    return settings, run(TRAIN, settings)


def _presets(settings: Settings) -> None:
    """Draw the buttons that choose a network; everything else stays, but for epochs that would take long."""
    for name, network, tip in (
        (words("Narrow, 8 and 16 filters"), NARROW, words("Recommended: it learns within seconds.")),
        (words("The text's 32 and 64 filters"), WIDE, words("Eleven times the multiply-adds.")),
    ):
        values = network | ({"padding": "same"} if settings.side < SIDES["mnist"] else {})
        wanted = settings.model_copy(update=values)
        values["epochs"] = min(settings.epochs, wanted.most_epochs())
        st.button(
            name,
            help=tip,
            width="stretch",
            disabled=wanted == settings,
            on_click=change,
            args=(NAMESPACE, Settings),
            kwargs=values,
        )


def _without_effect() -> dict[str, int]:
    """Return the defaults of fields that get no control now: filters of blocks that there are not."""
    brought = incoming()
    kept: Settings = st.session_state.get(f"kept:{NAMESPACE}", Settings())
    shown = st.session_state.get(f"{NAMESPACE}.blocks", kept.blocks)
    blocks = shown if brought is None else Settings.from_query(brought)[0].blocks
    return {name: Settings.model_fields[name].default for name, least in ONLY.items() if blocks < least}


def _going_on(settings: Settings, asked: Run) -> None:
    """Draw the buttons that lengthen the run, or end a stopped one where it stands."""
    most = settings.most_epochs()
    steps = [(words("Start"), words("Back to the first weights."), 0)]
    begun = asked.begun
    if asked.message and begun is not None:
        done = begun.settings.epochs  # type: ignore[attr-defined]
        label = words("Keep 1 epoch") if done == 1 else words("Keep {number} epochs").format(number=done)
        steps.append((label, words("End the run there: all parts of the lesson show that network."), done))
    for number in (1, 5):
        label = words("+1 epoch") if number == 1 else words("+{number} epochs").format(number=number)
        tip = words("Go on from these weights; this network may have {most} epochs.").format(most=most)
        steps.append((label, tip, min(settings.epochs + number, most)))
    for label, tip, epochs in steps:
        st.button(
            label,
            help=tip,
            disabled=epochs == settings.epochs or (bool(epochs) and bool(asked.message) and begun is None),
            on_click=change,
            args=(NAMESPACE, Settings),
            kwargs={"epochs": epochs},
        )


def _tables(asked: Run) -> None:
    """Draw the layers with what they cost, and every measurement; made while they are looked at."""
    result: Trained | None = asked.result
    if result is None:
        return
    box = st.expander(
        words("Tables and downloads"), icon=":material/table:", key="cnn:tables", on_change="rerun"
    )
    if not box.open:
        return
    with box:
        layers, history = st.tabs([words("Layers"), words("Every measurement")])
        with layers:
            table(
                "Layers with shapes, parameters and operations of one image",
                layer_table(result.architecture),
                "layers.csv",
            )
        with history:
            table("Losses and accuracies at every measurement", history_table(asked.events), "history.csv")
