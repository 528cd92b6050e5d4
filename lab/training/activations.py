"""Activation functions a = f(z) and their backward passes, written into buffers that are already there."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

ActivationName = Literal["relu", "leaky_relu", "tanh", "sigmoid", "gelu", "linear"]
OutputName = Literal["linear", "tanh", "sigmoid", "softmax"]

LEAKY_SLOPE = 0.01
"""Slope of leaky ReLU left of zero, as in torch.nn.LeakyReLU."""

Call = Callable[[], Any]
"""An operation with its buffers, to be made again and again."""


def bare(operation: Any) -> Callable[..., Any]:
    """Return an operation of torch.ops without its Python wrapper, which takes longer than a small one."""
    return getattr(operation, "_op", operation)


aten = torch.ops.aten
relu_kernel = bare(aten.threshold_backward.grad_input)
leaky_relu_kernel = bare(aten.leaky_relu_backward.grad_input)
tanh_kernel = bare(aten.tanh_backward.grad_input)
sigmoid_kernel = bare(aten.sigmoid_backward.grad_input)


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation function.

    Attributes:
        forward: `forward(scores, out=activations)` writes a = f(z).
        backward: `backward(delta, scores, activations)` returns a call that multiplies delta, the slope of
            the loss by a, with f'(z) in place: it becomes the slope of the loss by z.
    """

    forward: Callable[..., Any]
    backward: Callable[[Tensor, Tensor, Tensor], Call]


def unchanged(scores: Tensor, *, out: Tensor) -> None:
    """Write a = z."""
    out.copy_(scores)


def unchanged_backward(delta: Tensor, scores: Tensor, activations: Tensor) -> Call:
    """Leave delta as it is: f'(z) = 1."""
    return nothing


def nothing() -> None:
    """Do nothing."""


def relu_backward(delta: Tensor, scores: Tensor, activations: Tensor) -> Call:
    """Keep delta where a > 0: f'(z) = 1 if z > 0 else 0."""
    return partial(relu_kernel, delta, activations, 0, grad_input=delta)


def leaky_relu_backward(delta: Tensor, scores: Tensor, activations: Tensor) -> Call:
    """Shrink delta where z <= 0: f'(z) = 1 if z > 0 else 0.01."""
    return partial(leaky_relu_kernel, delta, scores, LEAKY_SLOPE, False, grad_input=delta)


def tanh_backward(delta: Tensor, scores: Tensor, activations: Tensor) -> Call:
    """Multiply delta with f'(z) = 1 - a^2."""
    return partial(tanh_kernel, delta, activations, grad_input=delta)


def sigmoid_backward(delta: Tensor, scores: Tensor, activations: Tensor) -> Call:
    """Multiply delta with f'(z) = a (1 - a)."""
    return partial(sigmoid_kernel, delta, activations, grad_input=delta)


def gelu(scores: Tensor, *, out: Tensor) -> None:
    """Write a = z P(z) with P(z) = (1 + erf(z / sqrt 2)) / 2, the normal distribution function.

    torch's own kernel is not used: its last bit depends on where in a buffer a number lies, so a network
    would depend on how many others are trained beside it.

    Source: Hendrycks and Gimpel (2016), equation 1.
    """
    torch.erf(scores * math.sqrt(0.5), out=out)
    torch.addcmul(scores, scores, out, out=out)
    out.mul_(0.5)


def gelu_backward(delta: Tensor, scores: Tensor, activations: Tensor) -> Call:
    """Multiply delta with f'(z) = P(z) + z p(z), where p is the normal density."""
    return partial(multiply_by_gelu_slope, delta, scores)


def multiply_by_gelu_slope(delta: Tensor, scores: Tensor) -> None:
    """Do what `gelu_backward` prepares."""
    distribution = torch.erf(scores * math.sqrt(0.5)).add_(1).mul_(0.5)
    density = torch.exp(scores.square().mul_(-0.5)).mul_(1 / math.sqrt(2 * math.pi))
    delta.mul_(distribution.addcmul_(scores, density))


ACTIVATIONS: dict[ActivationName, Activation] = {
    "relu": Activation(partial(torch.clamp_min, min=0), relu_backward),
    "leaky_relu": Activation(
        partial(bare(aten.leaky_relu.out), negative_slope=LEAKY_SLOPE), leaky_relu_backward
    ),
    "tanh": Activation(torch.tanh, tanh_backward),
    "sigmoid": Activation(torch.sigmoid, sigmoid_backward),
    "gelu": Activation(gelu, gelu_backward),
    "linear": Activation(unchanged, unchanged_backward),
}


def output_activation(output: OutputName, neuron_axis: int) -> Activation:
    """Return the activation of the output layer.

    Args:
        output: its name.
        neuron_axis: the axis of the neurons, over which softmax sums.

    Softmax has no backward pass of its own: it is trained with cross-entropy, whose slope by the scores is
    known whole.
    """
    if output == "softmax":
        return Activation(partial(torch.softmax, dim=neuron_axis), unchanged_backward)
    return ACTIVATIONS[output]
