"""Controls of which some decide nothing with the others as they are: those are not drawn."""

from typing import TypeVar

import streamlit as st

from lab.core.errors import LabError
from lab.core.settings import LessonSettings, controls_of
from lab.ui import session
from lab.ui.page import change, controls
from lab.ui.widgets import is_known

S = TypeVar("S", bound=LessonSettings)


def wished(settings: type[S], namespace: str) -> S:
    """Return the settings as the visitor's link or hand has just set them, before the controls are drawn."""
    before: S = st.session_state.get(f"kept:{namespace}") or settings()
    brought = session.incoming()
    if brought is not None:
        return settings.from_query(brought)[0]
    known = {
        name: st.session_state[f"{namespace}.{name}"]
        for name in settings.model_fields
        if f"{namespace}.{name}" in st.session_state
    }
    try:
        return before.changed(**known)
    except LabError:  # nothing of several is picked: the controls say so
        return before


def needed_controls(chosen: S, unused: tuple[str, ...], namespace: str) -> S:
    """Draw the controls that decide something, and return the settings.

    Args:
        chosen: the settings as they are wished.
        unused: fields that decide nothing; they keep their values.
        namespace: of the controls.
    """
    settings = type(chosen)
    for name, control in controls_of(settings).items():
        # A control that was hidden comes back as it was; `controls` alone would set all of them back.
        if f"kept:{namespace}" in st.session_state and not is_known(f"{namespace}.{name}", control):
            change(namespace, settings, **{name: getattr(chosen, name)})
    return controls(settings, namespace, {name: getattr(chosen, name) for name in unused})
