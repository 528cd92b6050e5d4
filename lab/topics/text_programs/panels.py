"""Panels that several programs show: scores over the epochs, and who was taken for whom."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int64

from lab.core.labels import _
from lab.core.stage import Panel
from lab.figures.confusion import confusion_figure
from lab.figures.curves import band
from lab.figures.functions import bands_figure
from lab.tables.classification import confusion
from lab.tables.history import Scores


def accuracy_panel(measured: Scores, names: Mapping[str, str]) -> Panel:
    """Return accuracies over the epochs; `names` maps scores to their names in the legend."""
    parts = {label: 100 * measured.values[score] for score, label in names.items()}
    chart = bands_figure(measured.epochs, parts, x_title=_("Epoch"), y_title=_("Accuracy (%)"), worst=0.0)
    chart.update_yaxes(range=[0, 102])
    return Panel("accuracy", _("Accuracy"), spoken(_("Accuracy"), parts, "{:.1f} %", 0.0), chart)


def loss_panel(
    measured: Scores, names: Mapping[str, str], *, y_title: str = _("Loss (nats)"), log: bool = False
) -> Panel:
    """Return losses over the epochs."""
    parts = {label: measured.values[score] for score, label in names.items()}
    chart = bands_figure(measured.epochs, parts, x_title=_("Epoch"), y_title=y_title, log=log)
    if not log:
        chart.update_yaxes(rangemode="tozero")
    return Panel("loss", _("Loss"), spoken(_("Loss"), parts, "{:.3g}", np.inf), chart)


def spoken(title: str, parts: Mapping[str, np.ndarray], form: str, worst: float) -> str:
    """Return where the median of each part begins and ends, in words."""
    ends = []
    for label, values in parts.items():
        median = band(values, worst).median
        first, last = (form.format(one) if np.isfinite(one) else _("overflow") for one in median[[0, -1]])
        ends.append(f"{label} {first} → {last}")
    return _("{title}, median over the networks, from before training to the last epoch: {ends}.").format(
        title=title, ends="; ".join(ends)
    )


def confusion_panel(
    labels: Int64[np.ndarray, " example"], answers: Int64[np.ndarray, " example"], names: tuple[str, ...]
) -> Panel:
    """Return how often each class was taken for each."""
    counts = confusion(labels, answers, len(names))
    wrong = counts - np.diag(np.diag(counts))
    true, taken = np.unravel_index(int(wrong.argmax()), wrong.shape)
    worst = (
        _("Most often, {count} times, “{true}” was taken for “{taken}”.").format(
            count=wrong[true, taken], true=names[true], taken=names[taken]
        )
        if wrong.any()
        else _("None is wrong.")
    )
    alt = _("Confusion matrix of the test examples: {right} of {all} are right. {worst}").format(
        right=np.trace(counts), all=len(labels), worst=worst
    )
    return Panel("confusion", _("What was taken for what"), alt, confusion_figure(counts, names))


def diverged_note(scores: Float[np.ndarray, "example class"], network: int) -> list[str]:
    """Return a sentence if a network has no answers since it overflowed."""
    if np.isfinite(scores).all():
        return []
    return [_("Network {network} has overflowed: it gives no answers.").format(network=network)]
