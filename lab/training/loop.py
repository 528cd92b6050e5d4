"""The textbook loop: train any module of PyTorch by autograd, and tell what happens as events.

`lab.training.ensemble` is faster for multi-layer perceptrons; this loop is for everything else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.optim import Optimizer

from lab.core.events import Diverged, Evaluated, Event, Finished, Started

Loss = Callable[[Tensor, Tensor], Tensor]
"""The mean loss of a batch, from what the model says and the targets."""

Measure = Callable[[], Mapping[str, float]]
"""What is told of the model after each epoch, by name; it must not change the model."""


@dataclass(frozen=True, slots=True)
class Course:
    """How long to train and in which portions.

    Attributes:
        epochs: passes over the examples, 0 or more.
        batch_size: examples of a step, at least 1; the last batch of an epoch may be smaller.
        generator: of the CPU; gives the order of the examples in each epoch.
    """

    epochs: int
    batch_size: int
    generator: torch.Generator


def training_loop(
    model: nn.Module,
    loss: Loss,
    optimizer: Optimizer,
    data: tuple[Shaped[Tensor, "example ..."], Shaped[Tensor, "example ..."]],
    *,
    course: Course,
    measure: Measure,
) -> Iterator[Event]:
    """Yield `Started`, an `Evaluated` before the first epoch and after each, and `Finished`.

    An epoch's scores are those of `measure` and `step_loss`: the mean loss over the examples, each measured
    before the step it is used in; NaN at epoch 0. If a step's loss is not finite, `Diverged` is told after
    its epoch and the loop ends.

    Args:
        model: is trained in place. Layers of its own that draw numbers (`nn.Dropout`) take them from the
            generator all visitors share; give it layers that hold a generator instead.
        loss: gives the mean loss of a batch.
        optimizer: of the model's parameters.
        data: inputs and targets, on the model's device.
        course: how long to train.
        measure: called in evaluation mode, without gradients.
    """
    inputs, targets = data
    yield Started(float(course.epochs), 1)
    yield _evaluated(0, model, measure, float("nan"))
    steps = 0
    for epoch in range(1, course.epochs + 1):
        model.train()
        losses, weights = [], []
        for batch in torch.randperm(len(inputs), generator=course.generator).split(course.batch_size):
            optimizer.zero_grad()
            batch_loss = loss(model(inputs[batch]), targets[batch])
            batch_loss.backward()
            optimizer.step()
            losses.append(batch_loss.detach())  # reading a number here would wait for the device
            weights.append(len(batch))
        told = torch.stack(losses).double().cpu()
        mean = float((told * torch.tensor(weights)).sum() / len(inputs))
        yield _evaluated(epoch, model, measure, mean)
        if not told.isfinite().all():
            yield Diverged(0, steps + 1 + int((~told.isfinite()).int().argmax()))
            yield Finished("diverged", float(epoch))
            return
        steps += len(losses)
    yield Finished("epochs", float(course.epochs))


def _evaluated(epoch: int, model: nn.Module, measure: Measure, step_loss: float) -> Evaluated:
    model.eval()
    with torch.no_grad():
        scores = {"step_loss": step_loss, **measure()}
    return Evaluated(float(epoch), {name: np.array([value]) for name, value in scores.items()})


def side_by_side(loops: Sequence[Iterator[Event]], epochs: int) -> Iterator[Event]:
    """Yield the events of several loops as those of one run, epoch by epoch.

    Network i is the i-th loop; after it has diverged its scores are NaN. The loops take turns, so the first
    epochs of all can be seen before the last of any.

    Args:
        loops: `training_loop`s of `epochs` epochs that measure scores of the same names; at least one.
        epochs: of each.
    """
    yield Started(float(epochs), len(loops))
    ended: set[int] = set()
    for epoch in range(epochs + 1):
        rows: list[Mapping[str, Float[np.ndarray, " network"]]] = []
        for number, loop in enumerate(loops):
            if number in ended:
                rows.append({})
                continue
            told = next(event for event in loop if isinstance(event, Evaluated))
            rows.append(told.scores)
        names = next(row for row in rows if row)
        nothing = np.array([np.nan])
        yield Evaluated(
            float(epoch), {name: np.concatenate([row.get(name, nothing) for row in rows]) for name in names}
        )
        lost = [n for n, row in enumerate(rows) if row and epoch and not np.isfinite(row["step_loss"]).all()]
        for number in lost:
            ended.add(number)
            yield Diverged(number, next(event.step for event in loops[number] if isinstance(event, Diverged)))
        if len(ended) == len(loops):
            yield Finished("diverged", float(epoch))
            return
    yield Finished("epochs", float(epochs))


def accuracy(scores: Float[Tensor, "example class"], labels: Shaped[Tensor, " example"]) -> Float[Tensor, ""]:
    """Return the share of examples whose largest score is that of their class.

    Example:
        >>> accuracy(torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0])).item()
        0.5
    """
    return (scores.argmax(dim=-1) == labels).double().mean()
