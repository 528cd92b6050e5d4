"""What is shown of the networks that read letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
from jaxtyping import Float32

from lab.core.events import Diverged, Event, Framed
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.data.texts import Baselines
from lab.figures.chart import Scatter
from lab.figures.learning import Curve, learning_figure
from lab.figures.letters import next_letter_figure, visible
from lab.figures.states import state_map
from lab.figures.theme import BLUE, GREEN, ORANGE, PURPLE
from lab.tables.history import scores
from lab.topics.rnn.letters import (
    Written,
    next_shares,
    seconds,
    states_over,
    train,
    trained_network,
    written,
)
from lab.topics.rnn.text_settings import LettersDisplay, LettersSettings

WRITTEN, MAPPED = 300, 60
FIRST_WORDS = "The "


@dataclass(frozen=True, slots=True, eq=False)
class Writing:
    """What a trained network writes.

    Attributes:
        beginning: what it was given; letters that it does not know are left out.
        text: what it wrote behind it.
        next_shares: of each letter of the alphabet, to be the first one it writes.
        states: of each unit after each letter of beginning and text.
    """

    beginning: str
    text: str
    next_shares: Float32[np.ndarray, " letter"]
    states: Float32[np.ndarray, "letter unit"]


_LAST: WeakKeyDictionary[Written, tuple[LettersDisplay, Writing]] = WeakKeyDictionary()
"""What was written last by a run's network: page and stage show the same; it is forgotten with the run."""


def writing(settings: LettersSettings, display: LettersDisplay, result: Written) -> Writing:
    """Return 300 letters in the manner of the learned text; the same display gives the same letters."""
    asked = display.changed(text_unit=1)  # the unit colours the letters and changes none
    known = _LAST.get(result)
    if known is None or known[0] != asked:
        known = _LAST[result] = asked, _write(settings, asked, result)
    return known[1]


def _write(settings: LettersSettings, display: LettersDisplay, result: Written) -> Writing:
    network = trained_network(settings, result)
    place = {letter: number for number, letter in enumerate(result.alphabet)}
    beginning = [place[one] for one in display.text_prompt or FIRST_WORDS if one in place] or [0]
    luck = torch.Generator().manual_seed(display.text_luck)
    temperature, top = display.text_temperature, display.text_top
    told = written(network, beginning, WRITTEN, luck, temperature=temperature, top=top)
    states, _scores = states_over(network, beginning + told)
    _states, following = states_over(network, beginning)
    return Writing(
        beginning="".join(result.alphabet[code] for code in beginning),
        text="".join(result.alphabet[code] for code in told),
        next_shares=next_shares(following, temperature, top).numpy(),
        states=states,
    )


def stage(
    settings: LettersSettings,
    display: LettersDisplay,
    context: Context,
    events: Sequence[Event],
    result: Written | None = None,
) -> Stage:
    """Return the loss and the last sample; of a finished run also the next letter and the hidden state."""
    measured = scores(events)
    if not measured.values:
        return Stage()
    guessing = None if result is None else result.guessing
    loss = (measured.values["train_loss"][:, 0], measured.values["test_loss"][:, 0])
    panels = [_loss_panel(measured.epochs, *loss, guessing)]
    notes = [*_overflow(events), *_sample(events)]
    if result is not None and not result.overflow:
        told = writing(settings, display, result)
        panels += [_next_panel(result, told), _states_panel(told, display)]
        notes = _verdict(result)
    return Stage(panels=tuple(panels), notes=tuple(notes))


def _sample(events: Sequence[Event]) -> list[str]:
    last = next((event for event in reversed(events) if isinstance(event, Framed)), None)
    if last is None or not last.parameters.size:
        return []
    text = "".join(chr(int(code)) for code in last.parameters[0])
    said = _("After {step:g} steps it writes: “{text}”")
    return [said.format(step=last.epoch, text=" ".join(text.split()))]


def _overflow(events: Sequence[Event]) -> list[str]:
    text = _("Diverged at step {step}: the loss is no finite number. Clip gradients, or lower the rate.")
    return [text.format(step=event.step) for event in events if isinstance(event, Diverged)]


def _verdict(result: Written) -> list[str]:
    text = _(
        "{loss:.3f} nats per letter on text it has not seen; counting pairs of letters costs {pair:.3f}."
    )
    return [text.format(loss=result.test_loss[-1], pair=result.guessing.pair)]


def _loss_panel(
    steps: np.ndarray, train_loss: np.ndarray, test_loss: np.ndarray, guessing: Baselines | None
) -> Panel:
    curves = [
        Curve(_("unseen text"), test_loss, BLUE),
        Curve(_("sequences it learned from"), train_loss, ORANGE, "dot", thin=True),
    ]
    chart = learning_figure(steps, curves, y_title=_("Loss (nats per letter)"))
    chart.update_xaxes(title={"text": _("Step")})
    for name, value, colour, dash in _levels(guessing):
        line = {"color": colour, "dash": dash, "width": 1.5}
        ends = [float(steps[0]), max(float(steps[-1]), 1.0)]
        chart.add_trace(Scatter(x=ends, y=[value] * 2, name=name, mode="lines", line=line))
    alt = _("The loss on unseen text goes from {first:.3f} to {last:.3f} nats per letter in {steps:g} steps.")
    told = alt.format(first=test_loss[0], last=test_loss[-1], steps=steps[-1])
    return Panel("letters_loss", _("How surprised it is by the next letter"), told, chart)


def _levels(guessing: Baselines | None) -> list[tuple[str, float, str, str]]:
    if guessing is None:
        return []
    return [
        (_("all letters alike"), guessing.uniform, "#7f7f7f", "dot"),
        (_("counting letters"), guessing.single, GREEN, "dash"),
        (_("counting pairs"), guessing.pair, PURPLE, "dashdot"),
    ]


def _next_panel(result: Written, told: Writing) -> Panel:
    best = int(told.next_shares.argmax())
    alt = _("After “{text}” the likeliest letter is {letter}, with probability {share:.3f}.")
    chart = next_letter_figure(result.alphabet, told.next_shares)
    said = alt.format(
        text=told.beginning, letter=visible(result.alphabet[best]), share=told.next_shares[best]
    )
    return Panel("letters_next", _("The letter after your beginning"), said, chart)


def _states_panel(told: Writing, display: LettersDisplay) -> Panel:
    text = (told.beginning + told.text)[:MAPPED]
    unit = min(display.text_unit, told.states.shape[1])
    labels = [f"{place + 1} {visible(letter)}" for place, letter in enumerate(text)]
    chart = state_map(told.states[: len(text)].T, labels, x_title=_("Letter"), y_title=_("Hidden unit"))
    frame = {"x0": -0.5, "x1": len(text) - 0.5, "y0": unit - 0.5, "y1": unit + 0.5}
    chart.add_shape(type="rect", **frame, line={"color": GREEN, "width": 2})
    chart.update_layout(meta={"pick": "unit"})
    values = told.states[: len(text), unit - 1]
    alt = _(
        "States of {units} units over {count} letters; unit {unit} lies from {low:.2f} to {high:.2f}."
    ).format(units=told.states.shape[1], count=len(text), unit=unit, low=values.min(), high=values.max())
    return Panel("letters_states", _("What it keeps in mind: click a unit"), alt, chart)


LETTERS = Experiment(
    name="rnn/letters",
    settings=LettersSettings,
    train=train,
    stage=stage,
    display=LettersDisplay,
    seconds=seconds,
    shortest=lambda: LettersSettings(text_steps=10, text_hidden=10, text_batch=1),
)
