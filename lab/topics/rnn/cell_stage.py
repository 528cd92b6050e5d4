"""What is shown of the unrolled cell: gates of the step as bars, and the states over all steps as maps."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Event, Finished
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.states import gate_bars, state_map
from lab.topics.rnn.cell import Unrolled, drawn_weights, seconds, train, unrolled
from lab.topics.rnn.cell_settings import KINDS, CellDisplay, CellSettings

BARS = {
    "h": _("h, hidden state"),
    "i": _("i, input gate"),
    "f": _("f, forget gate"),
    "g": _("g, candidate"),
    "o": _("o, output gate"),
    "r": _("r, reset gate"),
    "u": _("u, update gate"),
    "n": _("n, candidate"),
}


def stage(
    settings: CellSettings,
    display: CellDisplay,
    context: Context,
    events: Sequence[Event],
    result: Unrolled | None = None,
) -> Stage:
    """Return the gates at a step and the states over all steps; while it trains, of the first weights."""
    if not events:
        return Stage()
    found = result or unrolled(settings, drawn_weights(settings))
    number = step_shown(found, display)
    panels = [_gates_panel(found, number), _states_panel(found, number, "h")]
    if found.cell.size:
        panels.append(_states_panel(found, number, "c"))
    if found.answers.size:
        panels.append(_answers_panel(settings, found, number))
    notes = [] if any(isinstance(event, Finished) for event in events) else [_("First weights, in training.")]
    return Stage(panels, notes=notes)


def step_shown(found: Unrolled, display: CellDisplay) -> int:
    """Return the step that is shown, from 1."""
    return max(1, min(display.cell_step, len(found.symbols)))


def _gates_panel(found: Unrolled, number: int) -> Panel:
    values = {BARS[name]: one for name, one in found.gates(number).items()}
    words = {"number": number, "symbol": found.symbols[number - 1], "cell": KINDS[found.kind]}
    title = _("Gates at step {number}, reading {symbol}")
    if found.kind == "rnn":
        title = _("New hidden state at step {number}, reading {symbol}; no gates")
    said = "; ".join(f"{name} {', '.join(f'{value:.2f}' for value in one)}" for name, one in values.items())
    alt = _("Bars for each hidden unit of the {cell}: {said}.").format(said=said, **words)
    chart = gate_bars(values, y_title=_("Gate (share) or candidate (-1 to 1)"))
    return Panel("cell-gates", title.format(**words), alt, chart)


def _steps(found: Unrolled) -> list[str]:
    return [_("start"), *(f"{number}: {symbol}" for number, symbol in enumerate(found.symbols, start=1))]


def _states_panel(found: Unrolled, number: int, name: str) -> Panel:
    states = found.hidden if name == "h" else found.cell
    title = {"h": _("Hidden state h over the steps"), "c": _("Cell state c over the steps")}[name]
    chart = state_map(
        states.T, _steps(found), lit=number, x_title=_("Step and what it reads"), y_title=_("Unit")
    )
    said = ", ".join(f"{value:.2f}" for value in states[number])
    alt = _(
        "{title}, one row per unit, blue above zero and orange below; after step {number}: {said}."
    ).format(title=title, number=number, said=said)
    return Panel(f"cell-states-{name}", title, alt, chart)


def _answers_panel(settings: CellSettings, found: Unrolled, number: int) -> Panel:
    letters = settings.alphabet()
    if letters:
        title = _("Which letter came first? Its answer after each step, as probabilities")
        rows, worth = list(letters), _("{share:.0%} of 500 fresh words").format(share=found.right)
    else:
        title = _("Which number came first? Its answer after each step")
        rows, worth = (
            [_("answer")],
            _("mean squared error {error:.2g} on fresh numbers").format(error=found.right),
        )
    x_title = _("Step and what it reads")
    chart = state_map(
        found.answers.T, _steps(found)[1:], rows=rows, lit=number - 1, x_title=x_title, y_title=_("Answer")
    )
    best = found.answers[number - 1]
    said = f"{rows[int(np.argmax(best))]} {best.max():.2f}"
    alt = _("{title}; after step {number} {said}. At the end it is right on {worth}.")
    if not letters:
        alt = _("{title}; after step {number} {said}. At the end: {worth}.")
    return Panel("cell-answers", title, alt.format(title=title, number=number, said=said, worth=worth), chart)


CELL = Experiment(
    name="rnn/cell",
    settings=CellSettings,
    train=train,
    stage=stage,
    display=CellDisplay,
    seconds=seconds,
    float64=True,
)
