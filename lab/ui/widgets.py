"""Each control as a Streamlit widget; the value lives in the session under `<namespace>.<field>`."""

from typing import Any

import streamlit as st

from lab.core.controls import Choice, Control, Count, Hidden, Layers, Several, Slider, Switch
from lab.ui.words import words

SHORT_CHOICE = 2
BOX_WIDTH = 150


def put(key: str, control: Control, value: Any) -> None:
    """Set a control's value; before its widget is drawn, or in a callback."""
    if isinstance(control, Layers):
        st.session_state[f"{key}.layers"] = len(value)
        for number, size in enumerate(value):
            st.session_state[f"{key}.{number}"] = size
    st.session_state[key] = list(value) if isinstance(control, Several) else value


def is_known(key: str, control: Control) -> bool:
    """Return whether the session still has the control's value; Streamlit drops those of other pages."""
    return (f"{key}.layers" if isinstance(control, Layers) else key) in st.session_state


def drawn(key: str, control: Control) -> Any:
    """Draw the widget of a control and return its value."""
    match control:
        case Hidden() | Count(hidden=True):
            return st.session_state[key]
        case Slider() | Count():
            return _number(key, control)
        case Choice() | Several():
            return _options(key, control)
        case Switch():
            return st.toggle(words(control.label), key=key, help=words(control.help))
        case Layers():
            return _layers(key, control)
        case _:
            raise TypeError(f"no widget for {type(control).__name__}")


def _options(key: str, control: Choice | Several) -> str | tuple[str, ...]:
    """Draw pills for several, buttons for one of two, a list for one of many."""
    label, options, tip = words(control.label), control.options, words(control.help)

    def name(value: str) -> str:
        return words(options[value])

    if isinstance(control, Several):
        return tuple(
            st.pills(
                label,
                list(options),
                key=key,
                selection_mode="multi",
                format_func=name,
                help=tip,
            )
        )
    if len(options) <= SHORT_CHOICE:
        chosen = st.segmented_control(
            label, list(options), key=key, required=True, format_func=name, help=tip
        )
        return str(chosen)
    return st.selectbox(label, list(options), key=key, format_func=name, help=tip)


def _number(key: str, control: Slider | Count) -> float | int:
    """Draw a track of stops, or a box for counts that go up by one."""
    label = words(control.label) + (f" ({words(control.unit)})" if control.unit else "")
    if isinstance(control, Count) and not control.log:
        return st.number_input(
            label,
            control.low,
            control.high,
            step=1,
            key=key,
            help=words(control.help),
            width=BOX_WIDTH,
        )
    current = st.session_state[key]
    stops = tuple(sorted({*control.stops(), current}))
    _keep_when_stops_change(key, stops)
    return st.select_slider(
        label,
        stops,
        key=key,
        format_func=lambda value: f"{value:,}" if isinstance(value, int) else f"{value:g}",
        help=words(control.help),
    )


def _keep_when_stops_change(key: str, stops: tuple[float, ...]) -> None:
    """Set the value anew where the track changed, since Streamlit then makes a new widget of it."""
    known = f"stops:{key}"
    if st.session_state.get(known) != stops:
        st.session_state[known] = stops
        st.session_state[key] = st.session_state[key]


def _layers(key: str, control: Layers) -> tuple[int, ...]:
    """Draw the number of layers, and a small box per layer for its neurons."""
    count = st.slider(
        words(control.label), 0, control.most_layers, key=f"{key}.layers", help=words(control.help)
    )
    sizes = []
    columns = st.columns(3) if count else []
    for number in range(count):
        name = f"{key}.{number}"
        st.session_state.setdefault(name, 2)
        with columns[number % 3]:
            label = words("Layer {number}").format(number=number + 1)
            size = st.number_input(label, 1, control.most_neurons, step=1, key=name)
        sizes.append(int(size))
    return tuple(sizes)
