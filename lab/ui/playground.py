"""What only the Playground has: going on, weights set by hand, a table of one's own, the sweep."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from lab.core.errors import LabError
from lab.core.events import Framed
from lab.core.lesson import Context
from lab.data.points import Points
from lab.runs.engine import Run
from lab.tables.history import history_table, outcome_table
from lab.tables.parameters import index_of, parameter_table, weight_table
from lab.topics.playground import SWEEP
from lab.topics.playground.settings import MOST_EPOCHS, Display, Settings
from lab.topics.playground.sweep import SweepSettings
from lab.topics.playground.train import architecture_of, batches_per_epoch, data_of, sizes_of
from lab.training.supervised import Edit
from lab.ui.page import change, controls, run, settled, stop_button, views
from lab.ui.session import files, incoming
from lab.ui.tables import table
from lab.ui.upload import uploaded_table
from lab.ui.words import words

NAMESPACE = "train"


def set_controls(settings: Settings) -> None:
    """Make the controls show `settings`; in a callback, or before they are drawn."""
    change(NAMESPACE, Settings, **dict(settings))


def with_table(settings: Settings) -> Settings:
    """Return the settings with the learner's table, or draw the upload and end the page here."""
    if settings.data != "csv":
        return settings.changed(file="") if settings.file else settings
    found = uploaded_table(settings.file)
    if found is None:
        st.info(words("Upload a table to begin, or choose another data set."))
        st.stop()
    return settled(NAMESPACE, settings, file=found)


def without_stale_edits(settings: Settings) -> Settings:
    """Return the settings without weights set by hand, if those belonged to another network."""
    before = st.session_state.get("playground:before")
    st.session_state["playground:before"] = settings
    if before is None or incoming() is not None:
        return settings
    if not settings.edits or settings.same_network(before):
        return settings
    st.toast(words("Another network: the weights set by hand were taken back."))
    settings = settled(NAMESPACE, settings, edits="")
    st.session_state["playground:before"] = settings
    return settings


def going_on(settings: Settings, asked: Run, data: Points) -> None:
    """Draw the buttons that lengthen the run: a batch, an epoch, ten, a hundred."""
    per_epoch = batches_per_epoch(settings, data)
    full = settings.epochs >= MOST_EPOCHS or bool(asked.message)
    steps: list[tuple[str, str, Callable[[], Settings]]] = [
        (words("Start"), words("Back to the first weights."), lambda: settings.changed(epochs=0, batches=0)),
        (
            words("+1 batch"),
            words("Go on from these weights for one step."),
            lambda: settings.further(batches=1, per_epoch=per_epoch),
        ),
    ]
    for number in (1, 10, 100):
        label = words("+1 epoch") if number == 1 else words("+{number} epochs").format(number=number)
        steps.append(
            (
                label,
                words("Go on from these weights."),
                lambda number=number: settings.further(epochs=number, per_epoch=per_epoch),
            )
        )
    for place, (label, tip, longer) in enumerate(steps):
        disabled = full if place else settings.epochs + settings.batches == 0
        st.button(label, help=tip, disabled=disabled, on_click=lambda longer=longer: set_controls(longer()))


def triggers(settings: Settings, display: Display, data: Points) -> dict[str, Callable[[Any], None]]:
    """Return what the stage may ask for: set a weight, take all back, another shape of the network."""
    sizes = sizes_of(architecture_of(settings, data))
    network = min(display.shown, settings.networks) - 1

    def edit(value: dict[str, Any]) -> None:
        index = index_of(sizes, int(value["layer"]), int(value["from"]), int(value["to"]))
        one = Edit(int(value["epoch"]), network, index, float(value["value"]))
        set_controls(settings.edited(one).changed(epochs=one.epoch, batches=0))

    def reset(_value: object) -> None:
        set_controls(settings.changed(edits=""))

    def shape(value: dict[str, Any]) -> None:
        set_controls(settings.changed(hidden=tuple(int(size) for size in value["hidden"]), edits=""))

    return {"edit": _safely(edit), "reset": _safely(reset), "shape": _safely(shape)}


def _safely(act: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return `act`, with anything the browser should not have sent turned into one sentence."""

    def acted(value: Any) -> None:
        try:
            act(value)
        except LabError as error:
            st.toast(str(error))
        except (KeyError, TypeError, ValueError, IndexError, OverflowError):
            st.toast(words("This weight is not part of the network any more; please try again."))

    return acted


def tables(settings: Settings, display: Display, asked: Run, data: Points) -> None:
    """Draw the tables of a finished run: scores, shapes, weights, and the exact data."""
    if asked.result is None:
        return
    sizes = sizes_of(architecture_of(settings, data))
    network = min(display.shown, settings.networks) - 1
    names = [words(name) for name in ("Scores at the end", "Layers", "Weights", "Every measurement", "Data")]
    # Tables cost a quarter of a rerun: they are made while they are looked at.
    box = st.expander(
        words("Tables and downloads"), icon=":material/table:", key="playground:tables", on_change="rerun"
    )
    if not box.open:
        return
    with box:
        scores, layers, weights, history, points = st.tabs(names)
        with scores:
            table("Scores at the end, one row per network", outcome_table(asked.events), "scores.csv")
        with layers:
            table("Shapes and counts of weights and biases", parameter_table(sizes), "layers.csv")
        with weights:
            last = next(event for event in reversed(asked.events) if isinstance(event, Framed))
            frame = weight_table(sizes, last.parameters[network])
            title = words("Weights and biases of network {number}").format(number=network + 1)
            table(title, frame, "weights.csv")
        with history:
            table("Scores at every measured epoch", history_table(asked.events), "history.csv")
        with points:
            table("The exact points of this run", data.table(), "data.csv")


def sweep(settings: Settings) -> None:
    """Draw the sweep: choose a knob, train all its values, see the final losses."""
    st.subheader(words("Turn one knob through all its values"), anchor=False)
    plain = settings.changed(edits="", batches=0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = controls(SWEEP.settings, "sweep", given=dict(plain))
        asked_for = st.button(words("Train all values"), type="primary", icon=":material/tune:")
    if asked_for:
        st.session_state["playground:sweep"] = chosen
    pressed: SweepSettings | None = st.session_state.get("playground:sweep")
    if pressed is None:
        st.caption(
            words("Each value trains as many networks as you chose above, from the same first weights.")
        )
        return
    if pressed != chosen:
        st.caption(words("Shown for the settings at which you pressed the button; press it again for these."))
    result = run(SWEEP, pressed)
    if not result.ended:
        stop_button(SWEEP, result)
    views(SWEEP, result, Display())
    if result.result is not None:
        with st.expander(words("Table of the sweep"), icon=":material/table:"):
            table("Final scores of every network", result.result.table(), "sweep.csv")


def shown_data(settings: Settings) -> Points:
    """Return the points of these settings, with this visit's files."""
    return data_of(settings, Context(files=files()))
