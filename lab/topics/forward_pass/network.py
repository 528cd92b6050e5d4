"""The network of the lesson: layers of numbers, what they compute, and a short training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn import functional

from lab.models.initialise import initial_parameters
from lab.topics.forward_pass.examples import Examples, examples_of
from lab.topics.forward_pass.settings import Edit, Settings
from lab.training.activations import LEAKY_SLOPE

FEW = 0.05
"""A neuron is saturated where its slope is below this share of the activation's steepest."""
STEEPEST = {
    "tanh": 1.0,
    "relu": 1.0,
    "leaky_relu": 1.0,
    "sigmoid": 0.25,
    "softmax": 0.25,
    "linear": 1.0,
    "gelu": 1.1289,
}

ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda scores: functional.leaky_relu(scores, LEAKY_SLOPE),
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
    "linear": lambda scores: scores,
    "softmax": lambda scores: torch.softmax(scores, dim=-1),
}


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer, a = f(W x + b).

    Attributes:
        weights: W, one row per neuron.
        biases: b.
        activation: the name of f.
    """

    weights: Float64[np.ndarray, "neuron source"]
    biases: Float64[np.ndarray, " neuron"]
    activation: str


@dataclass(frozen=True, slots=True, eq=False)
class Passed:
    """What one layer makes of its input.

    Attributes:
        inputs: the activations of the layer before.
        scores: z = W a + b.
        outputs: a = f(z).
    """

    inputs: Float64[np.ndarray, "*example source"]
    scores: Float64[np.ndarray, "*example neuron"]
    outputs: Float64[np.ndarray, "*example neuron"]


def sizes_of(settings: Settings) -> tuple[int, ...]:
    """Return the number of inputs, then of neurons of each layer.

    Two classes need one output neuron, except with softmax.

    Example:
        >>> sizes_of(Settings()), sizes_of(Settings(output="softmax"))
        ((2, 4, 3, 1), (2, 4, 3, 2))
    """
    examples = examples_of(settings)
    classes = len(examples.classes)
    outputs = 1 if classes <= 2 and settings.output != "softmax" else classes
    return (examples.inputs.shape[1], *settings.hidden, outputs)


def first_parameters(settings: Settings) -> Float64[Tensor, " parameter"]:
    """Return the weights and biases before training, in the order of `layers_of`."""
    shapes = list(pairwise(sizes_of(settings)))
    return initial_parameters(shapes, settings.initial, settings.seed)  # type: ignore[arg-type]


def views_of(sizes: Sequence[int], parameters: Float[Tensor, " parameter"]) -> list[tuple[Tensor, Tensor]]:
    """Return (W as [source, neuron], b) of each layer as views of the flat parameters."""
    views: list[tuple[Tensor, Tensor]] = []
    start = 0
    for sources, neurons in pairwise(sizes):
        middle, end = start + sources * neurons, start + (sources + 1) * neurons
        views.append((parameters[start:middle].view(sources, neurons), parameters[middle:end]))
        start = end
    return views


def layers_of(settings: Settings, parameters: Float64[np.ndarray, " parameter"]) -> tuple[Layer, ...]:
    """Return the network's layers.

    Args:
        settings: of the network.
        parameters: layer by layer the weights, [source, neuron] row by row, then the biases.
    """
    views = views_of(sizes_of(settings), torch.from_numpy(np.array(parameters, np.float64)))
    names = settings.layer_activations()
    return tuple(
        Layer(weights.T.contiguous().numpy(), biases.numpy(), name)
        for (weights, biases), name in zip(views, names, strict=True)
    )


def edited_layers(layers: Sequence[Layer], edits: Sequence[Edit]) -> tuple[Layer, ...]:
    """Return the layers with the numbers set by hand; edits of places they do not have are passed over."""
    changed = [replace(one, weights=one.weights.copy(), biases=one.biases.copy()) for one in layers]
    for edit in edits:
        if not 1 <= edit.layer <= len(changed):
            continue
        layer = changed[edit.layer - 1]
        neurons, sources = layer.weights.shape
        if edit.neuron >= neurons or edit.source >= sources:
            continue
        if edit.source < 0:
            layer.biases[edit.neuron] = edit.value
        else:
            layer.weights[edit.neuron, edit.source] = edit.value
    return tuple(changed)


def passed(layers: Sequence[Layer], inputs: Float64[np.ndarray, "*example feature"]) -> tuple[Passed, ...]:
    """Return what every layer makes of the inputs; one example, or rows of them in one product."""
    steps: list[Passed] = []
    for layer in layers:
        # z = W a + b, a = f(z); with examples in rows, Z = A W^T + b
        scores = inputs @ layer.weights.T + layer.biases
        outputs = activated(layer.activation, scores)
        steps.append(Passed(inputs, scores, outputs))
        inputs = outputs
    return tuple(steps)


def activated(activation: str, scores: Float64[np.ndarray, "*example neuron"]) -> np.ndarray:
    """Return a = f(z); softmax takes the last axis as its classes."""
    return ACTIVATIONS[activation](torch.from_numpy(np.ascontiguousarray(scores))).numpy()


def slopes(activation: str, scores: Float64[np.ndarray, "*example neuron"]) -> np.ndarray:
    """Return da_i / dz_i of every neuron; for softmax with the other scores held fixed."""
    if activation == "softmax":
        shares = activated(activation, scores)
        return shares * (1 - shares)
    values = torch.tensor(scores, requires_grad=True)
    (gradient,) = torch.autograd.grad(ACTIVATIONS[activation](values).sum(), values)
    return gradient.numpy()


def saturated(activation: str, scores: Float64[np.ndarray, "*example neuron"]) -> np.ndarray:
    """Return where the slope is below 5 % of the activation's steepest, too flat to learn much."""
    return np.abs(slopes(activation, scores)) < FEW * STEEPEST[activation]


def targets_of(settings: Settings, examples: Examples) -> Float64[np.ndarray, "example output"]:
    """Return what the outputs should be: -1 and 1 for a linear output of classes, else 0 and 1."""
    classes = len(examples.classes)
    if not classes:
        return examples.targets[:, None].astype(np.float64)
    hot = np.eye(classes)[examples.targets]
    hot = hot if classes > 2 or settings.output == "softmax" else hot[:, 1:]
    return 2 * hot - 1 if settings.output == "linear" else hot


def predicted(settings: Settings, outputs: Float64[np.ndarray, "*example output"]) -> np.ndarray:
    """Return the class number of each example, the highest output; or the value itself."""
    if not examples_of(settings).classes:
        return outputs[..., 0]
    if outputs.shape[-1] > 1:
        return outputs.argmax(-1)
    return (outputs[..., 0] > (0.0 if settings.output == "linear" else 0.5)).astype(np.int64)
