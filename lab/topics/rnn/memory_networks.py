"""Small recurrent networks side by side, one per seed, that answer after the last step."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from lab.models.cells import BLOCKS, CellWeights, Kind, State, advance, first_weights

KEEPING = {"lstm": "f", "gru": "u"}
"""The gate whose bias decides how much of the state stays."""


class Networks:
    """Cells of one kind with a linear answer; none sees anything of the others.

    Args:
        kind: of all cells.
        sizes: of input, hidden state and answer.
        seeds: one per network, from which its weights follow; U(-s, s) with s = 1 / sqrt(hidden), as
            PyTorch's default.
        keep: is added to the bias of the LSTM's forget gate and of the GRU's update gate.
        radius: spectral radius to which every block of the hidden weights is scaled, biases being 0; None
            leaves them as drawn.
        dtype: of all numbers.
    """

    def __init__(
        self,
        kind: Kind,
        sizes: tuple[int, int, int],
        seeds: Sequence[int],
        *,
        keep: float = 0.0,
        radius: float | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.kind: Kind = kind
        self.hidden, self.keep, self.radius = sizes[1], keep, radius
        drawn = [self._drawn(sizes, seed) for seed in seeds]
        self.parameters = [torch.stack(one).to(dtype).requires_grad_() for one in zip(*drawn, strict=True)]

    def _drawn(self, sizes: tuple[int, int, int], seed: int) -> list[Tensor]:
        """Return a network's weights in the order of `parameters`: the cell's four, the answer's two."""
        generator = torch.Generator().manual_seed(seed)
        inputs, hidden, answers = sizes
        cell = first_weights(self.kind, inputs, hidden, generator)
        past, biases = cell.hidden_weights, [cell.input_bias, cell.hidden_bias]
        if self.radius is not None:
            past = torch.cat([scaled(block, self.radius) for block in past.split(hidden)])
            biases = [torch.zeros_like(one) for one in biases]
        if self.kind in KEEPING:
            place = BLOCKS[self.kind].index(KEEPING[self.kind])
            biases[0][place * hidden : (place + 1) * hidden] += self.keep
        answer = (2 * torch.rand(hidden, answers, dtype=torch.float64, generator=generator) - 1) / math.sqrt(
            hidden
        )
        zeros = torch.zeros(1, answers, dtype=torch.float64)
        return [cell.input_weights, past, *(one[None, :] for one in biases), answer, zeros]

    def cell(self) -> CellWeights:
        """Return the cells' weights as they are now."""
        return CellWeights(self.kind, *self.parameters[:4])

    def steps(self, inputs: Float[Tensor, "time network example input"]) -> list[State]:
        """Return what every step computes; the state before the first is 0."""
        cell = self.cell()
        now = cell.from_input(inputs)
        hidden = torch.zeros(*inputs.shape[1:3], self.hidden, dtype=inputs.dtype)
        state, told = hidden, []
        for scores in now:
            told.append(advance(self.kind, scores, cell.from_past(hidden), hidden, state))
            hidden, state = told[-1]["h"], told[-1].get("c", state)
        return told

    def answers(
        self, inputs: Float[Tensor, "time network example input"]
    ) -> Float[Tensor, "network example answer"]:
        """Return the answers after the last step."""
        return self.answered(self.steps(inputs))

    def answered(self, steps: Sequence[State]) -> Float[Tensor, "network example answer"]:
        """Return the answers after the last of these steps."""
        return steps[-1]["h"] @ self.parameters[4] + self.parameters[5]


def by_states(
    kind: Kind, steps: Sequence[State], loss: Float[Tensor, ""]
) -> dict[str, Float[Tensor, "time network example hidden"]]:
    """Return dL/dh of every step by autograd, also dL/dc of an LSTM.

    The gradient by a state is that of handing it on, as if it alone were moved a little.
    """
    names = ("h", "c") if kind == "lstm" else ("h",)
    found = torch.autograd.grad(loss, [step[name] for name in names for step in steps])
    count = len(steps)
    return {name: torch.stack(found[place * count : (place + 1) * count]) for place, name in enumerate(names)}


def scaled(matrix: Float[Tensor, "row row"], radius: float) -> Float[Tensor, "row row"]:
    """Return the matrix times a number, so that its largest eigenvalue has this size."""
    return matrix * (radius / torch.linalg.eigvals(matrix).abs().max())


def lengths(gradients: Sequence[Tensor]) -> Float[Tensor, " network"]:
    """Return the length of each network's gradient over all its parameters."""
    return torch.stack([one.flatten(1).square().sum(dim=1) for one in gradients]).sum(dim=0).sqrt()


def clipped(gradients: Sequence[Tensor], limits: Float[Tensor, " network"]) -> list[Tensor]:
    """Return gradients no longer than each network's limit, with their direction kept.

    Source: Pascanu, Mikolov, Bengio (2013), section 3.2; `torch.nn.utils.clip_grad_norm_`.
    """
    shares = (limits / (lengths(gradients) + 1e-6)).clamp(max=1)
    return [one * shares.view(-1, *[1] * (one.dim() - 1)) for one in gradients]
