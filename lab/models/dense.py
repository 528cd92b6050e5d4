"""A multi-layer perceptron with its backward pass written out by hand, layer by layer, double precision.

The formulas are those that the lesson on backpropagation shows; tests hold them against autograd.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float64, Int64
from torch import Tensor


class Function(NamedTuple):
    """An activation function f, its slope f', and both in KaTeX, as functions of z."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    slope_katex: str


def _sigmoid_slope(scores: Tensor) -> Tensor:
    values = torch.sigmoid(scores)
    return values * (1 - values)


def _gelu(scores: Tensor) -> Tensor:
    return scores * 0.5 * (1 + torch.erf(scores / math.sqrt(2)))


def _gelu_slope(scores: Tensor) -> Tensor:
    density = torch.exp(-scores.square() / 2) / math.sqrt(2 * math.pi)
    return 0.5 * (1 + torch.erf(scores / math.sqrt(2))) + scores * density


FUNCTIONS: dict[str, Function] = {
    "tanh": Function(torch.tanh, lambda z: 1 - torch.tanh(z).square(), r"1-\tanh^2 z"),
    "sigmoid": Function(torch.sigmoid, _sigmoid_slope, r"\sigma(z)\,(1-\sigma(z))"),
    "relu": Function(torch.relu, lambda z: (z > 0).to(z), r"1 \text{ if } z>0 \text{ else } 0"),
    "gelu": Function(_gelu, _gelu_slope, r"\Phi(z)+z\,\varphi(z)"),
    "linear": Function(lambda z: z, torch.ones_like, "1"),
}


@dataclass(frozen=True, slots=True)
class Layer:
    """The parameters of one layer, or a number for each of them: a gradient, a step."""

    weights: Float64[Tensor, "neuron input"]
    biases: Float64[Tensor, " neuron"]


@dataclass(frozen=True, slots=True)
class Forward:
    """What a forward pass leaves behind for the backward pass.

    Attributes:
        activations: the features, then a = f(z) of each hidden layer.
        scores: z of each layer; the last are the scores of the classes.
        losses: softmax cross-entropy of each example, in nats.
    """

    activations: Sequence[Float64[Tensor, "example neuron"]]
    scores: Sequence[Float64[Tensor, "example neuron"]]
    losses: Float64[Tensor, " example"]

    @property
    def loss(self) -> float:
        """Return the mean loss."""
        return float(self.losses.mean())


def forward(
    layers: Sequence[Layer],
    activation: str,
    inputs: Float64[Tensor, "example feature"],
    labels: Int64[Tensor, " example"],
) -> Forward:
    """Return all that the layers compute of the examples."""
    function = FUNCTIONS[activation].value
    activations, scores = [inputs], []
    for number, layer in enumerate(layers, start=1):
        # z = W a + b, a = f(z); an example is a row here, so W stands on the right, transposed.
        scores.append(activations[-1] @ layer.weights.T + layer.biases)
        if number < len(layers):
            activations.append(function(scores[-1]))
    last = scores[-1]
    right = last.gather(1, labels[:, None])[:, 0]
    return Forward(activations, scores, torch.logsumexp(last, dim=1) - right)


def deltas(
    layers: Sequence[Layer], activation: str, passed: Forward, labels: Int64[Tensor, " example"]
) -> list[Float64[Tensor, "example neuron"]]:
    """Return the slope of each example's loss by the z of each layer.

    Source: Goodfellow, Bengio, Courville (2016), Deep Learning, algorithm 6.4.
    """
    slope = FUNCTIONS[activation].slope
    probabilities = torch.softmax(passed.scores[-1], dim=1)
    # delta^(L) = p - y
    found = [probabilities - torch.nn.functional.one_hot(labels, probabilities.shape[1])]
    for layer, scores in zip(reversed(layers[1:]), reversed(passed.scores[:-1]), strict=True):
        # delta^(l) = (W^(l+1)^T delta^(l+1)) * f'(z^(l))
        found.append((found[-1] @ layer.weights) * slope(scores))
    return found[::-1]


def gradients(passed: Forward, found: Sequence[Float64[Tensor, "example neuron"]]) -> list[Layer]:
    """Return the slope of the mean loss by every weight and bias."""
    examples = len(passed.losses)
    return [
        # dL/dW = delta a^T and dL/db = delta, averaged over the examples
        Layer(delta.T @ activations / examples, delta.mean(dim=0))
        for delta, activations in zip(found, passed.activations, strict=True)
    ]


def moved(layers: Sequence[Layer], direction: Sequence[Layer], step: float) -> list[Layer]:
    """Return the parameters after w <- w + step * direction."""
    return [
        Layer(one.weights + step * way.weights, one.biases + step * way.biases)
        for one, way in zip(layers, direction, strict=True)
    ]


def dot(one: Sequence[Layer], other: Sequence[Layer]) -> float:
    """Return the sum of the products of all pairs of numbers: g . dw."""
    return sum(
        float((a.weights * b.weights).sum() + (a.biases * b.biases).sum())
        for a, b in zip(one, other, strict=True)
    )


def autograd_gradients(
    layers: Sequence[Layer],
    activation: str,
    inputs: Float64[Tensor, "example feature"],
    labels: Int64[Tensor, " example"],
) -> list[Layer]:
    """Return the same slopes as `gradients`, but found by PyTorch's autograd from PyTorch's own functions."""
    function = {
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "relu": torch.relu,
        "gelu": torch.nn.functional.gelu,
        "linear": torch.nn.Identity(),
    }[activation]
    parameters = [tensor.clone().requires_grad_() for one in layers for tensor in (one.weights, one.biases)]
    pairs = list(zip(parameters[::2], parameters[1::2], strict=True))
    hidden = inputs
    for weights, biases in pairs[:-1]:
        hidden = function(torch.nn.functional.linear(hidden, weights, biases))
    loss = torch.nn.functional.cross_entropy(torch.nn.functional.linear(hidden, *pairs[-1]), labels)
    found = torch.autograd.grad(loss, parameters)
    return [Layer(weights, biases) for weights, biases in zip(found[::2], found[1::2], strict=True)]
