"""A function that the learner types: its field, and what is wrong with it, pointed at."""

from functools import partial

import streamlit as st

from lab.core.errors import LabError
from lab.core.settings import LessonSettings
from lab.models.expression import LONGEST, ExpressionError
from lab.models.formulas import FUNCTIONS
from lab.models.surfaces import OWN, OWN_FORMULA, surface
from lab.ui.acts import taken
from lab.ui.page import change
from lab.ui.words import words


def formula_box(settings: type[LessonSettings], namespace: str, field: str, formula: str) -> None:
    """Draw the learner's own function as text; what cannot be read is said below it.

    Args:
        settings: the model whose hidden `field` holds the function.
        namespace: of its controls.
        field: the name of the field.
        formula: what it holds; empty for the example.
    """
    typed, fault = f"{namespace}:typed", st.session_state.get(f"{namespace}:fault")
    if not fault:
        st.session_state[typed] = formula or OWN_FORMULA
    tip = words("Numbers, x, y, + - * / ** and {functions}.")
    st.text_input(
        words("Your own f(x, y)"),
        key=typed,
        max_chars=LONGEST,
        on_change=taken(typed, partial(_take, settings, namespace, field)),
        help=tip.format(functions=", ".join(FUNCTIONS)),
    )
    if fault:
        sentence, pointed = fault
        st.error(sentence, icon=":material/error:")
        if pointed:
            st.code(pointed, language=None)
        st.caption(words("What is below is still of the function before it."))


def forget_fault(namespace: str) -> None:
    """Take back what was said of the last function."""
    st.session_state.pop(f"{namespace}:fault", None)


def _take(settings: type[LessonSettings], namespace: str, field: str, typed: str) -> None:
    text = typed.strip()
    try:
        if text:
            surface(OWN, formula=text)
        settings.checked({field: text})
    except LabError as fault:
        pointed = fault.under(text) if isinstance(fault, ExpressionError) else ""
        st.session_state[f"{namespace}:fault"] = (str(fault), pointed)
        return
    forget_fault(namespace)
    change(namespace, settings, **{field: text})
