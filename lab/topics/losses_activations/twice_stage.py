"""What part 5 shows of the two listings, while they train and at the end."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Event
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.curves import band
from lab.figures.functions import bands_figure, bars_figure
from lab.tables.history import Scores, scores
from lab.topics.losses_activations.settings import TwiceDisplay, TwiceSettings
from lab.topics.losses_activations.twice import LEAST_LOSS, Twice, comparison

LABELS = {"once": _("one softmax (repaired)"), "twice": _("two softmaxes (as printed)")}


def stage(
    settings: TwiceSettings,
    display: TwiceDisplay,
    context: Context,
    events: Sequence[Event],
    result: Twice | None = None,
) -> Stage:
    """Return accuracy, loss and size of the gradient over epochs, and both gradients of one example."""
    measured = scores(events)
    if not measured.values:
        return Stage()
    panels = [_accuracy_panel(measured), _loss_panel(measured), _gradient_panel(measured)]
    if result is not None:
        panels.append(_example_panel(result, display))
    note = _("{count} seeds per listing: medians, bands from p10 to p90. Same weights, same batches.")
    return Stage(panels, notes=[note.format(count=settings.networks)])


def _parts(measured: Scores, score: str, factor: float = 1.0) -> dict[str, np.ndarray]:
    return {label: factor * measured.values[f"{name}_{score}"] for name, label in LABELS.items()}


def _accuracy_panel(measured: Scores) -> Panel:
    parts = _parts(measured, "accuracy", 100)
    chart = bands_figure(
        measured.epochs, parts, x_title=_("Epoch"), y_title=_("Test accuracy (%)"), worst=0.0
    )
    chart.update_yaxes(range=[0, 102])
    return Panel("accuracy", _("Accuracy on test digits"), _spoken(parts, "{:.1f} %", 0.0), chart)


def _loss_panel(measured: Scores) -> Panel:
    floor = np.full((len(measured.epochs), 1), LEAST_LOSS)
    parts = _parts(measured, "loss") | {_("least loss with two: {loss:.3f}").format(loss=LEAST_LOSS): floor}
    chart = bands_figure(measured.epochs, parts, x_title=_("Epoch"), y_title=_("Test loss (nats)"))
    chart.update_yaxes(rangemode="tozero")
    return Panel("loss", _("What each listing prints as its loss"), _spoken(parts, "{:.4g}", np.inf), chart)


def _gradient_panel(measured: Scores) -> Panel:
    parts = _parts(measured, "gradient")
    chart = bands_figure(
        measured.epochs, parts, x_title=_("Epoch"), y_title=_("Mean length of the gradient by z"), log=True
    )
    title = _("How much of the error reaches the scores")
    return Panel("gradient", title, _spoken(parts, "{:.3g}", np.inf), chart)


def _example_panel(result: Twice, display: TwiceDisplay) -> Panel:
    both = comparison(result, display.example, display.moment)
    parts = {LABELS["once"]: both.gradient_once[:, None], LABELS["twice"]: both.gradient_twice[:, None]}
    labels = [str(digit) for digit in range(10)]
    chart = bars_figure(
        labels, parts, x_title=_("Class (digit)"), y_title=_("Gradient by the score of the class")
    )
    alt = _("Gradients of one example, a {label}, by its ten scores. By the score of the true class: {said}.")
    said = "; ".join(f"{name} {values[both.label, 0]:.4g}" for name, values in parts.items())
    title = _("One example: the same scores, two gradients")
    return Panel("example", title, alt.format(label=both.label, said=said), chart)


def _spoken(parts: dict[str, np.ndarray], form: str, worst: float) -> str:
    """Return where each median begins and ends."""
    ends = []
    for label, values in parts.items():
        median = band(values, worst).median
        ends.append(f"{label} {form.format(median[0])} → {form.format(median[-1])}")
    return _("Medians over the seeds, from before training to the last epoch: {ends}.").format(
        ends="; ".join(ends)
    )
