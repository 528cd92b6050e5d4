"""Data, shape and first weights of the network: those of the Playground's first one, where it has them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from lab.data.digits import digits
from lab.data.points import points
from lab.models.initialise import initial_parameters
from lab.topics.gradient_descent.network_settings import NetworkSettings
from lab.training.architecture import Architecture

DIGITS = 250


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is to be learned, by which network.

    Attributes:
        architecture: of the network.
        inputs: of the training examples.
        targets: what the outputs should be: shares of 0 and 1 for softmax, -1 and 1 for tanh.
        test_inputs: of examples that are never trained on.
        test_targets: theirs.
        start: the first weights.
    """

    architecture: Architecture
    inputs: Float64[Tensor, "example feature"]
    targets: Float64[Tensor, "example output"]
    test_inputs: Float64[Tensor, "test feature"]
    test_targets: Float64[Tensor, "test output"]
    start: Float64[Tensor, " parameter"]


def problem(settings: NetworkSettings) -> Problem:
    """Return the problem; data and first weights follow from the seed as they do in the Playground."""
    rows, labels, classes = _examples(settings.net_data, settings.net_noise, settings.net_seed)
    squared = settings.net_loss == "half_squared_error"
    architecture = Architecture(
        inputs=rows[0].shape[1],
        hidden=settings.net_hidden,
        outputs=1 if squared and classes == 2 else classes,
        activation=settings.net_activation,  # type: ignore[arg-type]
        output="tanh" if squared else "softmax",
        loss="half_squared_error" if squared else "cross_entropy",
    )
    inputs, test_inputs = (torch.from_numpy(part) for part in rows)
    targets, test_targets = (_targets(part, classes, architecture) for part in labels)
    seed = 1000 * settings.net_seed
    start = initial_parameters(architecture.shapes, settings.net_initial, seed)  # type: ignore[arg-type]
    return Problem(architecture, inputs, targets, test_inputs, test_targets, start)


@lru_cache(maxsize=16)
def _examples(
    name: str, noise: float, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray], int]:
    """Return inputs and class numbers of the training and the test examples, and how many classes."""
    if name == "digits":
        real = digits(8, seed=seed)
        images = real.train_images[:DIGITS], real.test_images[:DIGITS]
        rows = tuple(real.standardised(part).astype(np.float64) for part in images)
        return (rows[0], rows[1]), (real.train_labels[:DIGITS], real.test_labels[:DIGITS]), 10
    drawn = points(name, noise=noise, seed=seed)  # type: ignore[arg-type]
    labels = drawn.train_targets, drawn.test_targets
    return (drawn.train_inputs, drawn.test_inputs), labels, len(drawn.classes)


def _targets(labels: np.ndarray, classes: int, architecture: Architecture) -> Tensor:
    hot = torch.eye(classes, dtype=torch.float64)[torch.from_numpy(labels)]
    if architecture.output == "softmax":
        return hot
    return 2 * (hot[:, 1:] if architecture.outputs == 1 else hot) - 1


def right_share(
    architecture: Architecture, scores: Float64[Tensor, "example output"], targets: Tensor
) -> float:
    """Return the share of examples whose class is the largest score, or the side of 0 of a single one."""
    if architecture.outputs == 1:
        return float(((scores > 0) == (targets > 0)).double().mean())
    return float((scores.argmax(1) == targets.argmax(1)).double().mean())
