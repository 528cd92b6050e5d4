"""A cell unrolled over a short sequence: every number of every step."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64
from torch import Tensor

from lab.core.events import Done, Event, Finished, Started, Stepped
from lab.core.lesson import Context
from lab.models.cells import BLOCKS, CellWeights, first_weights, step
from lab.topics.rnn.cell_settings import CellSettings, Place
from lab.topics.rnn.cell_training import UPDATES, Learned, trained

NAMES = {
    "rnn": ("z_h", "h"),
    "lstm": ("z_i", "z_f", "z_g", "z_o", "i", "f", "g", "o", "c", "h"),
    "gru": ("z_r", "z_u", "past", "z_n", "r", "u", "n", "h"),
}
"""What a step computes, in this order."""


@dataclass(frozen=True, slots=True, eq=False)
class Unrolled:
    """A cell and all its steps.

    Attributes:
        kind: which cell.
        symbols: what was read, step by step.
        weights: `W_x`, `W_h`, `b_x`, `b_h`.
        inputs: x of each step.
        steps: what each step computed, by name, before anything was set by hand.
        hidden: the state before the first step and after each, as it is handed on.
        cell: the LSTM's cell state likewise; empty for the other cells.
        edited: what was set by hand, of what there is.
        answers: what the trained network says was read first, after each step; empty if untrained.
        right: of fresh sequences, the share that the trained network gets right; of numbers, its mean
            squared error; NaN if untrained.
    """

    kind: str
    symbols: tuple[str, ...]
    weights: Mapping[str, np.ndarray]
    inputs: Float64[np.ndarray, "step input"]
    steps: tuple[Mapping[str, Float64[np.ndarray, " unit"]], ...]
    hidden: Float64[np.ndarray, "state unit"]
    cell: Float64[np.ndarray, "state unit"]
    edited: Mapping[Place, float]
    answers: Float64[np.ndarray, "step answer"]
    right: float

    def state(self, name: str, number: int) -> Float64[np.ndarray, " unit"]:
        """Return `h` or `c` as it is handed on after step `number`."""
        return (self.hidden if name == "h" else self.cell)[number]

    def gates(self, number: int) -> dict[str, Float64[np.ndarray, " unit"]]:
        """Return the gates and the candidate of a step; of the vanilla RNN its state alone."""
        shown = {"rnn": "h", "lstm": "ifog", "gru": "run"}[self.kind]
        return {name: self.steps[number - 1][name] for name in shown}

    def table(self) -> pd.DataFrame:
        """Return one row per step and unit with every number of the step."""
        rows = []
        for number, (symbol, told) in enumerate(zip(self.symbols, self.steps, strict=True), start=1):
            for unit in range(self.hidden.shape[1]):
                row: dict[str, object] = {"step": number, "reads": symbol, "unit": unit + 1}
                row |= {name: told[name][unit] for name in NAMES[self.kind]}
                row |= {"h handed on": self.hidden[number, unit]}
                row |= {"c handed on": self.cell[number, unit]} if self.cell.size else {}
                rows.append(row)
        return pd.DataFrame(rows)

    def weight_table(self) -> pd.DataFrame:
        """Return one row per row of the weights: the block, the unit, and every weight and bias."""
        blocks, units = BLOCKS[self.kind], self.hidden.shape[1]
        columns: dict[str, object] = {
            "block": np.repeat(blocks, units),
            "unit": np.tile(np.arange(1, units + 1), len(blocks)),
        }
        letters = tuple(dict.fromkeys(self.symbols)) if self.inputs.shape[1] > 1 else ("x",)
        columns |= {f"W_x, {letter}": self.weights["W_x"][:, k] for k, letter in enumerate(letters)}
        columns |= {f"W_h, h{k + 1}": self.weights["W_h"][:, k] for k in range(units)}
        return pd.DataFrame(columns | {name: self.weights[name] for name in ("b_x", "b_h")})


def sequence(settings: CellSettings) -> Float64[Tensor, "step input"]:
    """Return what is read: letters as one-hot vectors over the word's own letters, numbers as they are."""
    symbols, alphabet = settings.symbols(), settings.alphabet()
    if not alphabet:
        return torch.tensor([[float(symbol)] for symbol in symbols], dtype=torch.float64)
    return torch.eye(len(alphabet), dtype=torch.float64)[[alphabet.index(symbol) for symbol in symbols]]


