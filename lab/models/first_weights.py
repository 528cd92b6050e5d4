"""First weights of any module as a library draws them unasked, but from a generator that is passed in."""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import nn

Library = Literal["keras", "torch"]


def with_first_weights(
    network: Callable[[], nn.Module], library: Library, generator: torch.Generator
) -> nn.Module:
    """Return `network()` with first weights from `generator`.

    Dense and convolutional layers draw their own from the generator all visitors share; here they are made
    without memory, which draws nothing, and filled afterwards, layer by layer.

    Args:
        network: makes the module; its parameters are those of `nn.Linear` and `nn.Conv2d`.
        library: "keras" is U(-a, a) with a = sqrt(6 / (fan_in + fan_out)) and biases of 0 (Glorot); "torch"
            is U(-b, b) with b = 1 / sqrt(fan_in), for weights and biases.
        generator: of the CPU.

    Source: Keras' `Dense` and `Conv2D`, PyTorch's `nn.Linear` and `nn.Conv2d`, their documented defaults.

    Example:
        >>> line = with_first_weights(lambda: nn.Linear(4, 1), "keras", torch.Generator().manual_seed(0))
        >>> line.bias.tolist()
        [0.0]
    """
    with torch.device("meta"):
        model = network()
    model.to_empty(device="cpu")
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            _fill(layer, library, generator)
    return model


@torch.no_grad()
def _fill(layer: nn.Linear | nn.Conv2d, library: Library, generator: torch.Generator) -> None:
    bound = 1 / math.sqrt(layer.weight[0].numel())
    if library == "keras":
        nn.init.xavier_uniform_(layer.weight, generator=generator)
    else:
        layer.weight.uniform_(-bound, bound, generator=generator)
    if layer.bias is not None:
        layer.bias.zero_()
        if library == "torch":
            layer.bias.uniform_(-bound, bound, generator=generator)
