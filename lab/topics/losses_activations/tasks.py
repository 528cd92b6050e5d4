"""Data and ensembles of the lesson's trainings."""

from functools import cache

import numpy as np
import torch

from lab.data.digits import digits
from lab.data.points import points
from lab.models.initialise import initial_parameters
from lab.training.ensemble import Architecture, Ensemble, Recipe
from lab.training.supervised import Examples

Rows = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Training inputs and labels, test inputs and labels."""


@cache
def rows_of(data: str, seed: int) -> Rows:
    """Return a data set; the drawn ones with a noise of 0.1, the digits always with the same split."""
    if data == "digits":
        small = digits(8)
        train, test = (small.standardised(images) for images in (small.train_images, small.test_images))
        return train, small.train_labels, test, small.test_labels
    drawn = points(data, noise=0.0 if data == "iris" else 0.1, seed=seed)  # type: ignore[arg-type]
    return drawn.train_inputs, drawn.train_targets, drawn.test_inputs, drawn.test_targets


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Return a row of zeros with a single 1 per label; of two classes, one column.

    Example:
        >>> one_hot(np.array([0, 1])).tolist(), one_hot(np.array([0, 2])).tolist()
        ([[0.0], [1.0]], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    """
    hot = np.eye(int(labels.max()) + 1)[labels]
    return hot[:, 1:] if hot.shape[1] == 2 else hot


def examples(rows: Rows, targets: tuple[np.ndarray, np.ndarray], middle: float | None = 0.5) -> Examples:
    """Return rows with targets for training and test as tensors in double precision."""
    parts = (rows[0], targets[0], rows[2], targets[1])
    tensors = [torch.as_tensor(part, dtype=torch.float64) for part in parts]
    return Examples(tensors[0], tensors[1], tensors[2], tensors[3], middle)


def ensemble(
    architecture: Architecture, learning_rate: float, seed: int, networks: int, gain: float = 1.0
) -> Ensemble:
    """Return networks with Xavier's first weights times `gain`; network i is the same for every loss."""
    seeds = [1000 * seed + network for network in range(networks)]
    made = Ensemble(
        architecture, Recipe(learning_rate=learning_rate), seeds, initial="xavier", dtype=torch.float64
    )
    for network, own in enumerate(seeds):
        made.write(network, gain * initial_parameters(architecture.shapes, "xavier", own))
    return made
