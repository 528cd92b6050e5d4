"""How much of the gradient at the last step reaches each earlier state, for the three cells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64
from torch import Tensor

from lab.core.events import Done, Event, Finished, Started, Stepped
from lab.core.labels import _
from lab.core.lesson import Context
from lab.topics.rnn.cell_settings import KINDS
from lab.topics.rnn.memory_networks import Networks, by_states
from lab.topics.rnn.memory_settings import BackSettings

INPUTS, AT_ONCE = 3, 10
CURVES = {"rnn": _("Vanilla RNN, h"), "lstm": _("LSTM, h"), "lstm_c": _("LSTM, c"), "gru": _("GRU, h")}
"""The states whose gradients are followed; the LSTM hands on two."""


@dataclass(frozen=True, slots=True, eq=False)
class Back:
    """Gradients through time.

    Attributes:
        lengths: by curve, |dL/dh| or |dL/dc| so many steps before the last, 0 being the last step itself.
        states: by cell, the hidden states of its first network, from the first step.
    """

    lengths: Mapping[str, Float64[np.ndarray, "step network"]]
    states: Mapping[str, Float64[np.ndarray, "step unit"]]

    def table(self) -> pd.DataFrame:
        """Return one row per curve and step: 10th percentile, median and 90th over the networks."""
        rows = []
        for name, values in self.lengths.items():
            low, middle, high = np.percentile(values, (10, 50, 90), axis=1)
            columns = {"state": CURVES[name], "steps ago": np.arange(len(values))}
            rows.append(pd.DataFrame(columns | {"p10": low, "median": middle, "p90": high}))
        return pd.concat(rows, ignore_index=True)


def gradients(
    networks: Networks,
    inputs: Float64[Tensor, "time network 1 input"],
    pull: Float64[Tensor, "network 1 hidden"],
) -> tuple[dict[str, Float64[Tensor, "time network hidden"]], list[dict[str, Tensor]]]:
    """Return dL/dh of every step by autograd, also dL/dc of an LSTM, and the steps; L is pull · h_T."""
    steps = networks.steps(inputs)
    loss = (pull * steps[-1]["h"]).sum()  # networks are blind to one another, so a sum keeps them apart
    return {name: one[:, :, 0] for name, one in by_states(networks.kind, steps, loss).items()}, steps


def computed(settings: BackSettings) -> Iterator[float | Back]:
    """Yield the share that is done, now and then, and at last the gradients of all three cells.

    All cells have the same seeds and read the same sequences. A few networks at a time: one call of autograd
    cannot be stopped.
    """
    seeds = [1000 * settings.memory_back_seed + number for number in range(settings.memory_back_networks)]
    groups = [seeds[start : start + AT_ONCE] for start in range(0, len(seeds), AT_ONCE)]
    lengths: dict[str, list[Tensor]] = {name: [] for name in CURVES}
    states: dict[str, np.ndarray] = {}
    done = 0
    for kind in KINDS:
        for group in groups:
            found, steps = _gradients_of(settings, kind, group)
            for name, one in found.items():
                lengths[kind if name == "h" else f"{kind}_{name}"].append(one.norm(dim=-1).flip(0))
            states.setdefault(kind, torch.stack([step["h"][0, 0] for step in steps]).detach().numpy())
            done += 1
            yield done / (len(KINDS) * len(groups))
    yield Back({name: torch.cat(one, dim=1).numpy() for name, one in lengths.items()}, states)


def _gradients_of(
    settings: BackSettings, kind: str, seeds: Sequence[int]
) -> tuple[dict[str, Tensor], list[dict[str, Tensor]]]:
    networks = Networks(
        kind,  # type: ignore[arg-type]
        (INPUTS, settings.memory_back_hidden, 1),
        seeds,
        keep=settings.memory_back_keep,
        radius=settings.memory_back_radius,
        dtype=torch.float64,
    )
    return gradients(networks, *_read(settings, seeds))


def back(settings: BackSettings) -> Back:
    """Return the gradients of all three cells."""
    *_shares, found = computed(settings)
    assert isinstance(found, Back)
    return found


def _read(settings: BackSettings, seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return each network's sequence, and the direction of length 1 in which its loss pulls."""
    shape = settings.memory_back_length, INPUTS
    sequences, pulls = [], []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        sequences.append(
            settings.memory_back_inputs * torch.randn(shape, dtype=torch.float64, generator=generator)
        )
        pull = torch.randn(settings.memory_back_hidden, dtype=torch.float64, generator=generator)
        pulls.append(pull / pull.norm())
    return torch.stack(sequences, dim=1)[:, :, None], torch.stack(pulls)[:, None]


def train(settings: BackSettings, context: Context) -> Iterator[Event | Done[Back]]:
    """Compute the gradients."""
    yield Started(0.0, settings.memory_back_networks)
    for found in computed(settings):
        if isinstance(found, Back):
            yield Finished("epochs", 0.0)
            yield Done(found)
        else:
            yield Stepped(found)


def seconds(settings: BackSettings) -> float:
    """Return roughly how many CPU seconds it takes on a current core."""
    networks, hidden = settings.memory_back_networks, settings.memory_back_hidden
    work = networks * (1e-6 + hidden * 2e-7 + hidden**2 * 2e-9)
    return 0.01 + settings.memory_back_length * (1.5e-3 + 3 * work) + networks * hidden**2 * 2e-6
