"""What is shown of a measurement: parameters at once, speed when it has been measured."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.functions import bars_figure
from lab.topics.rnn.cell_settings import KINDS
from lab.topics.rnn.cost import CLEARLY, Cost, parameters_of, seconds, train
from lab.topics.rnn.cost_settings import FORMS, CostDisplay, CostSettings

SHORT = {
    "rnn": "nn.RNN",
    "hoisted": _("lab's loop"),
    "lstm": "nn.LSTM",
    "loop": _("LSTMCell loop"),
    "gru": "nn.GRU",
}
PAIRS = (("gru", "lstm"), ("loop", "lstm"), ("hoisted", "rnn"))


def stage(
    settings: CostSettings,
    display: CostDisplay,
    context: Context,
    events: Sequence[Event],
    result: Cost | None = None,
) -> Stage:
    """Return the parameters, and the speed once it is measured."""
    if not events:
        return Stage()
    panels = [_parameters_panel(settings)]
    if result is not None:
        panels.append(_speed_panel(result))
    return Stage(panels, notes=compared(result) if result else (_("Measuring, form by form in turns."),))


def _parameters_panel(settings: CostSettings) -> Panel:
    counts = parameters_of(settings)
    numbers = np.array([[counts[form]] for form in KINDS], float)
    chart = bars_figure(
        list(KINDS.values()), {_("parameters"): numbers}, x_title=_("Cell"), y_title=_("Parameters (number)")
    )
    said = ", ".join(f"{name} {counts[form]:,}" for form, name in KINDS.items())
    alt = _("Parameters of the three cells with a linear output, by the formula: {said}.").format(said=said)
    return Panel("cost-parameters", _("Parameters"), alt, chart)


def _speed_panel(result: Cost) -> Panel:
    values = np.array([result.tokens / result.seconds[form] / 1000 for form in FORMS])
    chart = bars_figure(
        list(SHORT.values()),
        {_("speed, median and p10-p90"): values},
        x_title=_("Form of the cell"),
        y_title=_("Training (1,000 tokens per second)"),
    )
    said = ", ".join(f"{SHORT[form]} {result.speed(form):,.0f}" for form in FORMS)
    alt = _("Tokens that a second of training takes in, as measured: {said}.").format(said=said)
    return Panel("cost-speed", _("Speed of training, as measured"), alt, chart)


def compared(result: Cost) -> tuple[str, ...]:
    """Return which form is slower than which, as measured and not otherwise."""
    return tuple(_compared(result, one, other) for one, other in PAIRS)


def _compared(result: Cost, one: str, other: str) -> str:
    factor = result.slower(one, other)
    names = {"one": SHORT[one], "other": SHORT[other]}
    if factor > CLEARLY:
        text = _("As measured, {one} is slower than {other}: {factor:.2g} times its time a step.")
        return text.format(factor=factor, **names)
    if factor < 1 / CLEARLY:
        text = _("As measured, {one} is faster than {other}: {factor:.2g} times its time a step.")
        return text.format(factor=factor, **names)
    return _("As measured, {one} is as fast as {other}, within a twentieth.").format(**names)


COST = Experiment(
    name="rnn/cost",
    settings=CostSettings,
    train=train,
    stage=stage,
    display=CostDisplay,
    seconds=seconds,
    shortest=lambda: CostSettings(cost_hidden=1, cost_batch=1, cost_length=2),
)
