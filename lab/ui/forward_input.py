"""Picking and changing what goes in: a point by clicking it, a digit by its number or by drawing it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from lab.figures.chart import Figure, Scatter
from lab.figures.theme import CLASSES, GREEN, figure
from lab.topics.forward_pass.examples import examples_of, is_drawn, picked_input, picked_target
from lab.topics.forward_pass.settings import Edit, Pick, Settings
from lab.topics.forward_pass.walk import Walk
from lab.ui.acts import acted, taken
from lab.ui.canvas import canvas
from lab.ui.forward_pass import safely
from lab.ui.page import change, controls, settled, undo_buttons
from lab.ui.words import words

PICK = "pick"
BEFORE = "forward:before"
SYMBOLS = ("circle", "square", "diamond", "triangle-up")
SIGNS = (("●", "orange"), ("■", "blue"), ("◆", "green"))
MOST_COLUMNS = 64
POINTS_WIDTH = 210
CLEAR, GRID = "rgba(0,0,0,0)", "rgba(138,148,163,0.25)"


def place() -> Any:
    """Draw the frame in which the input is chosen, on top of the controls."""
    return st.expander(words("Input"), expanded=True)


def picked(settings: Settings) -> Pick:
    """Draw the choice of the input, and return it with all numbers set by hand."""
    pick = controls(Pick, PICK, None if settings.side else {"source": "data"})
    pick = _without_stale_edits(settings, pick)
    if is_drawn(settings, pick):
        canvas("forward:canvas", pick.drawing, lambda text: _set(pick.without_input_edits(), drawing=text))
        st.caption(words("The network gets it centred, in as many pixels as its data have."))
    elif settings.side:
        _image(settings, pick)
    else:
        _points(settings, pick)
        _typed(settings, pick)
    with st.container(horizontal=True, gap="small"):
        undo_buttons(Pick, PICK)
    return pick


def _set(pick: Pick, **values: Any) -> None:
    """Make the controls show `pick` with some values changed; in a callback."""
    safely(lambda: change(PICK, Pick, **dict(pick.changed(**values))))


def edit(pick: Pick, *edits: Edit) -> None:
    """Set numbers by hand; in a callback."""
    safely(lambda: _set(pick.edited(*edits)))


def _without_stale_edits(settings: Settings, pick: Pick) -> Pick:
    """Return the pick without edits that belonged to another network or another input."""
    before: tuple[Settings, Pick] | None = st.session_state.get(BEFORE)
    kept = pick
    if before is not None and pick.edits:
        if not settings.same_numbers(before[0]):
            kept = Pick.checked({**dict(pick), "edits": ""})
            st.toast(words("Another network: the numbers set by hand were taken back."))
        elif _moved(before[1], pick):
            kept = pick.without_input_edits()
    st.session_state[BEFORE] = (settings, kept)
    return kept if kept == pick else settled(PICK, pick, edits=kept.edits)


def _moved(before: Pick, pick: Pick) -> bool:
    places = [(one.source, one.example, one.drawing) for one in (before, pick)]
    return places[0] != places[1] and before.edits == pick.edits


def _image(settings: Settings, pick: Pick) -> None:
    values = picked_input(settings, pick).reshape(settings.side, settings.side)
    low, high = values.min(), values.max()
    grey = (255 - 255 * (values - low) / max(high - low, 1e-9)).astype(np.uint8)
    zoom = 168 // settings.side
    st.image(np.kron(grey, np.ones((zoom, zoom), np.uint8)), caption=picked_target(settings, pick))


def _points(settings: Settings, pick: Pick) -> None:
    """Draw the points; a click picks one."""
    key = "forward:points"

    def clicked() -> None:
        chosen = st.session_state[key].selection.points
        if chosen and "customdata" in chosen[0]:
            number = np.ravel(chosen[0]["customdata"])[0]
            _set(pick.without_input_edits(), example=int(number))

    st.plotly_chart(
        _scatter(settings, pick).checked(),
        key=key,
        on_select=lambda: acted(clicked, key, "select"),
        selection_mode="points",
        config={"displayModeBar": False},
        width=POINTS_WIDTH,
        theme=None,  # Streamlit's own fails in a folded sidebar, where an axis title has no size
    )
    # In place of a legend, which Plotly cannot lay out while the sidebar is folded.
    signs = zip(SIGNS, examples_of(settings).classes, strict=False)
    said = ", ".join(f":{colour}[{sign}] {name}" for (sign, colour), name in signs)
    st.caption(said or words("Colours show the value, from orange (low) to blue (high)."))


def _scatter(settings: Settings, pick: Pick) -> Figure:
    examples = examples_of(settings)
    chart = figure(*(name.split(",")[0] for name in examples.names), hovermode="closest", height=250)
    numbers = np.arange(1, len(examples.targets) + 1)
    x, y = examples.inputs.T
    shown = {"mode": "markers", "selected": {"marker": {"opacity": 0.8}}}
    shown["unselected"] = {"marker": {"opacity": 0.8}}
    hover = "%{customdata}: (%{x:.2f}, %{y:.2f})"
    groups = list(enumerate(examples.classes)) or [(None, words("value"))]
    for number, name in groups:
        rows = examples.targets == number if number is not None else np.ones(len(x), bool)
        marker: dict[str, Any] = {"size": 7, "opacity": 0.8, "color": CLASSES[number or 0]}
        marker["symbol"] = SYMBOLS[number or 0]
        if number is None:
            marker |= {
                "color": examples.targets,
                "colorscale": [[0, CLASSES[0]], [0.5, "#ddd"], [1, CLASSES[1]]],
            }
        chart.add_trace(
            Scatter(
                x=x[rows],
                y=y[rows],
                customdata=numbers[rows],
                name=name,
                marker=marker,
                hovertemplate=hover,
                **shown,
            )
        )
    here = picked_input(settings, pick)
    ring = {"size": 14, "symbol": "circle-open", "color": GREEN, "line": {"width": 3}}
    chart.add_trace(
        Scatter(x=here[:1], y=here[1:], mode="markers", marker=ring, name=words("input"), hoverinfo="skip")
    )
    chart.update_layout(margin={"l": 40, "r": 4, "t": 4, "b": 36}, dragmode=False, showlegend=False)
    text = "#e6e9ee" if st.context.theme.type == "dark" else "#31333f"
    chart.update_layout(font={"color": text, "size": 12}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR)
    chart.update_xaxes(gridcolor=GRID).update_yaxes(gridcolor=GRID)
    return chart


def _typed(settings: Settings, pick: Pick) -> None:
    """Draw a box for each number of the input."""
    values = picked_input(settings, pick)
    columns = st.columns(2)
    for place, value in enumerate(values):
        key = f"forward:x{place}"
        st.session_state[key] = float(value)

        def typed(value: float, place: int = place) -> None:
            edit(pick, Edit(0, 0, place, float(value)))

        with columns[place]:
            st.number_input(
                f"x{place + 1}",
                -1000.0,
                1000.0,
                step=0.25,
                format="%.4g",
                key=key,
                on_change=taken(key, typed),
                help=words("Type any number; the ring in the picture follows."),
            )


def editors(settings: Settings, pick: Pick, walk: Walk) -> None:
    """Draw the current layer's weights and biases, and an image's pixels, as tables to write in."""
    number = max(walk.step.layer, 1)
    layer = walk.layers[number - 1]
    neuron = walk.step.neuron if walk.step.layer else 0
    version = hash((settings.key(), pick.key()))
    sources = layer.weights.shape[1]
    before = "x" if number == 1 else "a"
    st.markdown(
        words("**Change any number** of layer {layer}; everything after it follows.").format(layer=number)
    )
    if sources <= MOST_COLUMNS:
        frame = pd.DataFrame(layer.weights, columns=pd.Index([f"w·{before}{k + 1}" for k in range(sources)]))
        frame["b"] = layer.biases
        frame.index = pd.Index([words("neuron {n}").format(n=n + 1) for n in range(len(frame))])

        def place_of(row: int, column: str) -> Edit:
            return Edit(number, row, -1 if column == "b" else int(column[3:]) - 1, 0.0)

        _editor(pick, frame, f"forward:edit:{number}:{version}", place_of)
    else:
        st.caption(words("The weights of neuron {n}, as an image:").format(n=neuron + 1))
        _grid(pick, layer.weights[neuron], settings.side, f"forward:row:{neuron}:{version}", (number, neuron))
        _bias(pick, Edit(number, neuron, -1, float(layer.biases[neuron])))
    if settings.side:
        with st.expander(words("Change pixels of the input")):
            _grid(pick, walk.inputs, settings.side, f"forward:pixels:{version}", (0, 0))


def _bias(pick: Pick, now: Edit) -> None:
    """Draw the box of one neuron's bias."""
    key = "forward:bias"
    st.session_state[key] = now.value
    st.number_input(
        words("Bias of neuron {n}").format(n=now.neuron + 1),
        -1000.0,
        1000.0,
        step=0.25,
        format="%.4g",
        key=key,
        on_change=taken(key, lambda value: edit(pick, replace(now, value=float(value)))),
        help=words("Added to the sum of all products."),
    )


def _grid(pick: Pick, values: np.ndarray, side: int, key: str, place: tuple[int, int]) -> None:
    frame = pd.DataFrame(values.reshape(side, side), columns=pd.Index([str(n + 1) for n in range(side)]))
    frame.index = pd.Index(range(1, side + 1))
    _editor(pick, frame, key, lambda row, column: Edit(*place, row * side + int(column) - 1, 0.0))


def _editor(pick: Pick, frame: pd.DataFrame, key: str, place_of: Any) -> None:
    def changed() -> None:
        rows: dict[int, dict[str, float | None]] = st.session_state[key]["edited_rows"]
        found = []
        for row, cells in rows.items():
            for column, value in cells.items():
                one: Edit = place_of(int(row), column)
                if value is not None:
                    found.append(Edit(one.layer, one.neuron, one.source, float(value)))
        edit(pick, *found)

    form = st.column_config.NumberColumn(format="%.4g", width=70, required=True)
    st.data_editor(
        frame,
        key=key,
        on_change=lambda: acted(changed, PICK, "table"),
        column_config={str(name): form for name in frame.columns},
        height="content" if len(frame) <= 10 else 300,
    )
