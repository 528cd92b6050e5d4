"""Watch a training loop written as a listing: the learner reads the very lines that the lab runs."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lab.core.events import Diverged, Evaluated, Event, Finished, Started, Stepped
from lab.training.loop import Measure

Listing = Iterator[Float[Tensor, ""]]
"""A training loop that yields the loss of every step after it is done."""


def watched(
    listing: Listing,
    model: nn.Module,
    *,
    epochs: int,
    steps: int,
    measure: Measure,
    every: int = 0,
) -> Iterator[Event]:
    """Yield `Started`, an `Evaluated` before the first epoch and after each, and `Finished`.

    The events are those of `lab.training.loop.training_loop`, so `side_by_side` takes these as well. If a
    step's loss is not finite, `Diverged` is told after its epoch and the listing is left.

    Args:
        listing: trains `model`, `steps` steps in each of `epochs` epochs.
        model: what it trains.
        epochs: 0 or more.
        steps: of an epoch, at least 1.
        measure: called in evaluation mode, without gradients.
        every: after how many steps `Stepped` is told within an epoch; 0 for never.
    """
    yield Started(float(epochs), 1)
    yield _evaluated(0, model, measure, float("nan"))
    for epoch in range(1, epochs + 1):
        model.train()
        losses: list[Tensor] = []
        for loss in islice(listing, steps):
            losses.append(loss.detach())  # reading a number here would wait for the device
            if every and len(losses) % every == 0:
                yield Stepped((epoch - 1 + len(losses) / steps) / epochs)
        told = torch.stack(losses).double().cpu()
        yield _evaluated(epoch, model, measure, told.mean().item())
        if not told.isfinite().all():
            yield Diverged(0, (epoch - 1) * steps + 1 + int((~told.isfinite()).int().argmax()))
            yield Finished("diverged", float(epoch))
            return
    yield Finished("epochs", float(epochs))


def _evaluated(epoch: int, model: nn.Module, measure: Measure, step_loss: float) -> Evaluated:
    model.eval()
    with torch.no_grad():
        scores = {"step_loss": step_loss, **measure()}
    return Evaluated(float(epoch), {name: np.array([value]) for name, value in scores.items()})
