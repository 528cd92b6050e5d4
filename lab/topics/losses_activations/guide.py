"""Part 6: which output, loss and metric go with a task, each with a run of the right and a wrong choice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lab.core.events import Done, Evaluated, Event, Finished, Started, Stepped
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.data.points import points
from lab.figures.functions import bars_figure
from lab.topics.losses_activations.settings import Display, GuideSettings
from lab.topics.losses_activations.tasks import Rows, ensemble, examples, one_hot, rows_of
from lab.training.ensemble import Architecture
from lab.training.supervised import Plan

BATCH = 20
PROPERTIES = {
    "even": (0, 2, 4, 6, 8),
    "prime": (2, 3, 5, 7),
    "loop": (0, 6, 8, 9),
    "below 5": (0, 1, 2, 3, 4),
}
"""Labels of a digit: it has at least one, most have several."""

Metric = Callable[[Tensor, np.ndarray], Tensor]
"""From outputs [network, example, output] and labels or values: a share for each network."""
Targets = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Choice:
    """An output and a loss: what a learner would type."""

    words: str
    output: str
    loss: str
    targets: Targets
    metric: Metric


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of task: what to choose for it, and what goes wrong with something else.

    Attributes:
        name: of the task.
        data: what it is run on.
        metric: what is measured.
        right: what to choose.
        wrong: what not to choose.
        why: what then goes wrong.
    """

    name: str
    data: str
    metric: str
    right: Choice
    wrong: Choice
    why: str


def column(values: np.ndarray) -> np.ndarray:
    """Return values, or class numbers, as a column of targets."""
    return values[:, None].astype(np.float64)


def ninths(labels: np.ndarray) -> np.ndarray:
    """Return the digits as numbers from 0 to 1: a target for those who take classes for numbers."""
    return column(labels) / 9


def properties(labels: np.ndarray) -> np.ndarray:
    """Return for each digit a row of 0 and 1: which of `PROPERTIES` it has.

    Example:
        >>> properties(np.array([2])).tolist()
        [[1.0, 1.0, 0.0, 1.0]]
    """
    return np.stack([np.isin(labels, members) for members in PROPERTIES.values()], axis=1).astype(np.float64)


def shares(labels: np.ndarray) -> np.ndarray:
    """Return the properties of each digit divided by their number, as softmax would need them."""
    hot = properties(labels)
    return hot / hot.sum(axis=1, keepdims=True)


def explained(outputs: Tensor, values: np.ndarray) -> Tensor:
    """Return R², the share of the targets' variance that is explained; 0 for the mean, negative if worse."""
    truth = torch.as_tensor(values, dtype=outputs.dtype)
    return 1 - (outputs.squeeze(-1) - truth).square().sum(-1) / (truth - truth.mean()).square().sum()


def right_class(outputs: Tensor, labels: np.ndarray) -> Tensor:
    """Return the accuracy of the class with the largest output, or of output above 0.5 if there is one."""
    truth = torch.as_tensor(labels)
    one = outputs.shape[-1] == 1
    said = (outputs.squeeze(-1) > 0.5).long() if one else outputs.argmax(dim=-1)
    return (said == truth).double().mean(-1)


def right_number(outputs: Tensor, labels: np.ndarray) -> Tensor:
    """Return the share of single outputs that round to the class number, a ninth of which was the target."""
    return ((9 * outputs.squeeze(-1)).round() == torch.as_tensor(labels)).double().mean(-1)


def one_above_half(outputs: Tensor, labels: np.ndarray) -> Tensor:
    """Return the share of examples of which the true class, and no other, has an output above 0.5."""
    truth = torch.as_tensor(one_hot(labels) > 0.5)
    return ((outputs > 0.5) == truth).all(-1).double().mean(-1)


def all_labels(outputs: Tensor, labels: np.ndarray) -> Tensor:
    """Return the share of examples of which each label is on the right side of 0.5 (exact match)."""
    return ((outputs > 0.5) == torch.as_tensor(properties(labels) > 0.5)).all(-1).double().mean(-1)


def probable(outputs: Tensor, labels: np.ndarray) -> Tensor:
    """Return the share of outputs that can be read as a probability: from 0 to 1."""
    return ((outputs >= 0) & (outputs <= 1)).double().mean((-1, -2))


