"""Part 2: networks learn to forecast a series, or to remember, and are measured on what they never saw."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32

from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Framed, Started
from lab.core.lesson import Context
from lab.topics.rnn.series_outcome import outcome, vector_of
from lab.topics.rnn.series_results import Outcome
from lab.topics.rnn.series_settings import SeriesSettings
from lab.topics.rnn.series_tasks import (
    MEASURED,
    MEMORY_TASKS,
    PER_EPOCH,
    SEQUENCES,
    Task,
    network_of,
    task_of,
)
from lab.training.sequences import SequenceTraining

MOST_SECONDS = 18.0
"""Fewer epochs are trained than asked for if all would take longer, by the estimate below."""
MOST_MOMENTS, FEWEST_FRAMES = 60, 6
FRAME_SECONDS, FRAMES_BYTES = 0.7, 4_000_000
"""A frame so often, for a new forecast on the page; fewer of large networks, since all frames are kept."""
EARLY = (1, 2, 4, 8)
WINDOWS = {"sunspots": 223, "co2": 396, "sine": 456, "mixed": 456}
"""Roughly how many sequences an epoch has; other series have more than fit into one."""

PER_STEP = {"rnn": 60e-6, "lstm": 35e-6, "gru": 240e-6}
PER_NUMBER = {"rnn": 30e-9, "lstm": 60e-9, "gru": 65e-9}
"""CPU seconds of one step of one layer: for each, and more for each hidden unit and sequence."""


def step_seconds(settings: SeriesSettings) -> float:
    """Return roughly the CPU seconds of one update of one network on a current core."""
    cells = settings.series_length * settings.series_layers
    numbers = settings.series_batch * settings.series_hidden
    cuts = settings.series_length / settings.series_truncation if settings.series_truncation else 1
    cell = PER_STEP[settings.series_cell] + numbers * PER_NUMBER[settings.series_cell]
    return 1.2e-3 + 0.3e-3 * cuts + cells * cell


def measure_seconds(settings: SeriesSettings) -> float:
    """Return roughly the CPU seconds that measuring one network takes."""
    cells = settings.series_length * settings.series_layers
    cell = PER_STEP[settings.series_cell] + 2 * MEASURED * settings.series_hidden * PER_NUMBER["lstm"]
    return 1e-3 + cells * cell / 3


def planned_epochs(settings: SeriesSettings, per_epoch: int) -> int:
    """Return how many epochs are trained: all that are asked for, or what fits into `MOST_SECONDS`."""
    batches = math.ceil(per_epoch / settings.series_batch)
    epoch = settings.series_networks * batches * step_seconds(settings)
    return min(settings.series_epochs, max(1, int(MOST_SECONDS / epoch)))


def seconds(settings: SeriesSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    known = (
        SEQUENCES if settings.series_task in MEMORY_TASKS else WINDOWS.get(settings.series_task, PER_EPOCH)
    )
    batches = planned_epochs(settings, known) * math.ceil(known / settings.series_batch)
    updates, moments = batches * step_seconds(settings), moments_of(settings, batches)
    return 0.05 + settings.series_networks * (updates + moments * measure_seconds(settings))


def moments_of(settings: SeriesSettings, batches: int) -> int:
    """Return how often the networks are measured: 20 to 60 times, but no longer than half the training."""
    whole = settings.series_networks * batches * step_seconds(settings)
    often = max(20, min(MOST_MOMENTS, round(whole / 0.3)))
    in_time = round(0.5 * whole / (settings.series_networks * measure_seconds(settings)))
    return min(batches, often, max(8, in_time))


def frames_of(settings: SeriesSettings, batches: int, size: int) -> int:
    """Return how many frames of `size` bytes are kept."""
    whole = settings.series_networks * batches * step_seconds(settings)
    return max(FEWEST_FRAMES, min(round(whole / FRAME_SECONDS), FRAMES_BYTES // size))


def train(settings: SeriesSettings, context: Context) -> Iterator[Event | Done[Outcome]]:
    """Train the networks on the same batches, batch by batch, and measure them as they go."""
    task = task_of(settings, context)
    trainings = [_training(settings, task, number) for number in range(settings.series_networks)]
    epochs = planned_epochs(settings, task.per_epoch)
    per_epoch = math.ceil(task.per_epoch / settings.series_batch)
    yield Started(float(epochs), len(trainings))
    measured = _places(epochs * per_epoch, moments_of(settings, epochs * per_epoch))
    framed = _places(
        epochs * per_epoch, frames_of(settings, epochs * per_epoch, _parameters(trainings).nbytes)
    )
    yield from _moment(trainings, task, 0.0)
    yield _frame(trainings, 0.0)
    done = 0
    order = torch.Generator().manual_seed(settings.series_seed)
    for _epoch in range(epochs):
        chosen = torch.randperm(task.train[0].shape[1], generator=order)[: task.per_epoch]
        for batch in chosen.split(settings.series_batch):
            yield from _batch(trainings, task, batch)
            done += 1
            if done in measured:
                yield from _moment(trainings, task, done / per_epoch)
            if done in framed:
                yield _frame(trainings, done / per_epoch)
        if all(one.overflow for one in trainings):
            break
    if done not in measured:
        yield from _moment(trainings, task, done / per_epoch)
    fell = all(one.overflow for one in trainings)
    yield Finished("diverged" if fell else "epochs", done / per_epoch)
    yield Done(outcome(settings, context, _parameters(trainings)))


def _places(batches: int, count: int) -> set[int]:
    """Return after which batches something is done: evenly spread, and early ones, where losses explode."""
    even = np.linspace(0, batches, count + 1).round().astype(int).tolist()
    return {*even, *(early for early in EARLY if early < batches)}


def _training(settings: SeriesSettings, task: Task, number: int) -> SequenceTraining:
    return SequenceTraining(
        network_of(settings, task, number),
        task.criterion,
        rate=settings.series_rate,
        clip=settings.series_clip,
        truncation=settings.series_truncation,
        optimizer=settings.series_optimizer,  # type: ignore[arg-type]
    )


def _batch(trainings: Sequence[SequenceTraining], task: Task, batch: torch.Tensor) -> Iterator[Diverged]:
    inputs, targets = task.train[0][:, batch], task.train[1][:, batch]
    for number, training in enumerate(trainings):
        sound = not training.overflow
        training.step(inputs, targets)
        if sound and training.overflow:
            yield Diverged(number, training.overflow)


def _frame(trainings: Sequence[SequenceTraining], epoch: float) -> Framed:
    return Framed(epoch, _parameters(trainings))


def _parameters(trainings: Sequence[SequenceTraining]) -> Float32[np.ndarray, "network parameter"]:
    """Return a copy of each network's parameters; NaN for a network that has diverged."""
    rows = [np.where(one.overflow, np.float32(np.nan), vector_of(one.network)) for one in trainings]
    return np.stack(rows)


def _moment(trainings: Sequence[SequenceTraining], task: Task, epoch: float) -> Iterator[Event]:
    scores = [_scores(one, task) for one in trainings]
    columns: dict[str, Float[np.ndarray, " network"]] = {
        name: np.array([one[name] for one in scores]) for name in scores[0]
    }
    yield Evaluated(epoch, columns)


def _scores(training: SequenceTraining, task: Task) -> dict[str, float]:
    """Return the losses on parts of the training and test data, and the longest gradient of late."""
    found: dict[str, float] = {}
    for name, (inputs, targets) in (("train", task.train_measured), ("test", task.test_measured)):
        outputs = training.outputs(inputs, len(targets))
        loss = math.nan if training.overflow else task.criterion(outputs, targets).item()
        found[f"{name}_loss"] = loss if math.isfinite(loss) else math.nan
        if task.outputs > 1:
            right = (outputs.argmax(dim=-1) == targets).double().mean().item()
            found[f"{name}_accuracy"] = right if math.isfinite(loss) else math.nan
    return {**found, "gradient_norm": training.longest_gradient()}
