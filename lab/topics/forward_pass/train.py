"""The run of the lesson: draw the weights and, if asked, train them for a moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor
from torch.nn import functional

from lab.core.events import Done, Evaluated, Event, Finished, Framed, Started, Stepped
from lab.core.lesson import Context
from lab.topics.forward_pass.examples import examples_of
from lab.topics.forward_pass.network import (
    ACTIVATIONS,
    first_parameters,
    layers_of,
    passed,
    predicted,
    sizes_of,
    targets_of,
    views_of,
)
from lab.topics.forward_pass.settings import Settings

POINT_STEPS, IMAGE_STEPS = 400, 240
BATCH = 100
LEARNING_RATES = {0: 0.02, 8: 0.02, 28: 0.005}
"""By the side of the images; 0 is points. More inputs need smaller steps."""


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The network's numbers: layer by layer the weights, [source, neuron] row by row, then the biases."""

    parameters: Float64[np.ndarray, " parameter"]


def train(settings: Settings, context: Context) -> Iterator[Event | Done[Weights]]:
    """Yield the first parameters and, after a short training, the last; then how well they predict.

    Adam, with the loss that belongs to the output: squared error for linear, binary cross-entropy for
    sigmoid, cross-entropy for softmax. Batches are drawn from the training rows; an epoch is as many
    steps as see each row once on average.
    """
    parameters = first_parameters(settings)
    count = examples_of(settings).train
    steps = steps_of(settings)
    epochs = steps * min(BATCH, count) / count
    yield Started(epochs, networks=1)
    yield _frame(0.0, parameters)
    if steps:
        for done in _training(settings, parameters):
            yield Stepped(done / steps)
        yield _frame(epochs, parameters)
    yield Evaluated(epochs, _scores(settings, parameters))
    yield Finished("epochs", epochs)
    yield Done(Weights(parameters.numpy().copy()))


def steps_of(settings: Settings) -> int:
    """Return how many updates are made."""
    if settings.weights == "initial":
        return 0
    return IMAGE_STEPS if settings.side else POINT_STEPS


def seconds(settings: Settings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    inputs = settings.side**2 or 2
    sizes = (inputs, *settings.hidden, 10)
    products = sum(first * second for first, second in pairwise(sizes))
    return 0.01 + steps_of(settings) * (1.2e-4 + 2.5e-5 * len(settings.hidden) + 3e-8 * products)


def _training(settings: Settings, parameters: Float64[Tensor, " parameter"]) -> Iterator[int]:
    """Train the parameters in place; yield the number of steps done now and then."""
    examples = examples_of(settings)
    inputs = torch.from_numpy(examples.inputs[: examples.train])
    targets = torch.from_numpy(targets_of(settings, examples)[: examples.train])
    generator = torch.Generator().manual_seed(settings.seed)
    size = min(BATCH, examples.train)
    parameters.requires_grad_(True)
    optimizer = torch.optim.Adam([parameters], LEARNING_RATES[settings.side], foreach=False)
    for step in range(steps_of(settings)):
        rows = torch.randint(examples.train, (size,), generator=generator)
        optimizer.zero_grad()
        loss_of(settings, parameters, inputs[rows], targets[rows]).backward()
        optimizer.step()
        if step % 40 == 39:
            yield step + 1
    parameters.requires_grad_(False)


def loss_of(
    settings: Settings,
    parameters: Float64[Tensor, " parameter"],
    inputs: Float64[Tensor, "example feature"],
    targets: Float64[Tensor, "example output"],
) -> Float64[Tensor, ""]:
    """Return the mean loss: squared error, or cross-entropy in nats."""
    *hidden, (last_weights, last_biases) = views_of(sizes_of(settings), parameters)
    for (weights, biases), name in zip(hidden, settings.layer_activations(), strict=False):
        inputs = ACTIVATIONS[name](torch.addmm(biases, inputs, weights))
    scores = torch.addmm(last_biases, inputs, last_weights)
    match settings.output:
        case "softmax":
            return functional.cross_entropy(scores, targets)
        case "sigmoid":
            return functional.binary_cross_entropy_with_logits(scores, targets)
        case _:
            return functional.mse_loss(scores, targets)


def _frame(epoch: float, parameters: Tensor) -> Framed:
    return Framed(epoch, parameters.detach().numpy().copy()[None])


def _scores(settings: Settings, parameters: Tensor) -> dict[str, np.ndarray]:
    """Return the share of held-back examples that are predicted right, or their mean squared error."""
    examples = examples_of(settings)
    held = slice(examples.train, None)
    outputs = passed(layers_of(settings, parameters.numpy()), examples.inputs[held])[-1].outputs
    said, true = predicted(settings, outputs), examples.targets[held]
    if examples.classes:
        return {"test_accuracy": np.array([np.mean(said == true)])}
    return {"test_loss": np.array([np.mean((said - true) ** 2)])}
