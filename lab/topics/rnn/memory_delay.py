"""Delayed recall: which cell still knows what it saw first, and after how many steps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from lab.core.events import Done, Evaluated, Event, Finished, Started, Stepped
from lab.core.lesson import Context
from lab.models.cells import Kind
from lab.topics.rnn.cell_settings import KINDS
from lab.topics.rnn.memory_networks import Networks, by_states, clipped
from lab.topics.rnn.memory_settings import DelaySettings

BATCH, TESTED, EVERY = 16, 50, 10
DELAYS = (1, 2, 5, 10, 20, 30)
Reach = dict[str, Float[np.ndarray, "step network"]]
_KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, eq=False)
class Recall:
    """What was remembered.

    Attributes:
        delays: steps between symbol and question.
        accuracy: by cell, the share of fresh sequences each network gets right.
        updates: by cell, how many updates the networks took: fewer than allowed if all were right before.
        reach: by moment, `before` and `after` training at the longest delay, and by state: the length of the
            test loss's gradient by that state, so many steps ago; by the last state it is 1.
        states: by cell, the states of its first network at the longest delay, from the first step.
        read: the symbols of that sequence, from 1; 0 is a blank.
    """

    delays: tuple[int, ...]
    accuracy: Mapping[str, Float[np.ndarray, "delay network"]]
    updates: Mapping[str, tuple[int, ...]]
    reach: Mapping[str, Reach]
    states: Mapping[str, Float[np.ndarray, "step unit"]]
    read: tuple[int, ...]

    def table(self) -> pd.DataFrame:
        """Return one row per delay and cell: the middle network, the worst and the best, and the updates."""
        rows = [
            {
                "delay": delay,
                "cell": KINDS[kind],
                "median right": float(np.median(self.accuracy[kind][place])),
                "worst": float(self.accuracy[kind][place].min()),
                "best": float(self.accuracy[kind][place].max()),
                "updates": self.updates[kind][place],
            }
            for place, delay in enumerate(self.delays)
            for kind in self.accuracy
        ]
        return pd.DataFrame(rows)


def delays(settings: DelaySettings) -> tuple[int, ...]:
    """Return the delays that are tried, from short to long.

    Example:
        >>> delays(DelaySettings(memory_delay_longest=8))
        (1, 2, 5, 8)
    """
    longest = settings.memory_delay_longest
    return (*(delay for delay in DELAYS if delay < longest), longest)


def sequences(
    settings: DelaySettings, delay: int, count: int, generator: torch.Generator
) -> tuple[Float[Tensor, "time network example input"], Tensor]:
    """Return one-hot sequences and the number of each one's first symbol.

    The first step shows the symbol. Each of the `delay` steps after it shows a blank, or another symbol if
    there are distractors; a blank and the first step of those have a sign of their own.
    """
    symbols, shape = settings.memory_delay_symbols, (settings.memory_delay_networks, count)
    first = torch.randint(symbols, shape, generator=generator)
    later = torch.full((delay, *shape), symbols)
    if settings.memory_delay_noise:
        later = torch.randint(symbols, (delay, *shape), generator=generator)
    inputs = one_hot(torch.cat([first[None], later]), symbols + 1).float()
    inputs[0, ..., symbols] = 1.0 if settings.memory_delay_noise else 0.0
    return inputs, first


class Trainee:
    """The networks of one cell at one delay."""

    def __init__(self, settings: DelaySettings, kind: Kind, delay: int) -> None:
        self.settings, self.delay = settings, delay
        seeds = [
            1000 * settings.memory_delay_seed + number for number in range(settings.memory_delay_networks)
        ]
        symbols = settings.memory_delay_symbols
        self.networks = Networks(
            kind,
            (symbols + 1, settings.memory_delay_hidden, symbols),
            seeds,
            keep=settings.memory_delay_keep if kind == "lstm" else 0.0,
        )
        self.optimizer = torch.optim.Adam(self.networks.parameters, lr=settings.memory_delay_rate, fused=True)
        self.generator = torch.Generator().manual_seed(settings.memory_delay_seed)
        self.test = sequences(settings, delay, TESTED, self.generator)
        self.updates = 0

    def course(self) -> Iterator[Float[np.ndarray, " network"]]:
        """Train until no network makes a mistake, and yield from time to time the share that is right."""
        right = self.right()
        yield right
        while self.updates < self.settings.memory_delay_updates and right.min() < 1:
            self.train()
            right = self.right()
            yield right

    def right(self) -> Float[np.ndarray, " network"]:
        """Return the share of test sequences that each network gets right."""
        inputs, first = self.test
        with torch.no_grad():
            found = self.networks.answers(inputs).argmax(dim=-1)
        return (found == first).double().mean(dim=1).numpy()

    def train(self) -> None:
        """Take a few updates; gradients longer than 1 are clipped."""
        for _update in range(min(EVERY, self.settings.memory_delay_updates - self.updates)):
            inputs, first = sequences(self.settings, self.delay, BATCH, self.generator)
            answers = self.networks.answers(inputs)
            loss = cross_entropy(answers.flatten(0, 1), first.flatten(), reduction="sum") / BATCH
            found = torch.autograd.grad(loss, self.networks.parameters)
            cut = clipped(found, torch.ones(self.settings.memory_delay_networks))
            for parameter, gradient in zip(self.networks.parameters, cut, strict=True):
                parameter.grad = gradient.contiguous()  # Adam's fused step reads it as it lies in memory
            self.optimizer.step()
            self.updates += 1

    def reach(self) -> Reach:
        """Return the lengths of the test loss's gradient by past states; see `Recall`."""
        inputs, first = self.test
        steps = self.networks.steps(inputs)
        answers = self.networks.answered(steps)
        loss = cross_entropy(answers.flatten(0, 1), first.flatten(), reduction="sum")
        found = {
            name: one.double().square().sum(dim=(2, 3)).sqrt().flip(0)
            for name, one in by_states(self.networks.kind, steps, loss).items()
        }
        kind, last = self.networks.kind, found["h"][0]
        return {
            kind if name == "h" else f"{kind}_{name}": (one / last).numpy() for name, one in found.items()
        }

    def states(self) -> Float[np.ndarray, "step unit"]:
        """Return the first network's states on its first test sequence."""
        with torch.no_grad():
            steps = self.networks.steps(self.test[0])
        return torch.stack([step["h"][0, 0] for step in steps]).numpy()


