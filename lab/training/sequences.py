"""Training of recurrent networks: gradients through a limited number of steps, clipped before the update."""

import math
from collections.abc import Callable, Iterator
from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from lab.models.cells import Kind
from lab.models.recurrent import Recurrent, detached

Inputs = Float[Tensor, "time sequence input"]
Targets = Float[Tensor, "counted sequence output"] | Int64[Tensor, "counted sequence"]
"""What the outputs of the last `counted` steps should be; the outputs before them are not asked for."""
Criterion = Callable[[Tensor, Tensor], Tensor]
"""The mean loss over steps and sequences, from outputs and targets of the same steps."""
OptimizerName = Literal["adam", "sgd"]

PER_STEP: dict[Kind, float] = {"rnn": 60e-6, "lstm": 35e-6, "gru": 240e-6}
PER_PRODUCT: dict[Kind, float] = {"rnn": 7e-11, "lstm": 7e-11, "gru": 1.2e-10}
"""CPU seconds of an update on a current core: for each step of each layer, and for each multiply-add of its
forward pass."""


MOST_AT_ONCE = 1_000_000_000
"""Multiply-adds of a forward pass, about: its backward pass takes less than a tenth of a second."""


def sequence_seconds(cell: Kind, *, steps: int, products: float, cuts: int = 1) -> float:
    """Return roughly the CPU seconds of one update of one network.

    Args:
        cell: PyTorch has a fused step on the CPU for the LSTM alone.
        steps: of all layers.
        products: multiply-adds of the forward pass over the whole batch.
        cuts: pieces through which gradients flow.
    """
    return 1.2e-3 + 0.3e-3 * cuts + steps * PER_STEP[cell] + products * PER_PRODUCT[cell]


UNASKED = -100
"""The label of a step whose output is not asked for, as `torch.nn.functional.cross_entropy` has it."""


def squared_error(
    outputs: Float[Tensor, "counted sequence output"], targets: Float[Tensor, "counted sequence output"]
) -> Float[Tensor, ""]:
    """Return the mean of (output - target) squared."""
    return (outputs - targets).square().mean()


def class_error(
    scores: Float[Tensor, "counted sequence class"], labels: Int64[Tensor, "counted sequence"]
) -> Float[Tensor, ""]:
    """Return the mean cross-entropy in nats; steps with the label `UNASKED` do not count."""
    return cross_entropy(scores.flatten(0, 1), labels.flatten())


def pieces(steps: int, truncation: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of the pieces through which gradients flow; only the first may be shorter.

    Args:
        steps: of the sequence.
        truncation: steps of a piece; 0 is the whole sequence.

    Example:
        >>> list(pieces(10, 4)), list(pieces(10, 0))
        ([(0, 2), (2, 6), (6, 10)], [(0, 10)])
    """
    size = truncation or steps
    ends = range(steps % size or size, steps + 1, size)
    start = 0
    for end in ends:
        yield start, end
        start = end


def backward(
    network: Recurrent,
    inputs: Inputs,
    targets: Targets,
    criterion: Criterion,
    truncation: int = 0,
    *,
    share: float = 1.0,
) -> Float[Tensor, ""]:
    """Add the gradient of the mean loss, times `share`, to the network's parameters, and return that loss.

    With truncation the hidden state still goes from piece to piece, but no gradient goes back between them:
    the loss of a step knows at most `truncation` steps. Source: Williams and Peng (1990).

    Args:
        network: whose gradients are added to.
        inputs: sequences of at least as many steps as `targets`.
        targets: of the last steps.
        criterion: the mean loss.
        truncation: steps of a piece; 0 for back-propagation through all steps.
        share: of these sequences in a batch that is worked through bit by bit.
    """
    steps, counted = len(inputs), len(targets)
    total = torch.zeros((), dtype=inputs.dtype)
    state = None
    for start, end in pieces(steps, truncation):
        first = max(start, steps - counted)
        with torch.set_grad_enabled(first < end):
            outputs, _states, after = network(inputs[start:end], state)
        if first < end:
            asked = targets[first - steps + counted : end - steps + counted]
            loss = criterion(outputs[first - start :], asked) * (share * len(asked) / counted)
            loss.backward()
            total += loss.detach()
        state = detached(after)
    return total


class SequenceTraining:
    """One recurrent network in training; after an overflow it stays as it was when it happened.

    Args:
        network: what is trained.
        criterion: the mean loss.
        rate: the learning rate.
        clip: the largest norm a gradient may have; a longer one is shortened to it. 0 is off.
        truncation: steps through which gradients flow; 0 is all.
        optimizer: "adam", or "sgd" for plain gradient descent.
    """

    def __init__(
        self,
        network: Recurrent,
        criterion: Criterion,
        *,
        rate: float,
        clip: float = 0.0,
        truncation: int = 0,
        optimizer: OptimizerName = "adam",
    ) -> None:
        self.network, self.criterion = network, criterion
        self.truncation, self.clip = truncation, clip
        kind = torch.optim.Adam if optimizer == "adam" else torch.optim.SGD
        self.optimizer = kind(network.parameters(), lr=rate, fused=True)
        self.steps = 0
        self.overflow = 0
        self.longest = 0.0

    def step(self, inputs: Inputs, targets: Targets) -> float:
        """Take one step down the gradient and return the loss before it; NaN from an overflow on."""
        if self.overflow:
            return math.nan
        self.steps += 1
        self.optimizer.zero_grad()
        loss = self._backward(inputs, targets)
        norm = clip_grad_norm_(self.network.parameters(), self.clip or math.inf).item()
        if not math.isfinite(loss.item()):
            self.overflow = self.steps
            return math.nan
        self.longest = max(self.longest, norm) if math.isfinite(norm) else math.inf
        self.optimizer.step()
        return loss.item()

    def _backward(self, inputs: Inputs, targets: Targets) -> Tensor:
        """Add up the gradient; of a large batch bit by bit, since one call of autograd cannot be stopped."""
        steps, count = inputs.shape[:2]
        size = steps * sum(parameter.numel() for parameter in self.network.parameters())
        some = max(1, MOST_AT_ONCE // size)
        return torch.stack(
            [
                backward(self.network, *both, self.criterion, self.truncation, share=both[0].shape[1] / count)
                for both in zip(inputs.split(some, dim=1), targets.split(some, dim=1), strict=True)
            ]
        ).sum()

    def longest_gradient(self) -> float:
        """Return the largest norm of a gradient, before clipping, since this was last asked; NaN for none."""
        longest, self.longest = self.longest, 0.0
        return math.nan if self.overflow else longest

    @torch.no_grad()
    def outputs(self, inputs: Inputs, counted: int) -> Float[Tensor, "counted sequence output"]:
        """Return the outputs of the last `counted` steps."""
        return self.network(inputs)[0][-counted:]
