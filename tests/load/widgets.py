"""Widgets as a browser sees them: what one holds, where it can be moved, and the state that says so."""

import random
from typing import Any

from streamlit.proto.Element_pb2 import Element
from streamlit.proto.WidgetStates_pb2 import WidgetState

KINDS = {"slider", "selectbox", "number_input", "checkbox"}
"""Those whose values a session keeps, as the browser keeps all."""

Value = str | float | bool


def widget_of(element: Element) -> Any:
    """Return the message of an element's own kind."""
    return getattr(element, str(element.WhichOneof("type")))


def given(kind: str, widget: Any) -> WidgetState:
    """Return the state of a widget whose value the server has set."""
    match kind:
        case "selectbox":
            return stated(kind, widget, widget.raw_value)
        case "slider":
            return stated(kind, widget, widget.raw_value[0] if widget.options else widget.value[0])
        case _:
            return stated(kind, widget, widget.value)


def stated(kind: str, widget: Any, value: Value) -> WidgetState:
    """Return the state of a widget that holds this value."""
    state = WidgetState(id=widget.id)
    match kind:
        case "selectbox":
            state.string_value = str(value)
        case "checkbox":
            state.bool_value = bool(value)
        case "slider" if widget.options:
            state.string_array_value.data.append(str(value))
        case "slider":
            state.double_array_value.data.append(float(value))
        case _:
            state.double_value = float(value)
    return state


def held(kind: str, widget: Any, state: WidgetState | None) -> Value:
    """Return the value of a widget: what its state says, else where it stands at first."""
    if state is not None:
        value: Any = getattr(state, str(state.WhichOneof("value")))
        return value.data[0] if hasattr(value, "data") else value
    if kind == "slider":
        return widget.options[int(widget.default[0])] if widget.options else widget.default[0]
    return widget.options[widget.default] if kind == "selectbox" else widget.default


def moved(kind: str, widget: Any, now: Value, chance: random.Random, never: tuple[str, ...]) -> Value | None:
    """Return another value of a widget: the next stop, one step further, another option, or the other one.

    Args:
        kind: of the widget, one of `KINDS`.
        widget: its message.
        now: the value it has.
        chance: decides between the possibilities.
        never: how options begin that are not to be chosen.

    Returns:
        The value, or None where there is no other.
    """
    match kind:
        case "checkbox":
            choices: list[Value] = [not now]
        case "selectbox":
            choices = [one for one in widget.options if one != now and not one.startswith(never)]
        case "slider" if widget.options:
            place = list(widget.options).index(now)
            choices = list(widget.options[max(0, place - 1) : place]) + list(
                widget.options[place + 1 : place + 2]
            )
        case _:
            steps = (float(now) - widget.step, float(now) + widget.step)
            choices = [value for value in steps if widget.min <= value <= widget.max]
    return chance.choice(choices) if choices else None