SQUARED, BINARY, ENTROPY = "mean_squared_error", "binary_cross_entropy", "cross_entropy"
TASKS = (
    Task(
        _("Regression"),
        "plane",
        _("R², RMSE or MAE; here R²"),
        Choice(_("linear output, squared error"), "linear", SQUARED, column, explained),
        Choice(_("sigmoid output, squared error"), "sigmoid", SQUARED, column, explained),
        _("A sigmoid ends at 0 and 1: values below 0 or above 1 cannot be reached."),
    ),
    Task(
        _("Binary: yes or no"),
        "moons",
        _("accuracy, F1, log loss; here the share of outputs from 0 to 1"),
        Choice(_("1 sigmoid output, binary cross-entropy"), "sigmoid", BINARY, column, probable),
        Choice(_("1 linear output, squared error"), "linear", SQUARED, column, probable),
        _("It may decide as well, but outputs fall below 0 and rise above 1: they are no probabilities."),
    ),
    Task(
        _("Multi-class: exactly one of K"),
        "digits",
        _("accuracy, table of mix-ups; here accuracy"),
        Choice(_("K outputs with softmax, cross-entropy"), "softmax", ENTROPY, one_hot, right_class),
        Choice(
            _("1 linear output, squared error on the class number"), "linear", SQUARED, ninths, right_number
        ),
        _("It claims that a 3 lies between a 2 and a 4: classes have no order."),
    ),
    Task(
        _("Multi-class, one-vs-rest: K questions"),
        "digits",
        _("accuracy, one ROC curve per class; here accuracy"),
        Choice(
            _("K sigmoids, binary cross-entropy; the largest wins"), "sigmoid", BINARY, one_hot, right_class
        ),
        Choice(_("the same, but each decides alone at 0.5"), "sigmoid", BINARY, one_hot, one_above_half),
        _("Several answers, or none, can pass 0.5; the outputs need not add up to 1."),
    ),
    Task(
        _("Multi-label: any number of L"),
        "digits",
        _("exact match, F1 per label; here exact match"),
        Choice(_("L sigmoids, binary cross-entropy"), "sigmoid", BINARY, properties, all_labels),
        Choice(_("softmax over the labels, cross-entropy"), "softmax", ENTROPY, shares, all_labels),
        _("Softmax makes the labels compete: at most one can pass 0.5."),
    ),
)


@dataclass(frozen=True, slots=True)
class Guide:
    """What each choice reached on test data, one row per task and one column per network."""

    right: np.ndarray
    wrong: np.ndarray

    def table(self) -> pd.DataFrame:
        """Return the guide with the medians."""
        return pd.DataFrame(
            {
                _("task"): [task.name for task in TASKS],
                _("output and loss"): [task.right.words for task in TASKS],
                _("metric"): [task.metric for task in TASKS],
                _("reached"): np.median(self.right, axis=1),
                _("wrong choice"): [task.wrong.words for task in TASKS],
                _("it reached"): np.median(self.wrong, axis=1),
                _("what goes wrong"): [task.why for task in TASKS],
            }
        )


def guide_rows(data: str, seed: int) -> Rows:
    """Return the data of a task."""
    if data != "plane":
        return rows_of(data, seed)
    plane = points("plane", seed=seed, examples=500)
    return plane.train_inputs, plane.train_targets, plane.test_inputs, plane.test_targets


def reached(task: Task, choice: Choice, settings: GuideSettings) -> np.ndarray:
    """Train the networks of one choice and return its metric on test data, one number per network."""
    rows = guide_rows(task.data, settings.seed)
    shared = examples(rows, (choice.targets(rows[1]), choice.targets(rows[3])), None)
    architecture = Architecture(
        rows[0].shape[1],
        (16,),
        shared.train_targets.shape[1],
        output=choice.output,  # type: ignore[arg-type]
        loss=choice.loss,  # type: ignore[arg-type]
    )
    made = ensemble(architecture, settings.learning_rate, settings.seed, settings.networks)
    plan = Plan(settings.epochs, batch_size=BATCH, seed=settings.seed)
    for epoch in range(1, settings.epochs + 1):
        order = torch.from_numpy(plan.order(epoch, len(shared.train_inputs)))
        made.epoch(shared.train_inputs, shared.train_targets, order, BATCH)
    return choice.metric(made.outputs(shared.test_inputs), rows[3]).numpy()


def train(settings: GuideSettings, context: Context) -> Iterator[Event | Done[Guide]]:
    """Train the right and the wrong choice of every task."""
    yield Started(float(settings.epochs), 2 * len(TASKS) * settings.networks)
    right, wrong = [], []
    for number, task in enumerate(TASKS):
        right.append(reached(task, task.right, settings))
        yield Stepped((number + 0.5) / len(TASKS))
        wrong.append(reached(task, task.wrong, settings))
        yield Stepped((number + 1) / len(TASKS))
    guide = Guide(np.stack(right), np.stack(wrong))
    yield Evaluated(float(settings.epochs), {"right": guide.right.ravel(), "wrong": guide.wrong.ravel()})
    yield Finished("epochs", float(settings.epochs))
    yield Done(guide)


def seconds(settings: GuideSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    return 0.05 + settings.epochs * (0.04 + 0.008 * settings.networks)


def stage(
    settings: GuideSettings,
    display: Display,
    context: Context,
    events: Sequence[Event],
    result: Guide | None = None,
) -> Stage:
    """Return what the right and the wrong choice of every task reached."""
    final = next((event for event in events if isinstance(event, Evaluated)), None)
    if final is None:
        return Stage()
    shape = (len(TASKS), settings.networks)
    parts = {
        _("right choice"): 100 * final.scores["right"].reshape(shape),
        _("wrong choice"): 100 * final.scores["wrong"].reshape(shape),
    }
    names = [task.name.partition(":")[0] for task in TASKS]
    chart = bars_figure(names, parts, x_title=_("Task"), y_title=_("Metric of the task, on test data (%)"))
    medians = zip(names, *(np.median(values, axis=1) for values in parts.values()), strict=True)
    said = "; ".join(f"{name} {right:.0f} % / {wrong:.0f} %" for name, right, wrong in medians)
    alt = _("Median metric of the right and of a wrong choice, by task: {said}.").format(said=said)
    note = _("{count} seeds each: medians, lines from p10 to p90.").format(count=settings.networks)
    return Stage([Panel("guide", _("What each choice reaches"), alt, chart)], notes=[note])
