"""Probes: what passes through the layers of a network, forwards and backwards.

Hooks are context managers: they are removed when the `with` block is left, however it is left.
"""

from collections.abc import Callable, Iterator, Sequence
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
        outputs: the last output of each layer.
        slopes: the slope of the loss by each of these outputs, once `backward` has passed.
    """

    outputs: dict[int, Float[Tensor, "example neuron"]] = field(default_factory=dict)
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

    def ear(number: int) -> Callable[[nn.Module, object, Tensor], None]:
        def hear(_layer: nn.Module, _inputs: object, output: Tensor) -> None:
            seen.outputs[number] = output.detach()
            if output.requires_grad:
                handles.append(output.register_hook(lambda slope: seen.slopes.__setitem__(number, slope)))

        return hear

    try:
        handles += [layer.register_forward_hook(ear(number)) for number, layer in enumerate(layers)]
        yield seen
    finally:
        for handle in handles:
            handle.remove()


@dataclass(frozen=True, slots=True)
class LayerStatistics:
    """One number per layer, from the input side; not finite where numbers have overflowed.

    Attributes:
        gradient: of the mean loss by the layer's weights, root mean square over the weights.
        slope: of an example's loss by the layer's outputs, root mean square over examples and neurons.
        spread: how much an output differs from example to example: standard deviation over the examples,
            root mean square over the neurons. 0 means that the layer no longer tells examples apart.
    """

    gradient: Float[np.ndarray, " layer"]
    slope: Float[np.ndarray, " layer"]
    spread: Float[np.ndarray, " layer"]


def layer_statistics(seen: Recording, weights: Sequence[Tensor]) -> LayerStatistics:
    """Return the statistics of each recorded layer after the backward pass of a mean loss.

    Args:
        seen: what `recording` has heard.
        weights: the weight matrix of each recorded layer, with its gradient.

    Raises:
        ValueError: a layer was not reached by a backward pass.
    """
    numbers = range(len(weights))
    if any(weight.grad is None for weight in weights) or len(seen.slopes) < len(weights):
        raise ValueError("weights: expected a gradient for each layer, got none; call backward first")
    outputs = [seen.outputs[number] for number in numbers]
    return LayerStatistics(
        gradient=_numbers([root_mean_square(weight.grad) for weight in weights if weight.grad is not None]),
        # The mean loss divides each example's slope by their number.
        slope=_numbers([root_mean_square(seen.slopes[n]) * len(seen.slopes[n]) for n in numbers]),
        spread=_numbers([root_mean_square(one - one.mean(dim=0)) for one in outputs]),
    )


def root_mean_square(values: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """Return the root of the mean square; squares neither overflow nor vanish where the values do not.

    Example:
        >>> root_mean_square(torch.tensor([3e-200, -4e-200], dtype=torch.float64)).item()
        3.5355339059327375e-200
    """
    top = values.abs().max()
    scale = torch.where(top.isfinite() & (top > 0), top, 1.0)
    return scale * (values / scale).square().mean().sqrt()


def _numbers(values: Sequence[Tensor]) -> np.ndarray:
    return torch.stack(list(values)).to(torch.float64).cpu().numpy()


def first_overflow(seen: Recording) -> int | None:
    """Return the first layer, from 0, some output of which is not finite; None if all are."""
    lost = [number for number, output in seen.outputs.items() if not bool(output.isfinite().all())]
    return min(lost, default=None)
