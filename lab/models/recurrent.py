"""Recurrent networks: a cell that reads a sequence step by step, and a linear output at every step."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lab.models.cells import BLOCKS, Kind

State = tuple[Float[Tensor, "layer batch hidden"], ...]
"""What a cell hands on: the hidden state h, with an LSTM also the cell state c."""


class HoistedRNN(nn.Module):
    """The vanilla RNN h_t = tanh(W x_t + b + U h_(t-1) + c), with W x + b computed for all steps at once.

    Parameters and results are those of `torch.nn.RNN`; on one CPU core it is faster, since only U h is left
    in the loop. Source: Elman (1990); names and shapes as in PyTorch.
    """

    def __init__(self, inputs: int, hidden: int, layers: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.layers = layers
        for layer in range(layers):
            reads = hidden if layer else inputs
            for name, shape in (
                ("weight_ih", (hidden, reads)),
                ("weight_hh", (hidden, hidden)),
                ("bias_ih", (hidden,)),
                ("bias_hh", (hidden,)),
            ):
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(torch.empty(shape, dtype=dtype)))

    def forward(
        self, sequence: Float[Tensor, "time batch input"], state: Float[Tensor, "layer batch hidden"]
    ) -> tuple[Float[Tensor, "time batch hidden"], Float[Tensor, "layer batch hidden"]]:
        """Return the top layer's hidden states, and every layer's after the last step."""
        last: list[Tensor] = []
        for layer in range(self.layers):
            sequence = self._layer(layer, sequence, state[layer])
            last.append(sequence[-1])
        return sequence, torch.stack(last)

    def _layer(self, layer: int, sequence: Tensor, hidden: Tensor) -> Tensor:
        weight, recurrent, bias, other = (
            self.get_parameter(f"{name}_l{layer}")
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        turned = recurrent.t()
        states: list[Tensor] = []
        for projected in nn.functional.linear(sequence, weight, bias + other).unbind():
            hidden = torch.tanh(torch.addmm(projected, hidden, turned))
            states.append(hidden)
        return torch.stack(states)


class Recurrent(nn.Module):
    """A recurrent network whose first weights come from a generator: cell layers, then a linear output.

    All weights and biases start from U(-a, a) with a = 1 / sqrt(hidden), PyTorch's rule.

    Args:
        cell: "rnn" (`HoistedRNN`), "lstm" (`torch.nn.LSTM`) or "gru" (`torch.nn.GRU`).
        inputs: features of a step.
        hidden: units of each layer.
        layers: cells one above the other, at least 1.
        outputs: numbers put out at each step.
        generator: of the CPU, from which the first weights are drawn.
        forget_bias: what an LSTM's forget gate starts with in place of its drawn input bias; None leaves
            it. 1 lets it remember from the start (Jozefowicz, Zaremba and Sutskever 2015).
        dtype: single precision is faster: PyTorch fuses an LSTM's step only there.
    """

    def __init__(
        self,
        cell: Kind,
        *,
        inputs: int,
        hidden: int,
        layers: int,
        outputs: int,
        generator: torch.Generator,
        forget_bias: float | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.cell_name: Kind = cell
        self.cell_inputs, self.hidden, self.layers = inputs, hidden, layers
        # Made without numbers: torch would draw them from the generator that all visitors share.
        with torch.device("meta"):
            self.cell = _cell(cell, inputs, hidden, layers, dtype)
            self.output = nn.Linear(hidden, outputs, dtype=dtype)
        self.to_empty(device="cpu")
        bound = 1 / math.sqrt(hidden)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-bound, bound, generator=generator)
            if cell == "lstm" and forget_bias is not None:
                for layer in range(layers):
                    self.cell.get_parameter(f"bias_ih_l{layer}")[hidden : 2 * hidden] = forget_bias
                    self.cell.get_parameter(f"bias_hh_l{layer}")[hidden : 2 * hidden] = 0

    def zero_state(self, batch: int) -> State:
        """Return the state before the first step: zeros."""
        shape = (self.layers, batch, self.hidden)
        like = self.output.weight
        return tuple(like.new_zeros(shape) for _ in range(2 if self.cell_name == "lstm" else 1))

    def forward(
        self, sequence: Float[Tensor, "time batch input"], state: State | None = None
    ) -> tuple[Float[Tensor, "time batch output"], Float[Tensor, "time batch hidden"], State]:
        """Read a sequence of at least one step.

        Args:
            sequence: the inputs.
            state: what an earlier part of the sequence left; zeros if not given.

        Returns:
            The outputs at every step, the top layer's hidden states at every step, and the state after the
            last one, which a later call can go on from.
        """
        before = self.zero_state(sequence.shape[1]) if state is None else state
        if self.cell_name == "lstm":
            states, after = self.cell(sequence, before)
        else:
            states, hidden = self.cell(sequence, before[0])
            after = (hidden,)
        return self.output(states), states, after


def _cell(cell: Kind, inputs: int, hidden: int, layers: int, dtype: torch.dtype) -> nn.Module:
    if cell == "rnn":
        return HoistedRNN(inputs, hidden, layers, dtype)
    module = nn.LSTM if cell == "lstm" else nn.GRU
    return module(inputs, hidden, layers, dtype=dtype)


def detached(state: State) -> State:
    """Return the same state, through which no gradient flows back.

    Example:
        >>> detached((torch.ones(1, 1, 1, requires_grad=True) * 2,))[0].requires_grad
        False
    """
    return tuple(one.detach() for one in state)


def parameter_count(cell: Kind, *, inputs: int, hidden: int, layers: int, outputs: int) -> int:
    """Return the number of weights and biases of a `Recurrent`.

    A layer that reads n numbers has, for each of its blocks, H (n + H + 2) parameters.

    Example:
        >>> parameter_count("lstm", inputs=1, hidden=32, layers=1, outputs=1)
        4513
    """
    reads = inputs + (layers - 1) * hidden
    cells = len(BLOCKS[cell]) * hidden * (reads + layers * (hidden + 2))
    return cells + outputs * (hidden + 1)
