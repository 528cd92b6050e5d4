"""A lesson's challenges: what is asked, and whether the run on the page meets it."""

import streamlit as st

from lab.core.lesson import Lesson
from lab.runs.engine import Run
from lab.ui.words import words


def challenges(lesson: Lesson, *runs: Run, of: str = "") -> None:
    """List the lesson's challenges; those met by one of the page's finished runs are ticked.

    A challenge once met stays ticked for this visit.

    Args:
        lesson: whose challenges they are.
        runs: what the page has run.
        of: the experiment whose challenges are listed; all if none is named.
    """
    met: set[str] = st.session_state.setdefault(f"met:{lesson.slug}", set())
    for one in lesson.challenges:
        for run in runs:
            right = run.state == "done" and run.job.experiment == one.experiment
            if right and one.reached(run.job.settings, run.events, run.result):
                met.add(one.id)
    st.subheader(words("Challenges"), anchor=False)
    for one in (one for one in lesson.challenges if of in ("", one.experiment)):
        icon = ":material/check_circle:" if one.id in met else ":material/radio_button_unchecked:"
        state = words("done") if one.id in met else words("to do")
        st.markdown(f"{icon} {words(one.text)} *({state})*")
