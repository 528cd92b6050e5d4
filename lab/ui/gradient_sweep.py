"""Every learning rate at once: controls, the sweep, the map of rate and momentum, tables."""

from typing import Any

import numpy as np
import streamlit as st

from lab.topics.gradient_descent.map_stage import MAP
from lab.topics.gradient_descent.sweep_map import kind_of
from lab.topics.gradient_descent.sweep_settings import (
    MapDisplay,
    SweepDisplay,
    SweepSettings,
)
from lab.topics.gradient_descent.sweep_stage import SWEEP
from lab.ui.page import change, controls, run, undo_buttons, views
from lab.ui.tables import table
from lab.ui.words import words

NAMESPACE, SHOWN, COLOUR = "sweep", "sweep_display", "sweep_map"


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        above = st.container(horizontal=True)
        settings = controls(SweepSettings, NAMESPACE)
    with above:
        undo_buttons(SweepSettings, NAMESPACE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(SweepDisplay, SHOWN)
    asked = run(SWEEP, settings)
    views(SWEEP, asked, display, {"sweep_pick": _picker(settings)})
    if asked.result is not None:
        with st.expander(words("All rates"), icon=":material/table:"):
            table("Where each rate ends", asked.result.table(), "rates.csv")
    _map(settings)


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
