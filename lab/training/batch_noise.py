"""How far the gradient of a batch lies from the gradient of all examples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from lab.training.ensemble import Ensemble, Recipe

COPIES = 30


@dataclass(frozen=True, slots=True)
class BatchNoise:
    """The noise of batch gradients at one place.

    Attributes:
        sizes: examples in a batch, rising.
        drawn: root mean square distance to the full gradient, over `COPIES` batches drawn of each size.
        predicted: the same from the single examples' gradients alone, for batches without repetition.
        full: length of the full gradient.
    """

    sizes: tuple[int, ...]
    drawn: Float64[np.ndarray, " size"]
    predicted: Float64[np.ndarray, " size"]
    full: float


def predicted_noise(single: float, size: int, examples: int) -> float:
    """Return the root mean square distance of batches without repetition, as an epoch cuts them.

    Args:
        single: root mean square distance of the single examples' gradients to their mean.
        size: examples in a batch.
        examples: of the whole set.

    Source: Cochran (1977), Sampling Techniques, theorem 2.2.

    Example:
        >>> predicted_noise(6.0, 1, 100), predicted_noise(6.0, 100, 100)
        (6.0, 0.0)
    """
    if examples == 1:
        return 0.0
    return single / math.sqrt(size) * math.sqrt((examples - size) / (examples - 1))


def batch_noise(
    network: Ensemble,
    inputs: Float[Tensor, "example feature"],
    targets: Float[Tensor, "example output"],
    sizes: Sequence[int],
    seed: int,
) -> BatchNoise:
    """Measure the noise of batches of each of `sizes`, at the weights that `network` has now.

    Args:
        network: the first network of it counts; it is left as it is.
        inputs: all examples.
        targets: their targets.
        sizes: examples in a batch, each at most the number of examples.
        seed: which batches are drawn.
    """
    copies, full = _copies(network, inputs.dtype), network.gradients(inputs, targets)[0]
    examples = len(inputs)
    single = np.sqrt(_squares(copies, (inputs, targets), full, np.arange(examples)[:, None]).mean())
    generator = np.random.default_rng(seed)
    drawn = []
    for size in sizes:
        batches = np.stack([generator.permutation(examples)[:size] for _copy in range(COPIES)])
        drawn.append(np.sqrt(_squares(copies, (inputs, targets), full, batches).mean()))
    predicted = [predicted_noise(float(single), size, examples) for size in sizes]
    return BatchNoise(tuple(sizes), np.array(drawn), np.array(predicted), float(full.norm()))


def _copies(network: Ensemble, dtype: torch.dtype) -> Ensemble:
    """Return equal networks, which will get a batch each."""
    copies = Ensemble(network.architecture, Recipe(), [0] * COPIES, initial="zeros", dtype=dtype)
    weights = network.snapshot()[0]
    for place in range(COPIES):
        copies.write(place, weights)
    return copies


def _squares(
    copies: Ensemble, data: tuple[Tensor, Tensor], full: Tensor, batches: np.ndarray
) -> Float64[np.ndarray, " batch"]:
    """Return the squared distance of each batch's gradient to the full one; rows of `batches` are batches."""
    told = []
    for start in range(0, len(batches), COPIES):
        some = batches[start : start + COPIES]
        filled = np.resize(some, (COPIES, some.shape[1]))  # the last rows may repeat the first ones
        inputs, targets = (part[torch.from_numpy(filled)] for part in data)
        distances = copies.gradients(inputs, targets) - full
        told.append(distances.square().sum(dim=1)[: len(some)].double().numpy())
    return np.concatenate(told)
