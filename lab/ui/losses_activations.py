"""What only Losses and activations has: its parts, equations with numbers, a step to take, the guide."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from lab.core.settings import LessonSettings
from lab.topics.losses_activations import ACTIVATION, GUIDE, LOSS, SIGNAL, TWICE, VERSUS
from lab.topics.losses_activations.equations import Equation
from lab.topics.losses_activations.guide import Guide
from lab.topics.losses_activations.loss import Cost
from lab.topics.losses_activations.settings import (
    PARTS,
    ActivationChoice,
    ActivationSettings,
    Display,
    LossChoice,
    LossSettings,
    TwiceDisplay,
)
from lab.topics.losses_activations.twice import Twice, comparison
from lab.ui.page import change, controls, run, stop_button, views
from lab.ui.parts import chosen_part
from lab.ui.tables import table
from lab.ui.words import words

ONLY = {
    "prediction": ("squared", "absolute", "huber", "binary", "hinge", "focal"),
    "target": ("squared", "absolute", "huber"),
    "truth": ("binary", "hinge", "focal"),
    "delta": ("huber",),
    "gamma": ("focal",),
    **dict.fromkeys(("z1", "z2", "z3", "label"), ("softmax",)),
}
"""Controls that mean something for some losses only."""


def show() -> None:
    """Draw the chosen part: its controls, numbers, figures and tables."""
    display = Display(part=chosen_part(Display, PARTS))
    match display.part:
        case "activation":
            _activation(display)
        case "loss":
            _loss(display)
        case "twice":
            _twice(display)
        case "guide":
            _guide(display)
        case "versus":
            _trained(VERSUS, display, "Every measurement, one row per epoch and seed", "losses.csv")
        case _:
            _trained(SIGNAL, display, "Medians over the networks, layer by layer", "signal.csv")


def _given(model: type[LessonSettings], names: Sequence[str]) -> dict[str, Any]:
    """Return the defaults of fields that get no control now."""
    return {name: model.model_fields[name].default for name in names}


def _activation(display: Display) -> None:
    with st.sidebar:
        choice = controls(ActivationChoice, "activation_choice")
        hidden = () if choice.activation == "softmax" else ("second", "third")
        given = dict(choice) | _given(ActivationSettings, hidden)
        settings = controls(ActivationSettings, "activation", given)
    asked = run(ACTIVATION, settings)
    if asked.result is not None:
        _write(asked.result.equations)
    views(ACTIVATION, asked, display)


def _loss(display: Display) -> None:
    with st.sidebar:
        choice = controls(LossChoice, "loss_choice")
        hidden = [name for name, losses in ONLY.items() if choice.loss not in losses]
        settings = controls(LossSettings, "loss", dict(choice) | _given(LossSettings, hidden))
    asked = run(LOSS, settings)
    if asked.result is not None:
        _write(asked.result.equations)
        st.button(
            words("Take this step"),
            icon=":material/directions_walk:",
            help=words("Moves the prediction to where the step leads."),
            on_click=_take_step,
            args=(asked.result,),
        )
    views(LOSS, asked, display)
    if asked.result is not None:
        with st.expander(words("Table of the step"), icon=":material/table:"):
            table("Before and after one step", asked.result.table(), "step.csv")


def _take_step(cost: Cost) -> None:
    after = np.clip(cost.after, -6, 6).tolist()
    names = ("z1", "z2", "z3") if len(after) > 1 else ("prediction",)
    change("loss", LossSettings, **dict(zip(names, after, strict=True)))


def _twice(display: Display) -> None:
    with st.sidebar:
        settings = controls(TWICE.settings, "twice")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = controls(TwiceDisplay, "twice_view", dict(display))
    asked = run(TWICE, settings)
    if not asked.ended:
        stop_button(TWICE, asked)
    views(TWICE, asked, view)
    if asked.result is not None:
        _example(asked.result, view)
        with st.expander(words("Every measurement"), icon=":material/table:"):
            table("Every measurement, one row per epoch and seed", asked.result.history, "softmax_twice.csv")


def _example(result: Twice, view: TwiceDisplay) -> None:
    """Write out both gradients of one example; scores come from the network with two softmaxes."""
    both = comparison(result, view.example, view.moment)
    moment = min(view.moment, len(result.scores) - 1)
    st.subheader(words("One example: the same scores, two gradients"), anchor=False)
    picture, said = st.columns([1, 6], vertical_alignment="center")
    shades = np.kron(255 - 255 * (result.images[view.example - 1] / 16), np.ones((12, 12)))
    picture.image(shades.astype(np.uint8), caption=words("a {label}").format(label=both.label))
    text = words(
        "Test example {example}, a **{label}**, as the first network with two softmaxes sees it after "
        "epoch {moment}. With its scores $z$, let $p = \\mathrm{{softmax}}(z)$ and "
        "$q = \\mathrm{{softmax}}(p)$."
    )
    said.markdown(text.format(example=view.example, label=both.label, moment=moment))
    _write(both.equations)
    with st.expander(words("All ten scores"), icon=":material/table:"):
        table("Scores, probabilities and both gradients, class by class", both.table(), "example.csv")


def _trained(experiment: Any, display: Display, title: str, file_name: str) -> None:
    """Draw a part that is controls, figures and one table."""
    with st.sidebar:
        settings = controls(experiment.settings, display.part)
    asked = run(experiment, settings)
    if not asked.ended:
        stop_button(experiment, asked)
    views(experiment, asked, display)
    if asked.result is not None:
        frame = asked.result.table() if experiment is SIGNAL else asked.result
        with st.expander(words("Table and download"), icon=":material/table:"):
            table(title, frame, file_name)


def _guide(display: Display) -> None:
    with st.sidebar:
        settings = controls(GUIDE.settings, "guide")
    asked = run(GUIDE, settings)
    if not asked.ended:
        stop_button(GUIDE, asked)
    if asked.result is not None:
        _guide_table(asked.result)
    views(GUIDE, asked, display)
    if asked.result is not None:
        with st.expander(words("Table and download"), icon=":material/table:"):
            table("The guide with its medians", asked.result.table(), "guide.csv")


def _guide_table(guide: Guide) -> None:
    frame = guide.table()
    for name in ("reached", "it reached"):
        frame[name] = [f"{share:.1%}" for share in frame[name]]
    st.table(frame.set_index("task").rename(columns=words))


def _write(equations: Sequence[Equation]) -> None:
    for equation in equations:
        st.latex(equation.katex())
