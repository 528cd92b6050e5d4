"""One step of a recurrent cell, every intermediate number under its name; the conventions are PyTorch's.

Two biases per block, blocks stacked in the order of `BLOCKS`, and in the GRU the reset gate inside the
product with the last hidden state. PyTorch writes z for the GRU's update gate; here it is u, since z is the
score before the squashing everywhere in the lab.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Kind = Literal["rnn", "lstm", "gru"]
BLOCKS: dict[str, tuple[str, ...]] = {"rnn": ("h",), "lstm": ("i", "f", "g", "o"), "gru": ("r", "u", "n")}
"""What the rows of a cell's weights compute, block by block."""
GATES: dict[str, tuple[str, ...]] = {"rnn": (), "lstm": ("i", "f", "o"), "gru": ("r", "u")}
"""The blocks that a sigmoid turns into shares from 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class CellWeights:
    """The weights of one cell, or of several side by side: then all have a first axis for the network.

    Attributes:
        kind: which cell.
        input_weights: W_x, from the input.
        hidden_weights: W_h, from the last hidden state.
        input_bias: b_x; of several cells `[network, 1, block*hidden]`, as one row for all examples.
        hidden_bias: b_h, likewise.
    """

    kind: Kind
    input_weights: Float[Tensor, "*network block*hidden input"]
    hidden_weights: Float[Tensor, "*network block*hidden hidden"]
    input_bias: Float[Tensor, "*network block*hidden"]
    hidden_bias: Float[Tensor, "*network block*hidden"]

    @property
    def hidden(self) -> int:
        """How many numbers the hidden state has."""
        return self.hidden_weights.shape[-1]

    def from_input(self, inputs: Float[Tensor, "*batch input"]) -> Float[Tensor, "*batch block*hidden"]:
        """Return W_x x + b_x; of a whole sequence at once, since it needs no hidden state."""
        return inputs @ self.input_weights.mT + self.input_bias

    def from_past(self, hidden: Float[Tensor, "*batch hidden"]) -> Float[Tensor, "*batch block*hidden"]:
        """Return W_h h + b_h."""
        return hidden @ self.hidden_weights.mT + self.hidden_bias


def first_weights(
    kind: Kind, inputs: int, hidden: int, generator: torch.Generator, scale: float = 1.0
) -> CellWeights:
    """Return weights of one cell in float64, drawn from U(-s, s) with s = scale / sqrt(hidden).

    With scale 1 that is PyTorch's default for `nn.RNNCell`, `nn.LSTMCell` and `nn.GRUCell`.
    """
    rows, bound = len(BLOCKS[kind]) * hidden, scale / math.sqrt(hidden)
    shapes = (rows, inputs), (rows, hidden), (rows,), (rows,)
    drawn = [
        (2 * torch.rand(shape, dtype=torch.float64, generator=generator) - 1) * bound for shape in shapes
    ]
    return CellWeights(kind, drawn[0], drawn[1], drawn[2], drawn[3])


State = dict[str, Tensor]


def step(
    weights: CellWeights,
    inputs: Float[Tensor, "*batch input"],
    hidden: Float[Tensor, "*batch hidden"],
    cell: Float[Tensor, "*batch hidden"] | None = None,
) -> State:
    """Return all that one step computes, by name.

    Args:
        weights: of the cell.
        inputs: x_t.
        hidden: h_(t-1).
        cell: c_(t-1), of the LSTM alone.

    Returns:
        `h`, the new hidden state, and on the way to it: `z_...`, the score of each block; the gates and the
        candidate under the block's name; of the LSTM `c`, the new cell state; of the GRU `past`, the hidden
        state's part in the candidate before the reset gate.
    """
    return advance(weights.kind, weights.from_input(inputs), weights.from_past(hidden), hidden, cell)


def advance(kind: Kind, now: Tensor, past: Tensor, hidden: Tensor, cell: Tensor | None = None) -> State:
    """Return all that a step computes from `now` = W_x x + b_x and `past` = W_h h + b_h; see `step`."""
    if kind == "rnn":
        return {"z_h": now + past, "h": torch.tanh(now + past)}
    if kind == "lstm":
        assert cell is not None
        return _lstm(now + past, cell)
    return _gru(now, past, hidden)


def _lstm(scores: Tensor, cell: Tensor) -> State:
    """Source: Hochreiter and Schmidhuber (1997), with the forget gate of Gers and others (2000)."""
    z_i, z_f, z_g, z_o = scores.chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(z_i), torch.sigmoid(z_f), torch.tanh(z_g), torch.sigmoid(z_o)
    c = f * cell + i * g
    scored = {"z_i": z_i, "z_f": z_f, "z_g": z_g, "z_o": z_o}
    return scored | {"i": i, "f": f, "g": g, "o": o, "c": c, "h": o * torch.tanh(c)}


def _gru(now: Tensor, past: Tensor, hidden: Tensor) -> State:
    """Source: Cho and others (2014), with the reset gate after the product, as PyTorch and cuDNN have it."""
    (now_r, now_u, now_n), (past_r, past_u, past_n) = now.chunk(3, dim=-1), past.chunk(3, dim=-1)
    z_r, z_u = now_r + past_r, now_u + past_u
    r, u = torch.sigmoid(z_r), torch.sigmoid(z_u)
    z_n = now_n + r * past_n
    n = torch.tanh(z_n)
    scored = {"z_r": z_r, "z_u": z_u, "past": past_n, "z_n": z_n}
    return scored | {"r": r, "u": u, "n": n, "h": (1 - u) * n + u * hidden}
