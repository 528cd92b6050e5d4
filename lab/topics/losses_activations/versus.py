"""Part 4: the same network trained with squared error and with cross-entropy, side by side."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch

from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Started
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.curves import band
from lab.figures.functions import bands_figure
from lab.tables.history import history_table, scores
from lab.topics.losses_activations.settings import Display, VersusSettings
from lab.topics.losses_activations.tasks import ensemble, examples, one_hot, rows_of
from lab.training.ensemble import Architecture, Ensemble
from lab.training.schedule import EVALUATE_EACH, due
from lab.training.supervised import Examples, Plan, scores_of

BATCH = 20
VARIANTS = {
    "squared": (_("squared error, sigmoid"), "mean_squared_error", "sigmoid"),
    "binary": (_("cross-entropy, sigmoid"), "binary_cross_entropy", "sigmoid"),
    "softmax": (_("cross-entropy, softmax"), "cross_entropy", "softmax"),
}


def variants_of(settings: VersusSettings) -> tuple[str, ...]:
    """Return what is compared: two losses of the same network, and softmax where there are more classes."""
    return ("squared", "binary") if settings.data == "moons" else tuple(VARIANTS)


def trained(settings: VersusSettings) -> tuple[dict[str, Ensemble], Examples]:
    """Return the networks of each variant before training, and the data that all share."""
    rows = rows_of(settings.data, settings.seed)
    shared = examples(rows, (one_hot(rows[1]), one_hot(rows[3])))
    made = {}
    for name in variants_of(settings):
        _label, loss, output = VARIANTS[name]
        architecture = Architecture(
            rows[0].shape[1],
            settings.hidden,
            shared.train_targets.shape[1],
            output=output,  # type: ignore[arg-type]
            loss=loss,  # type: ignore[arg-type]
        )
        made[name] = ensemble(
            architecture, settings.learning_rate, settings.seed, settings.networks, settings.gain
        )
    return made, shared


def train(settings: VersusSettings, context: Context) -> Iterator[Event | Done[pd.DataFrame]]:
    """Train all variants epoch by epoch, on the same examples in the same order."""
    networks, shared = trained(settings)
    plan = Plan(settings.epochs, batch_size=BATCH, seed=settings.seed)
    told: list[Event] = [Started(float(settings.epochs), settings.networks * len(networks))]
    yield told[0]
    for epoch in range(settings.epochs + 1):
        if epoch:
            order = torch.from_numpy(plan.order(epoch, len(shared.train_inputs)))
            for one in networks.values():
                one.epoch(shared.train_inputs, shared.train_targets, order, BATCH)
        if due(epoch, EVALUATE_EACH) or epoch == settings.epochs:
            told.append(_evaluated(epoch, networks, shared))
            yield told[-1]
    for number, one in enumerate(networks.values()):
        for network, step in enumerate(one.diverged.tolist()):
            if step >= 0:
                yield Diverged(number * settings.networks + network, step)
    yield Finished("epochs", float(settings.epochs))
    yield Done(history_table(told))


def _evaluated(epoch: int, networks: dict[str, Ensemble], shared: Examples) -> Evaluated:
    named = {
        f"{name}_{score}": values
        for name, one in networks.items()
        for score, values in scores_of(one, shared).items()
    }
    return Evaluated(float(epoch), named)


def seconds(settings: VersusSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    examples_, inputs = {"digits": (1437, 64), "iris": (75, 2)}.get(settings.data, (250, 2))
    steps = settings.epochs * examples_ / BATCH * len(variants_of(settings))
    cells = settings.networks * BATCH * (inputs + sum(settings.hidden) + 10)
    return steps * (5e-5 * (1 + len(settings.hidden)) + 2e-8 * cells)


def stage(
    settings: VersusSettings,
    display: Display,
    context: Context,
    events: Sequence[Event],
    result: pd.DataFrame | None = None,
) -> Stage:
    """Return accuracy over epochs for each loss, and each loss in its own unit."""
    measured = scores(events)
    if not measured.values:
        return Stage()
    names = variants_of(settings)
    hits = {VARIANTS[name][0]: 100 * measured.values[f"{name}_test_accuracy"] for name in names}
    chart = bands_figure(measured.epochs, hits, x_title=_("Epoch"), y_title=_("Test accuracy (%)"), worst=0.0)
    chart.update_yaxes(range=[0, 102])
    panels = [Panel("accuracy", _("Accuracy: what can be compared"), _spoken(hits, "{:.1f} %", 0.0), chart)]
    for place, name in enumerate(names):
        label = VARIANTS[name][0]
        unit = _("squared units") if name == "squared" else _("nats")
        part = {label: measured.values[f"{name}_test_loss"]}
        chart = bands_figure(
            measured.epochs,
            part,
            x_title=_("Epoch"),
            y_title=_("Test loss ({unit})").format(unit=unit),
            first=place,
        )
        chart.update_yaxes(rangemode="tozero")
        title = _("Its own loss: {label}").format(label=label)
        panels.append(Panel(f"loss_{name}", title, _spoken(part, "{:.4g}", np.inf), chart))
    note = _("{count} seeds per loss: medians, bands from p10 to p90. Different losses have no common scale.")
    return Stage(panels, notes=[note.format(count=settings.networks)])


def _spoken(parts: dict[str, np.ndarray], form: str, worst: float) -> str:
    """Return where each median begins and ends."""
    ends = []
    for label, values in parts.items():
        median = band(values, worst).median
        ends.append(f"{label} {form.format(median[0])} → {form.format(median[-1])}")
    return _("Median over the networks, from before training to the end: {ends}.").format(
        ends="; ".join(ends)
    )
