"""The five verbs of a page: open it, draw controls, run, view, close."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, TypeVar

import streamlit as st

from lab.core.controls import Control
from lab.core.errors import LabError
from lab.core.lesson import Context, Experiment, Lesson
from lab.core.settings import LessonSettings, controls_of
from lab.runs.engine import Job, Run
from lab.ui import session
from lab.ui.desk import desk
from lab.ui.stage import draw_stage
from lab.ui.widgets import drawn, is_known, put
from lab.ui.words import prose, words

S = TypeVar("S", bound=LessonSettings)
MOST_UNDONE = 50
ASKED = "visit:asked"  # the experiments that the page on show has asked for


def open_page(lesson: Lesson) -> None:
    """Write the title and the text above the stage, and read the URL."""
    st.session_state[ASKED] = set()
    session.read_url(lesson.slug)
    st.title(words(lesson.title), anchor=False)
    st.markdown(prose(lesson.slug)[0])


def controls(settings: type[S], namespace: str, given: Mapping[str, Any] | None = None) -> S:
    """Draw the controls of a settings model, group by group, and return the learner's settings.

    Args:
        settings: the model; its fields carry the controls.
        namespace: a word that tells these controls from others on the page.
        given: values of fields that are decided elsewhere and get no control here.
    """
    fields = {name: one for name, one in controls_of(settings).items() if name not in (given or {})}
    _seed(settings, namespace, fields)
    values = {**(given or {})}
    for group in dict.fromkeys(getattr(one, "group", "") for one in fields.values()):
        with _group(group):
            for name, one in fields.items():
                if getattr(one, "group", "") == group:
                    values[name] = drawn(f"{namespace}.{name}", one)
    try:
        chosen = settings.checked(values)
    except LabError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()
    _remember(namespace, chosen)
    session.put_in_url(chosen, fields)
    return chosen


def _remember(namespace: str, chosen: LessonSettings) -> None:
    """Keep the settings for the next visit to the page, and those before them for `undo_buttons`."""
    before = st.session_state.get(f"kept:{namespace}")
    st.session_state[f"kept:{namespace}"] = chosen
    if before is not None and before != chosen:
        past = st.session_state.get(f"past:{namespace}", ())
        st.session_state[f"past:{namespace}"] = (*past[-MOST_UNDONE:], before)


def undo_buttons(settings: type[LessonSettings], namespace: str) -> None:
    """Draw the buttons that take the last change back, or all of them; after `controls`."""
    past = st.session_state.get(f"past:{namespace}", ())
    at_defaults = st.session_state.get(f"kept:{namespace}") == settings()
    st.button(
        words("Undo"),
        key=f"undo:{namespace}",
        help=words("Take the last change of a setting back."),
        disabled=not past,
        on_click=_undo,
        args=(settings, namespace),
        icon=":material/undo:",
    )
    st.button(
        words("Defaults"),
        key=f"defaults:{namespace}",
        help=words("Set every control back to where it was at first; Undo brings yours again."),
        disabled=at_defaults,
        on_click=_default,
        args=(settings, namespace),
        icon=":material/restart_alt:",
    )


def _undo(settings: type[LessonSettings], namespace: str) -> None:
    *earlier, before = st.session_state[f"past:{namespace}"]
    st.session_state[f"past:{namespace}"] = tuple(earlier)
    st.session_state[f"kept:{namespace}"] = before
    change(namespace, settings, **dict(before))


def _default(settings: type[LessonSettings], namespace: str) -> None:
    change(namespace, settings, **dict(settings()))


def _group(name: str) -> Any:
    return st.expander(words(name), expanded=True) if name else nullcontext()


def _seed(settings: type[S], namespace: str, fields: Mapping[str, Control]) -> None:
    """Give every control its value: from a URL the visitor brought, else as it was, else the default."""
    brought = session.incoming()
    known = all(is_known(f"{namespace}.{name}", one) for name, one in fields.items())
    if session.is_catching_up():
        own = [str(key) for key in st.session_state if str(key).startswith(f"{namespace}.")]
        st.session_state.update({key: st.session_state[key] for key in own})
    if brought is None and known:
        return
    kept = st.session_state.get(f"kept:{namespace}")
    if brought is None:
        start = kept or settings()
    else:
        start, faults = settings.from_query({name: text for name, text in brought.items() if name in fields})
        for fault in faults:
            st.warning(words("From the link: {fault}. The default is used.").format(fault=fault))
    change(namespace, settings, **dict(start))


def change(namespace: str, settings: type[LessonSettings], **values: Any) -> None:
    """Set controls to `values`; in a callback, or before they are drawn."""
    fields = controls_of(settings)
    for name, value in values.items():
        put(f"{namespace}.{name}", fields[name], value)


def settled(namespace: str, settings: S, **values: Any) -> S:
    """Return `settings` with `values` in hidden fields, which the page decides after drawing the controls."""
    change(namespace, type(settings), **values)
    chosen = settings.changed(**values)
    st.session_state[f"kept:{namespace}"] = chosen
    session.put_in_url(chosen, values)
    return chosen


def run(experiment: Experiment[S, Any, Any], settings: S) -> Run:
    """Return the run of these settings: a stored one, one in flight, or a new one."""
    last: Run | None = st.session_state.get(f"last:{experiment.name}")
    device, note = session.device(float64=experiment.float64)
    if note:
        st.caption(note)
    context = Context(device, session.files(settings), _earlier(experiment, settings, device))
    asked = desk().ask(Job(experiment.name, settings, context), session.visitor(), last=last)
    st.session_state.setdefault(ASKED, set()).add(experiment.name)
    if asked.state == "done":
        st.session_state[f"last:{experiment.name}"] = asked
    if asked.begun is not None:
        st.session_state[f"begun:{experiment.name}"] = asked
    return asked


def _earlier(experiment: Experiment[Any, Any, Any], settings: Any, device: str) -> Any:
    """Return what this visit's last run, finished or stopped, leaves for a new one that can go on from it."""
    last: Run | None = st.session_state.get(f"begun:{experiment.name}")
    if last is None or last.begun is None or last.job.context.device != device:
        return None
    return last.begun.earlier if experiment.resumes(last.begun.settings, settings) else None


