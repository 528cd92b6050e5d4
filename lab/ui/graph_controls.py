"""The controls of the computation graph: an example or a typed expression, and its variables by name."""

import streamlit as st

from lab.core.controls import Slider
from lab.core.errors import LabError
from lab.core.settings import controls_of
from lab.models.expression import graph_of
from lab.topics.backpropagation.examples import EXAMPLES, NETWORK, OWN
from lab.topics.backpropagation.settings import VALUES, Display, Settings, Source
from lab.ui import session
from lab.ui.page import change, controls
from lab.ui.words import words

SOURCE, GRAPHED, VARIED, SHOWN = "graph-source", "graph", "graph-values", "graph-display"
TYPED, FAULT, SEEN = "graph:typed", "graph:fault", "graph:seen"


def graph_settings() -> Settings:
    """Draw the controls of the expression and of its variables, named as they are in it."""
    source = controls(Source, SOURCE)
    _follow(source)
    known = st.session_state.get(f"kept:{GRAPHED}") or Settings()
    chosen = Settings.checked({**dict(known), **dict(source)})
    given = {field: getattr(Settings(), field) for field in VALUES} | dict(source)
    if source.example != NETWORK:
        given |= {field: getattr(Settings(), field) for field in ("shape", "squash", "drawn")}
    with st.expander(words("Variables"), expanded=True):
        given |= _values(chosen.moved())
    settings = controls(Settings, GRAPHED, given=given)
    session.put_in_url(settings, VALUES)
    return settings


def _follow(source: Source) -> None:
    """Give the variables the values of an example that has just been chosen."""
    seen = st.session_state.get(SEEN)
    st.session_state[SEEN] = source.example
    if session.incoming() is not None or seen in (None, source.example):
        return
    st.session_state.pop(FAULT, None)
    _put_values(dict(zip(VALUES, EXAMPLES[source.example].values, strict=False)))
    change(SHOWN, Display, step=0, by=1)


def _put_values(values: dict[str, float]) -> None:
    change(VARIED, Settings, **values)


def _values(names: tuple[str, ...]) -> dict[str, float]:
    """Draw one slider for each variable; `controls` could not name them after the variables."""
    brought, values = session.incoming(), {}
    kept = st.session_state.get(f"kept:{GRAPHED}") or Settings()
    for field, name in zip(VALUES, names, strict=False):
        control, key = controls_of(Settings)[field], f"{VARIED}.{field}"
        assert isinstance(control, Slider)
        if brought is not None:
            _put_values({field: _read(control, brought.get(field), getattr(Settings(), field))})
        elif key not in st.session_state:
            _put_values({field: getattr(kept, field)})
        low, high, label = float(control.low), float(control.high), words("Value of {name}").format(name=name)
        values[field] = st.slider(label, low, high, step=control.step, key=key, help=words(control.help))
    return values


def _read(control: Slider, text: str | None, otherwise: float) -> float:
    try:
        return otherwise if text is None else control.read(text)
    except LabError as fault:
        st.warning(words("From the link: {fault}. The default is used.").format(fault=fault))
        return otherwise


def expression_box(settings: Settings) -> None:
    """Draw the expression as text that can be changed; what cannot be read is said below it."""
    fault = st.session_state.get(FAULT)
    if not fault:
        st.session_state[TYPED] = settings.text()
    st.text_input(
        words("Expression"),
        key=TYPED,
        max_chars=300,
        on_change=_take_typed,
        args=(settings,),
        disabled=settings.example == NETWORK,
        help=words(
            "Numbers, up to 6 variables, + - * / ** and tanh, exp, log, relu, sigmoid. "
            "What is typed twice is computed once."
        ),
    )
    if fault:
        st.error(fault, icon=":material/error:")
        st.caption(words("The graph below is still that of {text}").format(text=f"`{settings.text()}`"))


def _take_typed(before: Settings) -> None:
    """Take the typed expression; variables that were there before keep their values."""
    text = str(st.session_state[TYPED]).strip()
    try:
        names = tuple(graph_of(text).variables)
        Source.checked({"example": OWN, "expression": text})
    except LabError as fault:
        st.session_state[FAULT] = str(fault)
        return
    st.session_state.pop(FAULT, None)
    had = before.inputs()
    _put_values({field: had.get(name, 1.0) for field, name in zip(VALUES, names, strict=False)})
    change(SOURCE, Source, example=OWN, expression=text)
    change(SHOWN, Display, step=0, by=1)
    st.session_state[SEEN] = OWN
