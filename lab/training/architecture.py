"""The shape of a multi-layer perceptron, and what it computes from a vector of parameters."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from lab.training.activations import ACTIVATIONS, ActivationName, OutputName, output_activation
from lab.training.losses import LossName, check_partners, example_losses


@dataclass(frozen=True, slots=True)
class Architecture:
    """A multi-layer perceptron: layers z = a W + b, each followed by an activation.

    Attributes:
        inputs: features of an example, at least 1.
        hidden: neurons of each hidden layer, inputs' side first; empty for a linear model.
        outputs: output neurons, at least 1.
        activation: activation of the hidden layers.
        output: activation of the output layer.
        loss: what training makes small.

    Raises:
        ValueError: a layer is empty, or the loss does not go with the output activation.

    Example:
        >>> Architecture(inputs=2, hidden=(4, 2), outputs=1).parameters
        25
    """

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    activation: ActivationName = "tanh"
    output: OutputName = "linear"
    loss: LossName = "half_squared_error"

    def __post_init__(self) -> None:
        if min(self.inputs, *self.hidden, self.outputs) < 1:
            sizes = (self.inputs, *self.hidden, self.outputs)
            raise ValueError(f"layers: expected at least 1 neuron in each, got {sizes}")
        check_partners(self.loss, self.output)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(fan_in, fan_out) of each layer, inputs first."""
        sizes = (self.inputs, *self.hidden, self.outputs)
        return tuple(pairwise(sizes))

    @property
    def parameters(self) -> int:
        """How many weights and biases one network has."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in self.shapes)


def unpacked(
    architecture: Architecture, parameters: Float[Tensor, "*network parameter"]
) -> list[tuple[Float[Tensor, "*network fan_in fan_out"], Float[Tensor, "*network fan_out"]]]:
    """Return (weights, biases) of each layer as views of a snapshot.

    Args:
        architecture: the networks' shape.
        parameters: layer by layer the weights, [fan_in, fan_out] row by row, then the biases.

    Example:
        >>> layers = unpacked(Architecture(2, (3,), 1), torch.arange(13.0))
        >>> [(tuple(weights.shape), biases.tolist()) for weights, biases in layers]
        [((2, 3), [6.0, 7.0, 8.0]), ((3, 1), [12.0])]
    """
    layers: list[tuple[Tensor, Tensor]] = []
    start = 0
    for fan_in, fan_out in architecture.shapes:
        end = start + fan_in * fan_out
        weights = parameters[..., start:end].unflatten(-1, (fan_in, fan_out))
        layers.append((weights, parameters[..., end : end + fan_out]))
        start = end + fan_out
    return layers


def scores_of(
    architecture: Architecture,
    parameters: Float[Tensor, "*network parameter"],
    inputs: Float[Tensor, "*data example feature"],
) -> Float[Tensor, "*network example output"]:
    """Return the scores of the output layer, before the output activation.

    Args:
        architecture: the networks' shape.
        parameters: as `Ensemble.snapshot` gives them.
        inputs: examples that all networks share, or one data set per network.
    """
    activation = ACTIVATIONS[architecture.activation]
    *hidden, last = unpacked(architecture, parameters)
    activations = inputs
    for weights, biases in hidden:
        scores = activations @ weights + biases.unsqueeze(-2)
        activations = torch.empty_like(scores)
        activation.forward(scores, out=activations)
    weights, biases = last
    return activations @ weights + biases.unsqueeze(-2)


@torch.no_grad()
def outputs_of(
    architecture: Architecture,
    parameters: Float[Tensor, "*network parameter"],
    inputs: Float[Tensor, "*data example feature"],
) -> Float[Tensor, "*network example output"]:
    """Return the outputs, after the output activation; arguments as for `scores_of`."""
    scores = scores_of(architecture, parameters, inputs)
    outputs = torch.empty_like(scores)
    output_activation(architecture.output, neuron_axis=-1).forward(scores, out=outputs)
    return outputs


@torch.no_grad()
def losses_of(
    architecture: Architecture,
    parameters: Float[Tensor, "*network parameter"],
    inputs: Float[Tensor, "*data example feature"],
    targets: Float[Tensor, "*data example output"],
) -> Float[Tensor, "*network"]:
    """Return the mean loss of each network, without penalties.

    Args:
        architecture: the networks' shape.
        parameters: as `Ensemble.snapshot` gives them.
        inputs: examples that all networks share, or one data set per network.
        targets: the outputs aimed at, shared or one set per network.
    """
    scores = scores_of(architecture, parameters, inputs)
    return example_losses(architecture.loss, architecture.output, scores, targets).mean(-1)
