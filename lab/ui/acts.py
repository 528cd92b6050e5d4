"""What a learner does on the page, taken with care: a browser may send what no page of ours would."""

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from lab.core.errors import LabError
from lab.ui.words import words

_log = logging.getLogger(__name__)


def acted(act: Callable[[], Any], where: str, name: str) -> None:
    """Do what was asked for, in a callback; if that cannot be done, change nothing else and say so.

    A mistake of ours and what only a forged message brings look the same here, so both are logged: by the
    type of the error and its line, since its text may hold what the learner typed.

    Args:
        act: what to do.
        where: the experiment or the widget, for the log.
        name: of the act, for the log.
    """
    try:
        act()
    except LabError as fault:
        st.toast(str(fault), icon=":material/error:")
    except Exception as fault:
        line = traceback.extract_tb(fault.__traceback__)[-1]
        place = f"{Path(line.filename).name}:{line.lineno}"
        _log.warning("%s: %r was left alone, %s at %s", where, name, type(fault).__name__, place)
        st.toast(words("That does not fit the page any more; please try again."))


def taken(key: str, act: Callable[[Any], Any]) -> Callable[[], None]:
    """Return a callback that hands a widget's value on.

    A script that was broken off before it drew the widget may have dropped its value: then nothing is done.
    """

    def call() -> None:
        if key in st.session_state:
            act(st.session_state[key])

    return call
