"""Every learning rate at once: controls, the sweep, the map of rate and momentum, tables."""

from typing import Any

import numpy as np
import streamlit as st

from lab.models.surfaces import OWN
from lab.topics.gradient_descent.map_stage import MAP
from lab.topics.gradient_descent.race_settings import RaceSettings
from lab.topics.gradient_descent.sweep_map import kind_of
from lab.topics.gradient_descent.sweep_settings import (
    MapDisplay,
    SweepDisplay,
    SweepSettings,
)
from lab.topics.gradient_descent.sweep_stage import SWEEP
from lab.ui import session
from lab.ui.needed import needed_controls, wished
from lab.ui.own_formula import forget_fault, formula_box
from lab.ui.page import change, controls, run, undo_buttons, views
from lab.ui.tables import table
from lab.ui.words import words

NAMESPACE, SHOWN, COLOUR = "sweep", "sweep_display", "sweep_map"


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = _settings()
    with above:
        undo_buttons(SweepSettings, NAMESPACE)
    if settings.sweep_surface == OWN:
        formula_box(SweepSettings, NAMESPACE, "sweep_formula", settings.sweep_formula)
        ground = settings.ground()
        st.latex(f"f({'x' if ground.flat else 'x, y'}) = {ground.formula}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(SweepDisplay, SHOWN)
    asked = run(SWEEP, settings)
    views(SWEEP, asked, display, {"sweep_pick": _picker(settings)})
    if asked.result is not None:
        with st.expander(words("All rates"), icon=":material/table:"):
            table("Where each rate ends", asked.result.table(), "rates.csv")
    _map(settings)


def _settings() -> SweepSettings:
    """Draw the controls that decide something; the learner's own surface is first that of the race."""
    before: SweepSettings | None = st.session_state.get(f"kept:{NAMESPACE}")
    chosen = wished(SweepSettings, NAMESPACE)
    race: RaceSettings | None = st.session_state.get("kept:race")
    turned = (
        before is not None and session.incoming() is None and chosen.sweep_surface != before.sweep_surface
    )
    if turned:
        forget_fault(NAMESPACE)
    if turned and race is not None and race.surface == OWN:
        chosen = chosen.changed(sweep_formula=race.formula, sweep_x=race.start_x, sweep_y=race.start_y)
        change(NAMESPACE, SweepSettings, **dict(chosen))
    return needed_controls(chosen, chosen.unused(), NAMESPACE)


def _picker(settings: SweepSettings) -> Any:
    """Return the trigger that looks at the rate nearest to a click."""

    def picked(place: Any) -> None:
        try:
            rate = float(place["x"])
        except (KeyError, TypeError, ValueError):
            return
        if np.isfinite(rate) and rate > 0:
            nearest = int(np.abs(np.log(settings.rates() / rate)).argmin())
            change(SHOWN, SweepDisplay, sweep_shown=nearest + 1)

    return picked


def _map(settings: SweepSettings) -> None:
    """Draw the map; what it does not depend on is left out, so that it is not computed anew."""
    st.subheader(words("Rate and momentum together"), anchor=False)
    colour = controls(MapDisplay, COLOUR)
    mapped = settings.changed(sweep_optimizer=kind_of(settings), sweep_momentum=0.9)
    asked = run(MAP, mapped)
    views(MAP, asked, colour)
    if asked.result is not None:
        with st.expander(words("All pairs"), icon=":material/table:"):
            table("Where each pair of rate and momentum ends", asked.result.table(), "rate_and_momentum.csv")
