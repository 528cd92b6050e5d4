"""Initial weights and biases of a multi-layer perceptron, drawn from one seed."""

import math
from collections.abc import Sequence
from typing import Literal, assert_never

import torch
from jaxtyping import Float64
from torch import Tensor

InitialName = Literal["tfp_uniform", "xavier", "he", "zeros"]


def initial_parameters(
    shapes: Sequence[tuple[int, int]], initial: InitialName, seed: int
) -> Float64[Tensor, " parameter"]:
    """Return the parameters with which one network starts.

    They depend on the shapes, the rule and the seed alone: all numbers are drawn on the CPU in double
    precision, layer by layer from the inputs on, the weights of a layer row by row. Biases are not drawn.

    Args:
        shapes: (fan_in, fan_out) of each layer, inputs first.
        initial: the rule; see `initial_weights`. Biases start at 0.1 with "tfp_uniform", else at 0.
        seed: any integer that `torch.Generator.manual_seed` takes.

    Returns:
        Layer by layer the weights, [fan_in, fan_out] row by row, then the biases.

    Example:
        >>> initial_parameters([(2, 1)], "tfp_uniform", seed=0)[-1].item()
        0.1
    """
    generator = torch.Generator().manual_seed(seed)
    bias = 0.1 if initial == "tfp_uniform" else 0.0
    pieces: list[Tensor] = []
    for fan_in, fan_out in shapes:
        pieces.append(initial_weights(fan_in, fan_out, initial, generator).flatten())
        pieces.append(torch.full((fan_out,), bias, dtype=torch.float64))
    return torch.cat(pieces)


def initial_weights(
    fan_in: int, fan_out: int, initial: InitialName, generator: torch.Generator
) -> Float64[Tensor, "fan_in fan_out"]:
    """Return the first weights of one layer.

    Args:
        fan_in: neurons that feed the layer.
        fan_out: neurons of the layer.
        initial: "tfp_uniform" is U(-0.5, 0.5); "xavier" is U(-a, a) with a = sqrt(6 / (fan_in + fan_out));
            "he" is normal with standard deviation sqrt(2 / fan_in); "zeros" draws nothing.
        generator: a generator of the CPU, from which fan_in * fan_out numbers are taken.

    Source: TensorFlow Playground (nn.ts); Glorot and Bengio (2010), equation 16;
        He, Zhang, Ren and Sun (2015), equation 10.
    """
    weights = torch.zeros(fan_in, fan_out, dtype=torch.float64)
    match initial:
        case "tfp_uniform":
            return weights.uniform_(-0.5, 0.5, generator=generator)
        case "xavier":
            bound = math.sqrt(6 / (fan_in + fan_out))
            return weights.uniform_(-bound, bound, generator=generator)
        case "he":
            return weights.normal_(0, math.sqrt(2 / fan_in), generator=generator)
        case "zeros":
            return weights
        case _:
            assert_never(initial)
