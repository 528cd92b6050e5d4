"""The tasks of the part on series: what is read, what should be said, and what costs nothing to say."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lab.core.errors import DataError, SettingError
from lab.core.labels import _
from lab.core.lesson import Context
from lab.data.memory_tasks import CONSTANT_ERROR, SYMBOLS, adding, copying
from lab.data.series import Scaled, Series, co2, mixed, scaled, sine, sunspots
from lab.data.series_files import read_series
from lab.models.recurrent import Recurrent
from lab.topics.rnn.series_settings import MEMORY_TASKS, SeriesSettings
from lab.training.sequences import Criterion, class_error, squared_error

SEQUENCES = 512
"""Sequences that a memory task is learned from."""
MEASURED = 200
"""So many sequences at most measure the loss while training goes on."""
PER_EPOCH = 1024
"""So many sequences at most, drawn anew each time, make an epoch."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is learned and measured.

    Attributes:
        train: inputs [time, sequence, feature] and targets [counted, sequence, ...] to learn from.
        train_measured: some of them.
        test_measured: sequences whose targets are later, or of another draw.
        outputs: numbers the network puts out at a step.
        criterion: the loss.
        naive: the test loss of forecasts that cost nothing, by name.
    """

    train: tuple[Tensor, Tensor]
    train_measured: tuple[Tensor, Tensor]
    test_measured: tuple[Tensor, Tensor]
    outputs: int
    criterion: Criterion
    naive: Mapping[str, float]

    @property
    def per_epoch(self) -> int:
        """How many sequences an epoch takes."""
        return min(PER_EPOCH, self.train[0].shape[1])


def series_of(settings: SeriesSettings, context: Context) -> Series:
    """Return the series that is forecast.

    Raises:
        LabError: the learner's file is not there or cannot be used.
    """
    match settings.series_task:
        case "sunspots":
            return sunspots()
        case "sine":
            return sine(settings.series_noise, settings.series_seed)
        case "mixed":
            return mixed(settings.series_noise, settings.series_seed)
        case "csv":
            if settings.series_file not in context.files:
                raise DataError(_("Uploaded series"), _("a file of this visit"), settings.series_file)
            raw = context.files[settings.series_file]
            return read_series(raw, "series.csv", settings.series_period, settings.series_column)
        case _:
            return co2(weekly=settings.series_task == "co2_weekly")


def scaled_of(settings: SeriesSettings, context: Context) -> Scaled:
    """Return the series as the network gets it.

    Raises:
        LabError: its training part is shorter than the sequences to be read.
    """
    one = scaled(series_of(settings, context), difference=settings.series_difference)
    if settings.series_length > one.cut - 8:
        expected = f"at most {one.cut - 8} steps for a series of {len(one.series.values)}"
        raise SettingError("Sequence length", expected, settings.series_length)
    return one


def task_of(settings: SeriesSettings, context: Context) -> Task:
    """Return what the settings ask the networks to learn."""
    if settings.series_task in MEMORY_TASKS:
        return _memory_task(settings)
    one, length = scaled_of(settings, context), settings.series_length
    places = (length, one.cut), (one.cut, len(one.numbers))
    train, test = (_examples(one.windows(length, *ends), one.numbers[slice(*ends)]) for ends in places)
    measured = _some(len(one.numbers) - one.cut)
    naive = {
        name: float(np.mean(((forecast - one.series.values[one.series.cut :])[measured] / one.spread) ** 2))
        for name, forecast in naive_one_step(one.series).items()
    }
    return Task(train, _measured(train), _measured(test), 1, squared_error, naive)


def _examples(windows: np.ndarray, targets: np.ndarray) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(windows)[..., None], torch.from_numpy(targets)[None, :, None]


def _some(count: int) -> np.ndarray:
    """Return at most `MEASURED` places, evenly spread over `count`."""
    return np.unique(np.linspace(0, count - 1, min(count, MEASURED)).round().astype(int))


def _measured(examples: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    places = torch.from_numpy(_some(examples[0].shape[1]))
    return examples[0][:, places], examples[1][:, places]


def _memory_task(settings: SeriesSettings) -> Task:
    train, test = (_sequences(settings, count, part) for part, count in enumerate((SEQUENCES, MEASURED)))
    if settings.series_task == "copying":
        naive = {_("guessing"): math.log(SYMBOLS)}
        return Task(train, _measured(train), test, SYMBOLS, class_error, naive)
    return Task(train, _measured(train), test, 1, squared_error, {_("always 1"): CONSTANT_ERROR})


def _sequences(settings: SeriesSettings, count: int, part: int) -> tuple[Tensor, Tensor]:
    """Return sequences of a memory task; part 0 is for training, part 1 for the test."""
    random = np.random.default_rng((settings.series_seed, part))
    length, delay = settings.series_length, settings.series_delay
    if settings.series_task == "copying":
        one = copying(count, length, delay, random)
        return torch.from_numpy(one.inputs), torch.from_numpy(one.targets)
    sums = adding(count, length, delay, random)
    return torch.from_numpy(sums.inputs), torch.from_numpy(sums.targets)[None, :, None]


def network_of(settings: SeriesSettings, task: Task, number: int) -> Recurrent:
    """Return a network with its first weights; `number` tells the networks of a run apart, from 0."""
    return Recurrent(
        settings.series_cell,  # type: ignore[arg-type]
        inputs=task.train[0].shape[2],
        hidden=settings.series_hidden,
        layers=settings.series_layers,
        outputs=task.outputs,
        generator=torch.Generator().manual_seed(settings.series_seed + number),
        forget_bias=1.0,
    )


def naive_one_step(series: Series) -> dict[str, np.ndarray]:
    """Return forecasts of every test value from the values before it that need no learning.

    Example:
        >>> {name: round(float(values[0])) for name, values in naive_one_step(sunspots()).items()}
        {'last value': 93, 'one season ago': 80}
    """
    cut, values = series.cut, series.values
    found = {_("last value"): values[cut - 1 : -1]}
    if 0 < series.period <= cut:
        found[_("one season ago")] = values[cut - series.period : len(values) - series.period]
    return found


def naive_free(series: Series, horizon: int) -> dict[str, np.ndarray]:
    """Return the same forecasts without any value of the test part: the last one, or season, goes on.

    Args:
        series: of which the training part is used.
        horizon: how many steps ahead they go.
    """
    cut, values = series.cut, series.values
    found = {_("last value"): np.full(horizon, values[cut - 1])}
    if 0 < series.period <= cut:
        found[_("one season ago")] = np.resize(values[cut - series.period : cut], horizon)
    return found
