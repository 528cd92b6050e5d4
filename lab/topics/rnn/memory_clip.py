"""The adding problem by plain gradient descent: the same networks with gradients free and clipped."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Started, Stepped
from lab.core.lesson import Context
from lab.data.memory_tasks import adding
from lab.tables.history import scores
from lab.topics.rnn.memory_networks import Networks, clipped, lengths
from lab.topics.rnn.memory_settings import ClipSettings

BATCH, EVERY = 32, 5


def examples(
    settings: ClipSettings, random: np.random.Generator
) -> tuple[Float[Tensor, "time network example 2"], Float[Tensor, "network example"]]:
    """Return sequences of the adding problem for each network, and the sums of their marked numbers."""
    shape = settings.memory_clip_networks, BATCH
    one = adding(math.prod(shape), settings.memory_clip_length, 0, random)
    return torch.from_numpy(one.inputs).unflatten(1, shape), torch.from_numpy(one.targets).unflatten(0, shape)


def train(settings: ClipSettings, context: Context) -> Iterator[Event | Done[pd.DataFrame]]:
    """Train every network twice from the same weights, on the same sequences; the result is the table."""
    count, updates = settings.memory_clip_networks, settings.memory_clip_updates
    seeds = [1000 * settings.memory_clip_seed + number for number in range(count)]
    networks = Networks(
        settings.memory_clip_cell,  # type: ignore[arg-type]
        (2, settings.memory_clip_hidden, 1),
        2 * seeds,  # first the free ones, then the clipped
        radius=settings.memory_clip_radius,
    )
    limits = torch.tensor([math.inf] * count + [settings.memory_clip_limit] * count)
    random = np.random.default_rng(settings.memory_clip_seed)
    sound, told, measured = np.full(2 * count, True), [], []
    yield Started(0.0, 2 * count)
    for update in range(1, updates + 1):
        measured.append(_update(networks, *examples(settings, random), limits, settings.memory_clip_rate))
        lost = sound & ~np.isfinite(measured[-1][0])
        sound &= ~lost
        for network in np.flatnonzero(lost):
            yield Diverged(int(network), update)
        if update % EVERY == 0 or update in (1, updates):
            told.append(_evaluated(update, measured, count))
            measured = []
            yield told[-1]
            yield Stepped(update / updates)
    yield Finished("epochs", float(updates))
    yield Done(_table(told))


def _update(
    networks: Networks, inputs: Tensor, sums: Tensor, limits: Tensor, rate: float
) -> tuple[np.ndarray, np.ndarray]:
    """Take one step and return loss and length of the gradient before it, of every network."""
    answers = networks.answers(inputs.repeat(1, 2, 1, 1))[..., 0]
    loss = (answers - sums.repeat(2, 1)).square().mean(dim=1)
    found = torch.autograd.grad(loss.sum(), networks.parameters)
    with torch.no_grad():
        for parameter, gradient in zip(networks.parameters, clipped(found, limits), strict=True):
            parameter.sub_(gradient, alpha=rate)
    return loss.detach().numpy(), lengths(found).numpy()


def _evaluated(update: int, measured: list[tuple[np.ndarray, np.ndarray]], count: int) -> Evaluated:
    """Return the mean loss and the longest gradient since the last measurement; NaN after an overflow."""
    loss = np.mean([one[0] for one in measured], axis=0, dtype=np.float64)
    longest = np.max([one[1] for one in measured], axis=0).astype(np.float64)
    loss, longest = (np.where(np.isfinite(one), one, np.nan) for one in (loss, longest))
    return Evaluated(
        float(update),
        {
            "free_loss": loss[:count],
            "clipped_loss": loss[count:],
            "free_length": longest[:count],
            "clipped_length": longest[count:],
        },
    )


def _table(told: list[Evaluated]) -> pd.DataFrame:
    """Return one row per measurement and network."""
    found = scores(told)
    moments, networks = found.values["free_loss"].shape
    columns: dict[str, object] = {
        "update": np.repeat(found.epochs, networks).astype(int),
        "network": np.tile(np.arange(1, networks + 1), moments),
    }
    return pd.DataFrame(columns | {name.replace("_", " "): one.ravel() for name, one in found.values.items()})


def seconds(settings: ClipSettings) -> float:
    """Return roughly how many CPU seconds it takes on a current core."""
    gates = {"rnn": 1, "lstm": 4, "gru": 4}[settings.memory_clip_cell]
    numbers = 2 * settings.memory_clip_networks * BATCH * settings.memory_clip_hidden
    step = 1.2e-4 + gates * (3e-5 + numbers * (1.2e-8 + 2e-10 * settings.memory_clip_hidden))
    return settings.memory_clip_updates * (6e-4 + settings.memory_clip_length * step)
