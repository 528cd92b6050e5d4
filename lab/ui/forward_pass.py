"""What only the forward pass has: picking an input, stepping through the walk, its numbers and tables."""

from collections.abc import Callable

import streamlit as st

from lab.core.errors import LabError
from lab.runs.engine import Run
from lab.topics.forward_pass.equations import (
    activation_equation,
    softmax_equations,
    sum_equation,
)
from lab.topics.forward_pass.examples import is_drawn, picked_target
from lab.topics.forward_pass.settings import Display, Heat, Pick, Place, Settings
from lab.topics.forward_pass.stage import NAMES, output_names, prediction
from lab.topics.forward_pass.walk import Walk, first_step_of, walk_of
from lab.ui.acts import taken
from lab.ui.page import change, controls
from lab.ui.words import words

NETWORK, PLACE, HEAT = "network", "place", "heat"
STYLE = """<style>
.stage-figure[data-figure="network"], .stage-figure[data-figure="product"] {
  grid-column: 1 / -1;
  max-width: none;
}
</style>"""


def style() -> None:
    """Give the drawing of the network the whole width."""
    st.html(STYLE)


def walk(settings: Settings, asked: Run, shown: Display) -> Walk | None:
    """Return the walk through the network of a finished run; None while it is still trained."""
    if asked.result is None:
        return None
    return walk_of(settings, shown, asked.result.parameters)


def waiting() -> None:
    """Say that the numbers are still to come."""
    st.caption(words("The network is being trained; its numbers stand here in a moment."))


def network() -> Settings:
    """Draw the controls of the network, with a list for each layer's own activation."""
    settings = controls(Settings, NETWORK)
    if settings.hidden:
        with st.expander(words("Another activation for one layer")):
            for number in range(1, len(settings.hidden) + 1):
                _own_activation(settings, number)
    return settings


def _own_activation(settings: Settings, number: int) -> None:
    key = f"forward:activation:{number}"
    st.session_state[key] = settings.own_activations().get(number, "")

    def chosen() -> None:
        own = settings.own_activations() | {number: st.session_state[key]}
        text = ",".join(f"{layer}:{name}" for layer, name in sorted(own.items()) if name)
        change(NETWORK, Settings, activations=text)

    choices = ["", *(name for name in NAMES if name != "softmax")]
    label = words("Layer {number}").format(number=number)
    same = words("as chosen above")
    tip = words("The f of this layer alone.")
    st.selectbox(
        label,
        choices,
        key=key,
        on_change=chosen,
        format_func=lambda name: words(NAMES[name]) if name else same,
        help=tip,
    )


def safely(act: Callable[[], None]) -> None:
    """Do something in a callback; what is wrong with it is said in one sentence."""
    try:
        act()
    except LabError as error:
        st.toast(str(error), icon=":material/error:")


def display(settings: Settings, pick: Pick) -> Display:
    """Draw the choices of the view beside the walk, and return all of them with the pick."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = controls(Place, PLACE)
        softmax = settings.output == "softmax"
        heat = controls(Heat, HEAT, None if softmax else {"temperature": 1.0})
    return Display.checked({**dict(pick), **dict(place), **dict(heat)})


def stepper(walk: Walk) -> None:
    """Draw the buttons that go through the walk, the slider over all its steps and the jump to a layer."""
    last = len(walk.steps) - 1
    layers = len(walk.layers)
    st.session_state["forward:layer"] = walk.step.layer
    st.session_state["forward:step"] = walk.place

    def jump() -> None:
        layer = st.session_state["forward:layer"]
        if layer is not None:
            _go(first_step_of(walk.steps, int(layer)))

    names = {0: words("input"), layers: words("output")}
    st.segmented_control(
        words("Jump to layer"),
        range(layers + 1),
        key="forward:layer",
        on_change=jump,
        format_func=lambda layer: names.get(layer, str(layer)),
    )
    _moves(walk.place, last)
    st.slider(
        words("Step of {last}").format(last=last),
        0,
        last,
        key="forward:step",
        on_change=taken("forward:step", lambda step: _go(int(step))),
        help=words("Each neuron takes two steps: the weighted sum z, then a = f(z)."),
    )


def _moves(place: int, last: int) -> None:
    """Draw the buttons to the first, the previous, the next and the last step."""
    moves = (
        (words("First"), ":material/first_page:", 0),
        (words("Back"), ":material/chevron_left:", place - 1),
        (words("Next"), ":material/chevron_right:", place + 1),
        (words("Last"), ":material/last_page:", last),
    )
    with st.container(horizontal=True, gap="small"):
        for label, icon, step in moves:
            st.button(
                label,
                key=f"forward:{label}",
                icon=icon,
                type="primary" if label == words("Next") else "secondary",
                disabled=step == place or not 0 <= step <= last,
                on_click=_go,
                args=(step,),
            )


def _go(step: int) -> None:
    change(PLACE, Place, step=step)


def numbers(settings: Settings, shown: Display, walk: Walk) -> None:
    """Draw the equations of the current step, with the numbers of this walk."""
    step = walk.step
    if step.layer == 0:
        st.markdown(words("This is what goes in. *Next* takes the first neuron's weighted sum."))
        return
    title = words("**Layer {layer}, neuron {neuron}:** multiply, add up, then apply f")
    st.markdown(title.format(layer=step.layer, neuron=step.neuron + 1))
    st.latex(sum_equation(walk))
    if step.phase == "activate" or shown.ahead:
        st.latex(activation_equation(walk))
    softmax(settings, shown, walk)


def softmax(settings: Settings, shown: Display, walk: Walk) -> None:
    """Draw the softmax of the output layer term by term, at the chosen temperature."""
    if walk.step.layer == len(walk.layers) and settings.output == "softmax":
        st.markdown(words("**Softmax, term by term**, at T = {t:g}:").format(t=shown.temperature))
        names = output_names(settings, walk)
        st.latex(softmax_equations(walk.passes[-1].scores, shown.temperature, names))
        if shown.temperature != 1:
            st.caption(words("The network itself uses T = 1; its prediction is the same at every T."))


def verdict(settings: Settings, pick: Pick, walk: Walk) -> None:
    """Say what goes in, what comes out, and whether that is right."""
    if is_drawn(settings, pick) and not pick.drawing:
        st.markdown(words("Draw a digit on the sheet on the left; the numbers follow."))
        return
    said = prediction(settings, walk)
    edits, target = len(pick.hand_edits()), picked_target(settings, pick)
    text = words("The network says **{said}**.").format(said=said)
    if target and not any(edit.layer == 0 for edit in pick.hand_edits()):
        name = words("Example {number} is **{target}**.").format(number=pick.example, target=target)
        text = f"{name} {text}"
    if edits:
        text += " " + words("Numbers set by hand: {count}.").format(count=edits)
    st.markdown(text)
