"""The loss of a small network as a function that autograd can differentiate, once or twice."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lab.training.activations import LEAKY_SLOPE
from lab.training.architecture import Architecture, unpacked

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "leaky_relu": lambda scores: functional.leaky_relu(scores, LEAKY_SLOPE),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
    "linear": lambda scores: scores,
}
"""Activations as torch differentiates them; those of `lab.training.activations` write into buffers."""


def differentiable_loss(
    architecture: Architecture,
    parameters: Float[Tensor, " parameter"],
    inputs: Float[Tensor, "example feature"],
    targets: Float[Tensor, "example output"],
) -> Float[Tensor, ""]:
    """Return the mean loss of one network, in nats for cross-entropy; equal to `losses_of`, but with a graph.

    Args:
        architecture: its loss is "half_squared_error" or "cross_entropy".
        parameters: layer by layer the weights, [fan_in, fan_out] row by row, then the biases.
        inputs: the examples.
        targets: the outputs aimed at; probabilities for cross-entropy.

    Raises:
        ValueError: the loss is another one.
    """
    activation = FUNCTIONS[architecture.activation]
    *hidden, (weights, biases) = unpacked(architecture, parameters)
    activations = inputs
    for hidden_weights, hidden_biases in hidden:
        activations = activation(activations @ hidden_weights + hidden_biases)
    scores = activations @ weights + biases
    if architecture.loss == "cross_entropy":
        return -(torch.log_softmax(scores, -1) * targets).sum(-1).mean()
    if architecture.loss != "half_squared_error":
        raise ValueError(f"loss: expected half_squared_error or cross_entropy, got {architecture.loss}")
    return (FUNCTIONS[architecture.output](scores) - targets).square().sum(-1).mean() / 2
