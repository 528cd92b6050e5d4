"""The first part of the page on backpropagation: an expression, its graph, and the walk through it."""

import time

import streamlit as st

from lab.topics.backpropagation import GRAPH
from lab.topics.backpropagation.explain import Writing, is_kink, sentence, waiting
from lab.topics.backpropagation.graph import Worked
from lab.topics.backpropagation.settings import Display, Place, Settings
from lab.topics.backpropagation.stage import drawing
from lab.topics.backpropagation.steps import Known, known_at, steps_of
from lab.ui.acts import taken
from lab.ui.graph import draw_graph
from lab.ui.graph_controls import SHOWN, expression_box, graph_settings
from lab.ui.page import change, controls, run, views
from lab.ui.tables import table
from lab.ui.words import prose, words

PLACE = "backpropagation"
TRACK, PLAYING, TURNED, BY = "graph:track", "graph:playing", "graph:turned", "graph:by"
SECONDS = 1.5
PARTS = {"": "A graph, step by step", "network": "A whole network", "depth": "Deep networks"}


def part_of_page() -> str:
    """Draw the choice of a part of the page, and return it: empty for the graph, `network`, or `depth`."""
    part = controls(Place, PLACE).part
    key = "backpropagation:part"
    st.session_state[key] = part

    def chosen(part: str | None) -> None:
        change(PLACE, Place, part=part or "")

    st.segmented_control(
        words("Part of this page"),
        list(PARTS),
        key=key,
        required=True,
        format_func=lambda one: words(PARTS[one]),
        on_change=taken(key, chosen),
        label_visibility="collapsed",
    )
    return part


def graph_section() -> None:
    """Draw the first part of the page."""
    above, below = prose("backpropagation_graph")
    st.markdown(above)
    with st.sidebar:
        settings = graph_settings()
    display = controls(Display, SHOWN)
    expression_box(settings)
    asked = run(GRAPH, settings)
    found: Worked | None = asked.result
    if found is not None:
        steps = steps_of(found.trace)
        number = min(display.step, len(steps) - 1)
        writing = Writing(found.trace)
        _walk_controls(number, len(steps) - 1)
        draw_graph("graph:drawing", drawing(found, writing, steps, number), _go)
        st.caption(
            words("Right-pointing blue: value. Left-pointing orange: gradient of the result by this node.")
        )
        with st.container(key="graph-step"):
            _told(writing, known_at(found.trace, steps, number))
        _checked(found, settings)
        display = _variable(found, display)
    views(GRAPH, asked, display)
    st.markdown(below)


def _go(step: int) -> None:
    """Go to a step; in a callback, or before the controls are drawn."""
    change(SHOWN, Display, step=max(0, min(step, 400)))


def _walk_controls(number: int, last: int) -> None:
    """Draw the buttons and the slider of the walk."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for label, icon, tip, to, off in (
            ("Start", "first_page", "To the values of the variables.", 0, number == 0),
            ("Back", "undo", "Undo this step.", number - 1, number == 0),
            ("Next", "redo", "One node further.", number + 1, number == last),
            ("End", "last_page", "To the last gradient.", last, number == last),
        ):
            button = {"help": words(tip), "disabled": off, "on_click": _go, "args": (to,)}
            primary = "primary" if label == "Next" else "secondary"
            st.button(words(label), icon=f":material/{icon}:", key=f"graph:{label}", type=primary, **button)
        playing = bool(st.session_state.get(PLAYING)) and number < last
        st.button(
            words("Pause") if playing else words("Play"),
            icon=":material/pause:" if playing else ":material/play_arrow:",
            key="graph:play",
            help=words("Go on by one node every one and a half seconds."),
            on_click=_play,
            args=(not playing, number, last),
        )
    st.session_state[TRACK] = number
    st.slider(
        words("Step (of {last})").format(last=last),
        0,
        last,
        key=TRACK,
        on_change=taken(TRACK, _go),
        help=words("Jump to any step; or click a node of the graph."),
    )
    if playing:
        _turn(number, last)


def _play(on: bool, number: int, last: int) -> None:
    st.session_state[PLAYING] = on
    st.session_state[TURNED] = time.monotonic()
    if on and number == last:
        _go(0)


@st.fragment(run_every=SECONDS)
def _turn(number: int, last: int) -> None:
    """Go on by a step once the time is over; drawn only while the walk plays."""
    now = time.monotonic()
    if not st.session_state.get(PLAYING) or now - st.session_state[TURNED] < 0.8 * SECONDS:
        return
    st.session_state[TURNED] = now
    st.session_state[PLAYING] = number + 1 < last
    _go(number + 1)
    st.rerun()


def _told(writing: Writing, known: Known) -> None:
    """Say what happens at this step: a sentence, then the equations with their numbers."""
    step = known.step
    st.markdown(f"**{sentence(writing, known)}**")
    trace = writing.trace
    if step.kind == "start":
        given = [
            f"{writing.symbol(place)} = {trace.values[place]:.4g}" for place in trace.graph.variables.values()
        ]
        st.latex(r" \qquad ".join(given))
    elif step.kind == "forward":
        st.latex(writing.value(step.place))
    elif step.kind == "seed":
        st.latex(f"{writing.slope(step.place)} = 1")
    for one in known.now:
        left, right = st.columns([2, 3])
        left.latex(writing.local(one))
        right.latex(writing.product(one))
    for target in dict.fromkeys(one.target for one in known.now):
        note = waiting(writing, known, target)
        if note:
            st.latex(writing.total(target, known.received[target]))
            st.caption(note)
    if is_kink(trace):
        st.caption(words("A relu stands exactly at 0, where it has no slope. As PyTorch does, 0 is used."))


def _checked(found: Worked, settings: Settings) -> None:
    """Draw the check of the gradients: variables at once, all nodes on demand."""
    st.subheader(words("Is it right? Three ways to the same gradients"), anchor=False)
    if not found.checks:
        st.caption(words("There are no gradients to compare, since a pass could not be finished."))
        return
    frame = found.table(variables_only=True)
    shown = frame.copy()
    for column in frame.columns[2:6]:
        shown[column] = [f"{value:.7g}" for value in frame[column]]
    for column in frame.columns[6:]:
        shown[column] = [f"{value:.1e}" if value else "0" for value in frame[column]]
    greens = [
        one.green
        for one in sorted(found.checks, key=lambda one: bool(found.trace.graph.nodes[one.place].inputs))
    ]
    verdict = frame.columns[1]
    shown[verdict] = [
        f":green[**{words(said)}**]" if green else f":orange[{words(said)}]"
        for said, green in zip(frame[verdict], greens, strict=False)
    ]
    st.table(shown.set_index(frame.columns[0]))
    st.caption(
        words(
            "Relative errors; green only where both are below 0.000001. The finite difference with h = {h:g} "
            "is never exact: a small h loses digits to rounding, a large one misses the bend of the curve."
        ).format(h=settings.h)
    )
    with st.expander(words("The same for every node"), icon=":material/table:"):
        table("Gradient of the result by every node", found.table(), "gradients.csv")


def _variable(found: Worked, display: Display) -> Display:
    """Draw the choice of the variable whose curves are shown."""
    names = [one.name for one in found.around]
    by = min(display.by, len(names))
    st.session_state[BY] = names[by - 1]

    def chosen(name: str) -> None:
        change(SHOWN, Display, by=names.index(name) + 1)

    st.segmented_control(
        words("Move this variable alone"),
        names,
        key=BY,
        required=True,
        on_change=taken(BY, chosen),
        help=words("The two figures below are drawn for it."),
    )
    return display.changed(by=by)