def views(
    experiment: Experiment[Any, Any, Any],
    asked: Run,
    display: LessonSettings,
    triggers: dict[str, Callable[[Any], None]] | None = None,
) -> None:
    """Draw the stage of a run, or say in one sentence why there is none."""
    if asked.message:
        if asked.state == "cancelled":
            st.info(asked.message, icon=":material/stop_circle:")
        else:
            st.error(asked.message, icon=":material/error:")
        with st.container(horizontal=True):
            _again_buttons(asked)
    draw_stage(experiment, asked, display, triggers or {})


def stop_button(experiment: Experiment[Any, Any, Any], asked: Run) -> None:
    """Draw a button that ends the run for this visitor; it can be pressed while the run goes on."""
    st.button(
        words("Stop"),
        key=f"stop:{experiment.name}",
        help=words("End this run now; what it has shown so far stays."),
        disabled=asked.ended,
        on_click=_stop,
        args=(experiment.name,),
        icon=":material/stop:",
    )


def _stop(name: str) -> None:
    desk().stop(session.visitor(), name)


def _again_buttons(asked: Run) -> None:
    """Draw the buttons that take a run up where it was stopped, if that is known, or ask for it anew."""
    jobs = {words("Run again"): asked.job}
    if asked.begun is not None:
        context = replace(asked.job.context, earlier=asked.begun.earlier)
        jobs = {words("Continue"): replace(asked.job, context=context)} | jobs
    for label, job in jobs.items():
        st.button(label, key=f"{label}:{asked.job.experiment}", on_click=_ask_again, args=(job,))


def _ask_again(job: Job) -> None:
    desk().ask(job, session.visitor(), again=True)


def close_page(lesson: Lesson) -> None:
    """Write the text below the stage and the sources, put the settings in the URL, and leave other runs."""
    st.markdown(prose(lesson.slug)[1])
    if lesson.sources:
        st.caption(words("Sources") + ": " + "; ".join(lesson.sources))
    session.write_url(lesson.slug)
    desk().keep_only(session.visitor(), st.session_state[ASKED])
    session.catch_up()