def train(settings: DelaySettings, context: Context) -> Iterator[Event | Done[Recall]]:
    """Train the three cells at one delay after the other; each measurement is of one cell at one delay."""
    tried = delays(settings)
    yield Started(0.0, len(tried) * len(_KINDS) * settings.memory_delay_networks)
    trainees = [Trainee(settings, kind, delay) for delay in tried for kind in _KINDS]
    reach = {"before": _reach(trainees[-len(_KINDS) :])}
    share, accuracy = 0.0, list[np.ndarray]()
    for one in trainees:
        part, right = (one.delay + 2) / _work(tried), np.empty(0)
        for right in one.course():
            kind = one.networks.kind
            updates = np.array([float(one.updates)])
            yield Evaluated(float(one.delay), {kind: right, f"{kind}_updates": updates})
            yield Stepped(share + part * one.updates / settings.memory_delay_updates)
        accuracy.append(right)
        share += part
        yield Stepped(share)
    yield Finished("epochs", 0.0)
    reach["after"] = _reach(trainees[-len(_KINDS) :])
    yield Done(_recall(tried, trainees, accuracy, reach))


def _reach(trainees: Sequence[Trainee]) -> Reach:
    return {name: lengths for one in trainees for name, lengths in one.reach().items()}


def _recall(
    tried: tuple[int, ...],
    trainees: Sequence[Trainee],
    accuracy: Sequence[np.ndarray],
    reach: Mapping[str, Reach],
) -> Recall:
    cells = len(_KINDS)
    last = {one.networks.kind: one for one in trainees}
    return Recall(
        tried,
        accuracy={kind: np.stack(accuracy[place::cells]) for place, kind in enumerate(_KINDS)},
        updates={
            kind: tuple(one.updates for one in trainees[place::cells]) for place, kind in enumerate(_KINDS)
        },
        reach=reach,
        states={kind: one.states() for kind, one in last.items()},
        read=tuple(_symbols(trainees[-1])),
    )


def _work(tried: Sequence[int]) -> int:
    """Return how much all trainings are, in units of a step of one cell."""
    return len(_KINDS) * sum(delay + 2 for delay in tried)


def _symbols(one: Trainee) -> list[int]:
    """Return what the first network reads in its first test sequence, from 1; 0 for a blank."""
    symbols = one.settings.memory_delay_symbols
    shown = one.test[0][:, 0, 0, :symbols]
    return ((shown.argmax(dim=-1) + 1) * shown.sum(dim=-1).long()).tolist()


def seconds(settings: DelaySettings) -> float:
    """Return roughly how many CPU seconds it takes on a current core, if nothing is learned early."""
    numbers = settings.memory_delay_networks * BATCH * settings.memory_delay_hidden
    step = 9e-4 + 12 * numbers * (1.2e-8 + 2e-10 * settings.memory_delay_hidden)
    return settings.memory_delay_updates * sum(delay + 2 for delay in delays(settings)) * step