def drawn_weights(settings: CellSettings) -> CellWeights:
    """Return the first weights."""
    generator = torch.Generator().manual_seed(settings.cell_seed)
    inputs = max(1, len(settings.alphabet()))
    return first_weights(
        settings.cell_kind,  # type: ignore[arg-type]
        inputs,
        settings.cell_hidden,
        generator,
        settings.cell_scale,
    )


def unrolled(settings: CellSettings, weights: CellWeights, learned: Learned | None = None) -> Unrolled:
    """Return every number of every step; states set by hand are handed on in place of the computed ones."""
    inputs, edits = sequence(settings), settings.edits()
    states = {name: torch.zeros(settings.cell_hidden, dtype=torch.float64) for name in "hc"}
    done: dict[Place, float] = {}
    steps: list[Mapping[str, np.ndarray]] = []
    handed: dict[str, list[Tensor]] = {"h": [], "c": []}
    names = "hc" if weights.kind == "lstm" else "h"
    for number in range(len(inputs) + 1):
        if number:
            told = step(weights, inputs[number - 1], states["h"], states["c"])
            steps.append({name: values.numpy() for name, values in told.items()})
            states |= {name: told[name] for name in names}
        for name in names:
            states[name] = _set_by_hand(states[name], name, number, edits, done)
            handed[name].append(states[name])
    hidden = torch.stack(handed["h"])
    return Unrolled(
        kind=weights.kind,
        symbols=settings.symbols(),
        weights={
            "W_x": weights.input_weights.numpy(),
            "W_h": weights.hidden_weights.numpy(),
            "b_x": weights.input_bias.numpy(),
            "b_h": weights.hidden_bias.numpy(),
        },
        inputs=inputs.numpy(),
        steps=tuple(steps),
        hidden=hidden.numpy(),
        cell=torch.stack(handed["c"]).numpy() if handed["c"] else np.empty((0, 0)),
        edited=done,
        answers=learned.answers(hidden[1:]).numpy() if learned else np.empty((0, 0)),
        right=learned.right if learned else np.nan,
    )


def _set_by_hand(
    state: Tensor, name: str, number: int, edits: Mapping[Place, float], done: dict[Place, float]
) -> Tensor:
    """Return a state with what was set by hand, and note it in `done`."""
    mine = {place: value for place, value in edits.items() if place[:2] == (name, number)}
    mine = {place: value for place, value in mine.items() if place[2] <= len(state)}
    done |= mine
    changed = state.clone()
    for place, value in mine.items():
        changed[place[2] - 1] = value
    return changed


def train(settings: CellSettings, context: Context) -> Iterator[Event | Done[Unrolled]]:
    """Unroll the cell with its first weights, or train it first to remember what it read first."""
    yield Started(0.0, 1)
    weights, learned = drawn_weights(settings), None
    if settings.cell_weights == "trained":
        for found in trained(settings, weights):
            if isinstance(found, Learned):
                learned = found
            else:
                yield Stepped(found)
        assert learned is not None
        weights = learned.weights
    yield Finished("epochs", 0.0)
    yield Done(unrolled(settings, weights, learned))


def seconds(settings: CellSettings) -> float:
    """Return roughly how many CPU seconds it takes on a current core."""
    if settings.cell_weights == "drawn":
        return 0.003
    return (
        UPDATES * len(settings.symbols()) * {"rnn": 2e-4, "lstm": 3.5e-4, "gru": 4.5e-4}[settings.cell_kind]
    )
