"""The race on a surface: its controls, a formula of one's own, a click for the start, a step in numbers."""

from typing import Any

import streamlit as st

from lab.core.errors import LabError
from lab.core.settings import controls_of
from lab.models.surfaces import OWN, OWN_FORMULA, surface
from lab.topics.gradient_descent import LESSON
from lab.topics.gradient_descent.race_rules import rule
from lab.topics.gradient_descent.race_settings import (
    OPTIMISERS,
    SUITED,
    RaceDisplay,
    RaceReading,
    RaceSettings,
)
from lab.topics.gradient_descent.race_stage import RACE
from lab.topics.gradient_descent.race_table import standings, steps_table
from lab.training.descent import Race
from lab.ui import session
from lab.ui.challenges import challenges
from lab.ui.page import change, controls, run, stop_button, undo_buttons, views
from lab.ui.tables import table
from lab.ui.widgets import is_known
from lab.ui.words import words

NAMESPACE = "race"
TYPED, FAULT = "race:typed", "race:fault"


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = _settings()
    with above:
        undo_buttons(RaceSettings, NAMESPACE)
    if settings.surface == OWN:
        _formula_box(settings)
    ground = settings.ground()
    st.latex(f"f({'x' if ground.flat else 'x, y'}) = {ground.formula}")
    display = RaceDisplay() if ground.flat else controls(RaceDisplay, "race_display")
    asked = run(RACE, settings)
    if not asked.ended:
        stop_button(RACE, asked)
    views(RACE, asked, display, {"start": _start_at})
    if asked.result is not None:
        _read(settings, asked.result)
    challenges(LESSON, asked, of=RACE.name)


def _settings() -> RaceSettings:
    """Draw the controls that decide something; another surface brings a start and a rate of its own."""
    before: RaceSettings | None = st.session_state.get(f"kept:{NAMESPACE}")
    chosen = _wished(before or RaceSettings())
    if before is not None and session.incoming() is None and chosen.surface != before.surface:
        st.session_state.pop(FAULT, None)
        start = dict(zip(("start_x", "start_y"), chosen.ground().start, strict=True))
        chosen = chosen.changed(**start, rate=SUITED[chosen.surface])
        change(NAMESPACE, RaceSettings, **dict(chosen))
    unused = {name: getattr(chosen, name) for name in chosen.unused()}
    for name, control in controls_of(RaceSettings).items():
        # A control that was hidden comes back as it was; `controls` alone would set all of them back.
        if before is not None and not is_known(f"{NAMESPACE}.{name}", control):
            change(NAMESPACE, RaceSettings, **{name: getattr(chosen, name)})
    return controls(RaceSettings, NAMESPACE, unused)


def _wished(before: RaceSettings) -> RaceSettings:
    """Return the settings as the visitor's link or hand has just set them, before the controls are drawn."""
    brought = session.incoming()
    if brought is not None:
        return RaceSettings.from_query(brought)[0]
    known = {
        name: st.session_state[f"{NAMESPACE}.{name}"]
        for name in RaceSettings.model_fields
        if f"{NAMESPACE}.{name}" in st.session_state
    }
    try:
        return before.changed(**known)
    except LabError:  # no optimiser is picked: the controls say so
        return before


def _formula_box(settings: RaceSettings) -> None:
    """Draw the learner's own function as text; what cannot be read is said below it."""
    fault = st.session_state.get(FAULT)
    if not fault:
        st.session_state[TYPED] = settings.formula or OWN_FORMULA
    st.text_input(
        words("Your own f(x, y)"),
        key=TYPED,
        max_chars=300,
        on_change=_take_typed,
        help=words("Numbers, x, y, + - * / ** and sin, cos, exp, log, sqrt, abs, tanh, relu, sigmoid."),
    )
    if fault:
        st.error(fault, icon=":material/error:")
        st.caption(words("The race below is still on the function before it."))


def _take_typed() -> None:
    text = str(st.session_state[TYPED]).strip()
    try:
        if text:
            surface(OWN, formula=text)
        RaceSettings.checked({"formula": text})
    except LabError as fault:
        st.session_state[FAULT] = str(fault)
        return
    st.session_state.pop(FAULT, None)
    change(NAMESPACE, RaceSettings, formula=text)


def _start_at(place: Any) -> None:
    """Start where the learner has clicked; on a curve, at its x."""
    known: RaceSettings = st.session_state[f"kept:{NAMESPACE}"]
    names = ("x",) if known.ground().flat else ("x", "y")
    try:
        values = {f"start_{name}": round(float(place[name]), 3) for name in names}
        known.changed(**values)
    except (KeyError, TypeError, ValueError, LabError):
        return
    change(NAMESPACE, RaceSettings, **values)


def _read(settings: RaceSettings, result: Race) -> None:
    """Write out one step of one racer, and offer all of them as a table."""
    flat = settings.ground().flat
    with st.expander(words("Who came how far"), icon=":material/flag:", expanded=True):
        frame = standings(result, {key: words(name) for key, name in OPTIMISERS.items()})
        short = {name: st.column_config.NumberColumn(format="%.4g") for name in frame.select_dtypes("float")}
        st.dataframe(frame, hide_index=True, column_config=short)
    st.subheader(words("One step in numbers"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reading = controls(RaceReading, "race_reading")
    name = reading.race_racer if reading.race_racer in result.names else result.names[0]
    if name != reading.race_racer:
        text = words("{absent} does not race; here is {name}.")
        st.caption(text.format(absent=words(OPTIMISERS[reading.race_racer]), name=words(OPTIMISERS[name])))
    step = min(reading.race_step, settings.steps)
    for line in rule(result, name, step, settings.plan(), flat=flat):
        st.latex(line)
    diverged = result.diverged[result.names.index(name)]
    if diverged and step >= diverged:
        text = words("{name} diverged at step {step}: there is no finite number to show.")
        st.info(text.format(name=words(OPTIMISERS[name]), step=diverged), icon=":material/trending_up:")
    frame = steps_table(result, name, flat=flat)
    with st.expander(words("Every step"), icon=":material/table:"):
        table("Position, gradient, memories and update, step by step", frame, f"race_{name}.csv")
