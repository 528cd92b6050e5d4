"""Probes: what passes through the layers of a network, forwards and backwards.

Hooks are context managers: they are removed when the `with` block is left, however it is left.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


@dataclass(slots=True)
class Recording:
    """What hooks have seen, by layer.

    Attributes:
        activations: the last output of each layer.
        slopes: the slope of the loss by each of these outputs, once `backward` has passed.
    """

    activations: dict[int, Float[Tensor, "example neuron"]] = field(default_factory=dict)
    slopes: dict[int, Float[Tensor, "example neuron"]] = field(default_factory=dict)


@contextmanager
def recording(layers: Sequence[nn.Module]) -> Iterator[Recording]:
    """Record what the layers put out, and the slopes that come back to it.

    Example:
        >>> layer = nn.Linear(2, 1)
        >>> with recording([layer]) as seen:
        ...     layer(torch.zeros(3, 2)).sum().backward()
        >>> seen.slopes[0].tolist()
        [[1.0], [1.0], [1.0]]
        >>> len(layer._forward_hooks)
        0
    """
    seen = Recording()
    handles: list[RemovableHandle] = []

    def hear(number: int, output: Tensor) -> None:
        seen.activations[number] = output.detach()
        if output.requires_grad:
            handles.append(output.register_hook(lambda slope: seen.slopes.__setitem__(number, slope)))

    try:
        for number, layer in enumerate(layers):
            handles.append(
                layer.register_forward_hook(
                    lambda _layer, _inputs, output, number=number: hear(number, output)
                )
            )
        yield seen
    finally:
        for handle in handles:
            handle.remove()


@dataclass(frozen=True, slots=True)
class LayerStatistics:
    """One number per layer, from the input side; not finite where numbers have overflowed.

    Attributes:
        weight_gradient: root mean square of the loss's slopes by the weights of the layer.
        slope: root mean square of its slopes by the layer's outputs, over neurons, summed over examples
            as in the mean loss (so times the examples: the slope of one example's loss).
        spread: how far outputs differ from example to example: the standard deviation over the examples,
            root mean square over the neurons.
        mean: of all outputs.
    """

    weight_gradient: Float[np.ndarray, " layer"]
    slope: Float[np.ndarray, " layer"]
    spread: Float[np.ndarray, " layer"]
    mean: Float[np.ndarray, " layer"]


def layer_statistics(seen: Recording, weights: Sequence[nn.Parameter]) -> LayerStatistics:
    """Return the statistics of each recorded layer after a backward pass.

    Args:
        seen: what `recording` has heard.
        weights: the weight matrix of each recorded layer, with its gradient.
    """
    numbers = range(len(weights))
    activations = [seen.activations[number] for number in numbers]
    return LayerStatistics(
        weight_gradient=_numbers([_gradient(weight).square().mean().sqrt() for weight in weights]),
        slope=_numbers([seen.slopes[n].square().mean().sqrt() * len(seen.slopes[n]) for n in numbers]),
        spread=_numbers([one.var(dim=0, correction=0).mean().sqrt() for one in activations]),
        mean=_numbers([one.mean() for one in activations]),
    )


def _gradient(weight: nn.Parameter) -> Tensor:
    if weight.grad is None:
        raise ValueError("weights: expected a gradient, got none; call backward first")
    return weight.grad


def _numbers(values: Sequence[Tensor]) -> np.ndarray:
    return torch.stack(list(values)).to(torch.float64).cpu().numpy()


def first_overflow(seen: Recording) -> int | None:
    """Return the first layer, from 0, whose output is not finite in some place; None if there is none."""
    lost = [number for number, output in seen.activations.items() if not bool(output.isfinite().all())]
    return min(lost, default=None)
