"""What the Playground computes: many small networks, trained side by side."""

import math
from collections.abc import Iterator

import numpy as np
import torch

from lab.core.errors import DataError, SettingError
from lab.core.events import Done, Event
from lab.core.lesson import Context
from lab.data.points import Points, features, points
from lab.data.tables import read_table
from lab.topics.playground.settings import Settings
from lab.training.ensemble import Architecture, Ensemble, Recipe
from lab.training.schedule import StopRules
from lab.training.supervised import Examples, Plan, Trained, training

EXAMPLES = {"plane": 1200, "multi_gauss": 1200, "iris": 150, "csv": 5000}
"""Where there are not 500; of a table, which the settings do not know, the most there can be."""
SQUARED = ("half_squared_error", "mean_squared_error")


def data_of(settings: Settings, context: Context) -> Points:
    """Return exactly the points that `settings` ask for.

    Raises:
        DataError: the learner's own table is asked for, but it was not uploaded in this visit.
    """
    table = None
    if settings.data == "csv":
        if settings.file not in context.files:
            raise DataError("My own table", "an uploaded CSV file; please upload it again", "none")
        table = read_table(context.files[settings.file], "table.csv")
    return points(
        settings.data,  # type: ignore[arg-type]
        noise=settings.noise,
        train_share=settings.train_share,
        seed=settings.seed,
        table=table,
    )


def architecture_of(settings: Settings, data: Points) -> Architecture:
    """Return the network for this data: its output layer follows from the loss and the classes."""
    classes = len(data.classes)
    if settings.loss in SQUARED:
        outputs, output = (1 if classes <= 2 else classes), ("tanh" if classes else "linear")
    elif not classes:
        raise SettingError("Loss", "a squared error for data whose target is a value", settings.loss)
    elif settings.loss == "binary_cross_entropy":
        outputs, output = (1 if classes == 2 else classes), "sigmoid"
    else:
        outputs, output = classes, "softmax"
    return Architecture(
        inputs=len(settings.features),
        hidden=settings.hidden,
        outputs=outputs,
        activation=settings.activation,  # type: ignore[arg-type]
        output=output,
        loss=settings.loss,  # type: ignore[arg-type]
    )


def batches_per_epoch(settings: Settings, data: Points) -> int:
    """Return how many steps an epoch has; the last batch may be smaller than the others."""
    return -(-len(data.train_targets) // settings.batch_size)


def sizes_of(architecture: Architecture) -> tuple[int, ...]:
    """Return the number of features, then of neurons of each layer."""
    return (architecture.inputs, *architecture.hidden, architecture.outputs)


def targets_of(values: np.ndarray, architecture: Architecture, classes: int) -> np.ndarray:
    """Return what the output layer should say: -1 and 1 for tanh, 0 and 1 for sigmoid and softmax.

    Example:
        >>> two = Architecture(inputs=2, hidden=(), outputs=1, output="tanh")
        >>> targets_of(np.array([0, 1]), two, classes=2).tolist()
        [[-1.0], [1.0]]
    """
    if not classes:
        return values[..., None].astype(np.float64)
    one_hot = np.eye(classes)[values]
    hot = one_hot[..., 1:] if architecture.outputs == 1 else one_hot
    return 2 * hot - 1 if architecture.output == "tanh" else hot


def examples_of(settings: Settings, data: Points, architecture: Architecture, device: str) -> Examples:
    """Return the data as tensors on `device`."""

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float32, device=device)

    classes = len(data.classes)
    return Examples(
        tensor(features(data.train_inputs, settings.features)),
        tensor(targets_of(data.train_targets, architecture, classes)),
        tensor(features(data.test_inputs, settings.features)),
        tensor(targets_of(data.test_targets, architecture, classes)),
        middle_of(architecture) if classes else None,
    )


def middle_of(architecture: Architecture) -> float:
    """Return the output halfway between two classes."""
    return 0.0 if architecture.output == "tanh" else 0.5


def recipe_of(settings: Settings) -> Recipe:
    """Return how the weights are updated."""
    return Recipe(
        optimizer=settings.optimizer,  # type: ignore[arg-type]
        learning_rate=settings.learning_rate,
        l1=settings.l1,
        l2=settings.l2,
        dropout=settings.dropout,
    )


def plan_of(settings: Settings) -> Plan:
    """Return how long to train, and what ends it early."""
    return Plan(
        epochs=settings.epochs,
        batches=settings.batches,
        batch_size=settings.batch_size,
        seed=settings.seed,
        shuffle=settings.shuffle,
        rules=StopRules(settings.stop_target, settings.stop_plateau, settings.stop_diverged),
        edits=settings.hand_edits(),
    )


def seeds_of(settings: Settings, networks: int) -> list[int]:
    """Return the seed of each network's first weights; different settings share none."""
    return [1000 * settings.seed + network for network in range(networks)]


def train(settings: Settings, context: Context) -> Iterator[Event | Done[Trained]]:
    """Train `settings.networks` networks that differ in their first weights only.

    Raises:
        SettingError: a weight set by hand does not exist in this network.
        DataError: the learner's own table is missing or cannot be used.
    """
    data = data_of(settings, context)
    architecture = architecture_of(settings, data)
    for edit in settings.hand_edits():
        if edit.network >= settings.networks or edit.index >= architecture.parameters:
            raise SettingError("Weights set by hand", "weights of this network", settings.edits)
    ensemble = Ensemble(
        architecture,
        recipe_of(settings),
        seeds_of(settings, settings.networks),
        initial=settings.initial,  # type: ignore[arg-type]
        device=torch.device(context.device),
    )
    examples = examples_of(settings, data, architecture, context.device)
    yield from training(ensemble, examples, plan_of(settings), context.earlier)


def seconds(settings: Settings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    examples = EXAMPLES.get(settings.data, 500) * settings.train_share
    steps = settings.epochs * math.ceil(examples / settings.batch_size) + settings.batches
    width = sum(settings.hidden) + 2
    layers = len(settings.hidden) + 1
    return steps * (12e-6 * layers + 1e-8 * settings.networks * width * min(settings.batch_size, examples))


def resumes(earlier: Settings, later: Settings) -> bool:
    """Return whether a run of `earlier` is the beginning of the run of `later`."""
    same = earlier.changed(epochs=later.epochs, batches=later.batches, edits=later.edits) == later
    before = [edit for edit in earlier.hand_edits() if edit.epoch < earlier.epochs]
    still = [edit for edit in later.hand_edits() if edit.epoch < earlier.epochs]
    return same and earlier.epochs <= later.epochs and before == still
