"""A tiny network learns to remember what it read first."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float64
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from lab.models.cells import CellWeights, step
from lab.topics.rnn.cell_settings import CellSettings

UPDATES, BATCH, RATE, FRESH = 200, 32, 0.05, 500


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What training left.

    Attributes:
        weights: of the cell.
        output_weights: from the hidden state to a score per letter, or to the number.
        output_bias: likewise.
        right: share of fresh words whose first letter it names at the end; for numbers the mean squared
            error.
    """

    weights: CellWeights
    output_weights: Float64[Tensor, "answer hidden"]
    output_bias: Float64[Tensor, " answer"]
    right: float

    def answers(self, hidden: Float64[Tensor, "step hidden"]) -> Float64[Tensor, "step answer"]:
        """Return a probability per letter, or the number, as said from each hidden state."""
        scores = hidden @ self.output_weights.mT + self.output_bias
        return torch.softmax(scores, dim=-1) if scores.shape[-1] > 1 else scores


def trained(settings: CellSettings, first: CellWeights) -> Iterator[float | Learned]:
    """Yield the share of training that is done, now and then, and at last what was learned.

    Letters are drawn evenly from the word's own, numbers from the normal distribution; Adam, gradients cut to
    length 1; after every step the loss asks what came first, by cross-entropy or squared error.
    """
    generator = torch.Generator().manual_seed(settings.cell_seed)
    answers = first.input_weights.shape[-1]
    bound = 1 / math.sqrt(settings.cell_hidden)
    output = (
        2 * torch.rand(answers, settings.cell_hidden, dtype=torch.float64, generator=generator) - 1
    ) * bound
    parameters = [
        one.clone().requires_grad_()
        for one in (first.input_weights, first.hidden_weights, first.input_bias, first.hidden_bias, output)
    ]
    parameters.append(torch.zeros(answers, dtype=torch.float64, requires_grad=True))
    optimizer = torch.optim.Adam(parameters, lr=RATE, fused=True)
    length = len(settings.symbols())
    for update in range(UPDATES):
        inputs, targets = _examples(settings, length, BATCH, generator)
        loss = _loss(_scores(first, parameters, inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if update % 25 == 24:
            yield (update + 1) / UPDATES
    with torch.no_grad():
        inputs, targets = _examples(settings, length, FRESH, generator)
        scores = _scores(first, parameters, inputs)[-1:]
        exact = (
            (scores[0].argmax(dim=-1) == targets).double().mean() if answers > 1 else _loss(scores, targets)
        )
    weights, bias = (parameter.detach() for parameter in parameters[4:])
    yield Learned(_cell(first, [one.detach() for one in parameters]), weights, bias, exact.item())


def _cell(first: CellWeights, parameters: list[Tensor]) -> CellWeights:
    names = ("input_weights", "hidden_weights", "input_bias", "hidden_bias")
    return replace(first, **dict(zip(names, parameters, strict=False)))


def _examples(
    settings: CellSettings, length: int, count: int, generator: torch.Generator
) -> tuple[Float64[Tensor, "step example input"], Tensor]:
    """Return sequences and what each began with."""
    letters = len(settings.alphabet())
    if letters:
        drawn = torch.randint(letters, (length, count), generator=generator)
        return one_hot(drawn, letters).double(), drawn[0]
    numbers = torch.randn(length, count, 1, dtype=torch.float64, generator=generator)
    return numbers, numbers[0, :, 0]


def _scores(
    first: CellWeights, parameters: list[Tensor], inputs: Tensor
) -> Float64[Tensor, "step example answer"]:
    cell = _cell(first, parameters)
    hidden = state = torch.zeros(inputs.shape[1], first.hidden, dtype=torch.float64)
    seen = []
    for now in inputs:
        told = step(cell, now, hidden, state)
        hidden, state = told["h"], told.get("c", state)
        seen.append(hidden)
    return torch.stack(seen) @ parameters[4].mT + parameters[5]


def _loss(scores: Float64[Tensor, "step example answer"], targets: Tensor) -> Tensor:
    """Return the mean over steps and examples: after every step the same is asked."""
    wanted = targets.expand(scores.shape[:2])
    if targets.is_floating_point():
        return (scores[..., 0] - wanted).square().mean()
    return cross_entropy(scores.flatten(0, 1), wanted.flatten())
