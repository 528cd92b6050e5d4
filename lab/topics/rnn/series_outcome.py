"""What trained networks say of the held-out part."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32, Float64
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from lab.core.lesson import Context
from lab.data.memory_tasks import SYMBOLS
from lab.data.series import Scaled
from lab.models.recurrent import Recurrent
from lab.topics.rnn.series_results import Added, Copied, Forecast, Outcome
from lab.topics.rnn.series_settings import SeriesSettings
from lab.topics.rnn.series_tasks import Task, naive_free, naive_one_step, network_of, scaled_of, task_of


def outcome(
    settings: SeriesSettings, context: Context, parameters: Float32[np.ndarray, "network parameter"]
) -> Outcome:
    """Return what networks with these parameters say of the test part.

    Args:
        settings: of the run.
        context: with the learner's file, if it is read.
        parameters: of each network, in the order of `vector_of`.
    """
    task = task_of(settings, context)
    networks = [network_of(settings, task, 0) for _row in parameters]
    with torch.no_grad():
        for network, row in zip(networks, parameters, strict=True):
            vector_to_parameters(torch.tensor(row), network.parameters())
        if settings.series_task == "copying":
            return _copied(task, networks)
        if settings.series_task == "adding":
            inputs, sums = task.test_measured
            answers = [network(inputs)[0][-1, :, 0] for network in networks]
            return Added(sums.flatten().numpy(), torch.stack(answers).numpy())
        return _forecast(scaled_of(settings, context), settings, networks)


def vector_of(network: Recurrent) -> Float32[np.ndarray, " parameter"]:
    """Return all parameters in one row."""
    return parameters_to_vector(network.parameters()).detach().numpy()


def _copied(task: Task, networks: Sequence[Recurrent]) -> Copied:
    inputs, labels = task.test_measured
    scores = torch.stack([network(inputs)[0][-len(labels) :] for network in networks])
    right = (scores.argmax(dim=-1) == labels).double()
    by_symbol = [right[:, labels == symbol].mean(dim=1) for symbol in range(SYMBOLS)]
    accuracy = torch.stack(by_symbol, dim=1).numpy()
    broken = ~torch.isfinite(scores).all(dim=-1).all(dim=-1).all(dim=-1).numpy()
    accuracy[broken] = np.nan
    return Copied(
        inputs[:, 0].argmax(dim=-1).numpy(), torch.softmax(scores[:, :, 0], dim=-1).numpy(), accuracy
    )


def _forecast(one: Scaled, settings: SeriesSettings, networks: Sequence[Recurrent]) -> Forecast:
    series, length = one.series, settings.series_length
    windows = torch.from_numpy(one.windows(length, one.cut, len(one.numbers)))[..., None]
    standard = torch.stack([network(windows)[0][-1, :, 0] for network in networks]).numpy()
    one_step = one.in_units(standard, series.values[series.cut - 1 : -1])
    horizon = min(settings.series_horizon, len(series.values) - series.cut)
    past = torch.from_numpy(one.numbers[one.cut - length : one.cut])
    free = np.stack([free_running(network, past, horizon) for network in networks])
    return Forecast(
        series,
        _finite(one_step),
        _finite(_continued(one, free)),
        naive_one_step(series),
        naive_free(series, horizon),
    )


def free_running(
    network: Recurrent, past: Float32[torch.Tensor, " time"], horizon: int
) -> Float32[np.ndarray, " horizon"]:
    """Return forecasts one after the other: each is read next, and the hidden state goes on."""
    outputs, _states, state = network(past[:, None, None])
    said = [outputs[-1:]]
    while len(said) < horizon:
        outputs, _states, state = network(said[-1], state)
        said.append(outputs)
    return torch.cat(said).flatten().numpy()


def _continued(one: Scaled, free: np.ndarray) -> Float64[np.ndarray, "network horizon"]:
    """Return forecasts in the series' unit; changes are summed up from the last training value on."""
    if not one.difference:
        return one.in_units(free, np.zeros(free.shape[1]))
    changes = one.mean + one.spread * free.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        return one.series.values[one.series.cut - 1] + np.cumsum(changes, axis=1)


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)
