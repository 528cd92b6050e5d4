"""Deep multi-layer perceptrons whose layers can be normalised and bridged, from one generator."""

import math
from dataclasses import dataclass
from typing import Literal, assert_never

import torch
from jaxtyping import Float64
from torch import Tensor, nn
from torch.nn import functional

ActivationName = Literal["sigmoid", "tanh", "relu", "leaky_relu", "gelu", "silu", "linear"]
InitialName = Literal["uniform", "normal", "xavier", "he", "torch"]
NormalisationName = Literal["none", "batch", "layer"]

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "linear": nn.Identity(),
}


@dataclass(frozen=True, slots=True)
class DeepArchitecture:
    """What a deep network is made of.

    Attributes:
        inputs: features of an example.
        depth: hidden layers, at least one.
        width: neurons of each hidden layer.
        outputs: scores, one per class.
        activation: the f in a = f(z).
        initial: the rule of the first weights; see `first_weights`.
        normalisation: what stands between z and f: nothing, or z in units of its own spread, over the
            examples of the batch for each neuron, or over the neurons of the layer for each example.
        residual: whether each hidden layer but the first adds its input to its output.
    """

    inputs: int
    depth: int
    width: int
    outputs: int
    activation: ActivationName = "sigmoid"
    initial: InitialName = "xavier"
    normalisation: NormalisationName = "none"
    residual: bool = False


class HiddenLayer(nn.Module):
    """One layer, a' = f(N(W a + b)), or a' = a + f(N(W a + b)) with a bridge.

    Source: Ioffe and Szegedy (2015), algorithm 1; Ba, Kiros and Hinton (2016), equation 3;
        He, Zhang, Ren and Sun (2016), equation 1.
    """

    def __init__(self, architecture: DeepArchitecture, number: int, generator: torch.Generator) -> None:
        super().__init__()
        inputs = architecture.width if number else architecture.inputs
        self.linear = linear(inputs, architecture.width, architecture.initial, generator)
        self.normalisation = normalisation(architecture.normalisation, architecture.width)
        self.activation = ACTIVATIONS[architecture.activation]
        self.residual = architecture.residual and number > 0

    def forward(self, inputs: Float64[Tensor, "example input"]) -> Float64[Tensor, "example neuron"]:
        """Return the activations of the layer."""
        activations = self.activation(self.normalisation(self.linear(inputs)))
        return inputs + activations if self.residual else activations


class DeepNetwork(nn.Module):
    """Hidden layers one after the other, then scores; double precision.

    Batch normalisation always uses the batch at hand, also when the network is measured, so that a
    network's numbers depend on its parameters and its inputs alone.
    """

    def __init__(self, architecture: DeepArchitecture, generator: torch.Generator) -> None:
        super().__init__()
        numbers = range(architecture.depth)
        self.hidden = nn.ModuleList(HiddenLayer(architecture, number, generator) for number in numbers)
        self.output = linear(architecture.width, architecture.outputs, architecture.initial, generator)

    def forward(self, inputs: Float64[Tensor, "example feature"]) -> Float64[Tensor, "example class"]:
        """Return the scores of the classes."""
        for layer in self.hidden:
            inputs = layer(inputs)
        return self.output(inputs)

    def layers(self) -> list[HiddenLayer]:
        """Return the hidden layers, from the input side."""
        return [layer for layer in self.hidden if isinstance(layer, HiddenLayer)]


def linear(inputs: int, outputs: int, initial: InitialName, generator: torch.Generator) -> nn.Linear:
    """Return W a + b with first weights by the rule `initial`; b starts at 0, with "torch" as W does."""
    # Made without numbers: torch would draw them from the generator that all visitors share.
    layer = nn.Linear(inputs, outputs, dtype=torch.float64, device="meta").to_empty(device="cpu")
    with torch.no_grad():
        layer.weight.copy_(first_weights(inputs, outputs, initial, generator))
        layer.bias.zero_()
        if initial == "torch":
            bound = 1 / math.sqrt(inputs)
            layer.bias.uniform_(-bound, bound, generator=generator)
    return layer


def first_weights(
    inputs: int, outputs: int, initial: InitialName, generator: torch.Generator
) -> Float64[Tensor, "output input"]:
    """Return the first weights of one layer.

    Args:
        inputs: neurons that feed the layer.
        outputs: neurons of the layer.
        initial: "uniform" is U(-0.5, 0.5); "normal" is N(0, 1); "xavier" is U(-a, a) with
            a = sqrt(6 / (inputs + outputs)); "he" is normal with standard deviation sqrt(2 / inputs);
            "torch", the default of `nn.Linear`, is U(-a, a) with a = 1 / sqrt(inputs).
        generator: of the CPU; inputs * outputs numbers are taken.

    Source: Glorot and Bengio (2010), equation 16; He, Zhang, Ren and Sun (2015), equation 10.
    """
    weights = torch.empty(outputs, inputs, dtype=torch.float64)
    match initial:
        case "uniform":
            return weights.uniform_(-0.5, 0.5, generator=generator)
        case "normal":
            return weights.normal_(0, 1, generator=generator)
        case "xavier":
            bound = math.sqrt(6 / (inputs + outputs))
            return weights.uniform_(-bound, bound, generator=generator)
        case "he":
            return weights.normal_(0, math.sqrt(2 / inputs), generator=generator)
        case "torch":
            bound = 1 / math.sqrt(inputs)
            return weights.uniform_(-bound, bound, generator=generator)
        case _:
            assert_never(initial)


def normalisation(name: NormalisationName, width: int) -> nn.Module:
    """Return what stands between the weighted sums and the activation function."""
    match name:
        case "none":
            return nn.Identity()
        case "batch":
            return nn.BatchNorm1d(width, track_running_stats=False, dtype=torch.float64)
        case "layer":
            return nn.LayerNorm(width, dtype=torch.float64)
        case _:
            assert_never(name)
