"""All examples, a few, or one per step: the same networks on the same data, trained side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Started
from lab.core.ladder import ladder
from lab.core.lesson import Context
from lab.data.digits import digits
from lab.data.points import points
from lab.topics.gradient_descent.batches_settings import BatchSettings
from lab.training.batch_noise import BatchNoise, batch_noise
from lab.training.ensemble import Architecture, Ensemble, Recipe
from lab.training.supervised import Examples, scores_of

EXAMPLES = {"digits": 1437, "moons": 250, "iris": 75}
CLASSES = {"digits": 10, "moons": 2, "iris": 3}
TIMED_EPOCHS = 3


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the three ways to cut an epoch.

    Attributes:
        size: examples of a step.
        updates: steps of an epoch; the last one may have fewer examples.
        rate: length of a step.
    """

    size: int
    updates: int
    rate: float


@dataclass(frozen=True, slots=True)
class Timed:
    """What a comparison leaves besides its events.

    Attributes:
        noise: of batch gradients at the first weights of the first network.
        seconds: of an epoch of one network alone, by variant, measured where the run was computed.
    """

    noise: BatchNoise
    seconds: dict[str, float]


def variants(settings: BatchSettings) -> dict[str, Variant]:
    """Return full batch, mini-batch and one example.

    Example:
        >>> {name: one.updates for name, one in variants(BatchSettings()).items()}
        {'full': 1, 'mini': 48, 'one': 1437}
    """
    examples = EXAMPLES[settings.batch_data]
    mini = min(settings.batch_size, examples)
    made = {}
    for name, size in (("full", examples), ("mini", mini), ("one", 1)):
        rate = settings.batch_rate * (size / mini if settings.batch_scaled else 1.0)
        made[name] = Variant(size, -(-examples // size), rate)
    return made


@lru_cache(maxsize=16)
def data(name: str, seed: int) -> Examples:
    """Return a data set as tensors, its classes one-hot; the drawn moons have a noise of 0.1."""
    if name == "digits":
        real = digits(8, seed=seed)
        rows = (real.standardised(real.train_images), real.standardised(real.test_images))
        labels = (real.train_labels, real.test_labels)
    else:
        drawn = points(name, noise=0.1 if name == "moons" else 0.0, seed=seed)  # type: ignore[arg-type]
        rows, labels = (drawn.train_inputs, drawn.test_inputs), (drawn.train_targets, drawn.test_targets)
    hot = [np.eye(CLASSES[name])[one] for one in labels]
    parts = (rows[0], hot[0], rows[1], hot[1])
    tensors = [torch.as_tensor(part, dtype=torch.float64) for part in parts]
    return Examples(tensors[0], tensors[1], tensors[2], tensors[3], middle=0.5)


def networks(settings: BatchSettings, rate: float, seeds: list[int]) -> Ensemble:
    """Return untrained networks, one for each seed."""
    examples = data(settings.batch_data, settings.batch_seed)
    architecture = Architecture(
        examples.train_inputs.shape[1],
        settings.batch_hidden,
        examples.train_targets.shape[1],
        output="softmax",
        loss="cross_entropy",
    )
    return Ensemble(architecture, Recipe(learning_rate=rate), seeds, initial="xavier", dtype=torch.float64)


def seeds_of(settings: BatchSettings) -> list[int]:
    """Return the seed of each network: of its first weights and its orders."""
    return [1000 * settings.batch_seed + network for network in range(settings.batch_networks)]


def orders(seeds: list[int], epoch: int, examples: int) -> Tensor:
    """Return the order in which each network sees the examples in `epoch`, from 1; [network, position]."""
    drawn = [np.random.default_rng((seed, epoch)).permutation(examples) for seed in seeds]
    return torch.from_numpy(np.stack(drawn))


def measured_steps(updates: int) -> list[int]:
    """Return after which steps of the first epoch the networks are measured.

    Example:
        >>> measured_steps(48)
        [1, 2, 3, 5, 10, 20, 30, 48]
    """
    return [round(step) for step in ladder(1, updates)] if updates > 1 else [1]


class Trainees:
    """The networks of one variant, on their way."""

    def __init__(self, settings: BatchSettings, variant: Variant) -> None:
        self.variant = variant
        self.seeds = seeds_of(settings)
        self.examples = data(settings.batch_data, settings.batch_seed)
        self.ensemble = networks(settings, variant.rate, self.seeds)

    def scores(self, name: str) -> Evaluated:
        """Return the measurements now, under the variant's name."""
        told = scores_of(self.ensemble, self.examples)
        epochs = self.ensemble.steps / self.variant.updates
        return Evaluated(
            epochs, {f"{name}_loss": told["train_loss"], f"{name}_accuracy": told["test_accuracy"]}
        )

    def train(self, epoch: int) -> Iterator[None]:
        """Train one epoch, from 1, and stop wherever the networks are to be measured."""
        rows = orders(self.seeds, epoch, len(self.examples.train_inputs))
        inputs, targets = self.examples.train_inputs[rows], self.examples.train_targets[rows]
        done = 0
        for step in measured_steps(self.variant.updates) if epoch == 1 else [self.variant.updates]:
            part = torch.arange(done * self.variant.size, min(step * self.variant.size, rows.shape[1]))
            self.ensemble.epoch(inputs, targets, part, self.variant.size)
            done = step
            yield


def train(settings: BatchSettings, context: Context) -> Iterator[Event | Done[Timed]]:
    """Train the networks of all variants epoch by epoch; each measurement is of one variant."""
    trainees = {name: Trainees(settings, one) for name, one in variants(settings).items()}
    yield Started(float(settings.batch_epochs), settings.batch_networks * len(trainees))
    for name, one in trainees.items():
        yield one.scores(name)
    for epoch in range(1, settings.batch_epochs + 1):
        for name, one in trainees.items():
            for _measured in one.train(epoch):
                yield one.scores(name)
    for number, one in enumerate(trainees.values()):
        for network, step in enumerate(one.ensemble.diverged.tolist()):
            if step >= 0:
                yield Diverged(number * settings.batch_networks + network, step)
    yield Finished("epochs", float(settings.batch_epochs))
    times = {name: seconds_of(settings, one.variant) for name, one in trainees.items()}
    yield Done(Timed(noise(settings), times))


def noise(settings: BatchSettings) -> BatchNoise:
    """Return the noise of batches at the first network's first weights."""
    examples = data(settings.batch_data, settings.batch_seed)
    count = EXAMPLES[settings.batch_data]
    cut = {one.size for one in variants(settings).values()}
    sizes = sorted({round(size) for size in ladder(1, count)} | cut)
    first = networks(settings, 0.0, seeds_of(settings)[:1])
    return batch_noise(first, examples.train_inputs, examples.train_targets, sizes, settings.batch_seed)


def seconds_of(settings: BatchSettings, variant: Variant) -> float:
    """Return the wall time of an epoch of one network alone: the median of a few, after a first one."""
    examples = data(settings.batch_data, settings.batch_seed)
    alone = networks(settings, variant.rate, seeds_of(settings)[:1])
    order = torch.arange(len(examples.train_inputs))
    taken = []
    for _repeat in range(1 + TIMED_EPOCHS):
        start = perf_counter()
        alone.epoch(examples.train_inputs, examples.train_targets, order, variant.size)
        taken.append(perf_counter() - start)
    return float(np.median(taken[1:]))  # the first one also makes the buffers


def seconds(settings: BatchSettings) -> float:
    """Return roughly how many CPU seconds a comparison takes on a current core."""
    inputs = {"digits": 64}.get(settings.batch_data, 2)
    sizes = (inputs, *settings.batch_hidden, CLASSES[settings.batch_data])
    parameters = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes))
    steps = sum(one.updates for one in variants(settings).values()) * (settings.batch_epochs + 4)
    step = 1.5e-5 + 4e-5 * (len(sizes) - 1) + 4.5e-9 * parameters * settings.batch_networks
    return steps * step + 2.5e-4 * EXAMPLES[settings.batch_data]
