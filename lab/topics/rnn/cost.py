"""Part 5: parameters by the formula, and speed as measured on the machine that runs it."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64
from torch import Tensor, nn

from lab.core.events import Done, Event, Finished, Started, Stepped
from lab.core.lesson import Context
from lab.models.cells import Kind
from lab.models.recurrent import Recurrent, parameter_count
from lab.topics.rnn.cost_settings import FORMS, CostSettings

CELL_OF: Mapping[str, Kind] = {
    "rnn": "rnn",
    "hoisted": "rnn",
    "lstm": "lstm",
    "loop": "lstm",
    "gru": "gru",
}
TOKENS_OF_EPOCH = 100_000
"""An epoch here is a text of so many letters, or a series of so many values."""
FEWEST_ROUNDS, MOST_SECONDS = 2, 6.0
RATE = 0.001
CLEARLY = 1.05
"""One form is called slower than another if its median time is longer by more than a twentieth."""


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """What was measured.

    Attributes:
        seconds: of one training step (forward, backward, update), by form; CPU time of one core.
        tokens: steps of all sequences in one training step: batch size times length.
        parameters: of each form.
    """

    seconds: Mapping[str, Float64[np.ndarray, " round"]]
    tokens: int
    parameters: Mapping[str, int]

    def median(self, form: str) -> float:
        """Return the median of the rounds, in seconds."""
        return float(np.median(self.seconds[form]))

    def speed(self, form: str) -> float:
        """Return how many tokens a second of training takes in."""
        return self.tokens / self.median(form)

    def slower(self, one: str, other: str) -> float:
        """Return by what factor `one` is slower than `other`: the median over rounds of their ratio."""
        return float(np.median(self.seconds[one] / self.seconds[other]))

    def table(self) -> pd.DataFrame:
        """Return one row per form; an epoch has `TOKENS_OF_EPOCH` tokens."""
        return pd.DataFrame(
            {
                "cell": list(FORMS.values()),
                "parameters": [self.parameters[form] for form in FORMS],
                "ms per step": [round(1000 * self.median(form), 3) for form in FORMS],
                "tokens per second": [round(self.speed(form)) for form in FORMS],
                "seconds per epoch": [round(TOKENS_OF_EPOCH / self.speed(form), 3) for form in FORMS],
                "time, nn.LSTM = 1": [round(self.slower(form, "lstm"), 2) for form in FORMS],
            }
        )


class CellLoop(nn.Module):
    """An LSTM as one would write it out: a Python loop over `torch.nn.LSTMCell`."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(inputs, hidden)

    def forward(self, sequence: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the hidden states of all steps, and the last state."""
        hidden, memory = state[0][0], state[1][0]
        states: list[Tensor] = []
        for one in sequence.unbind():
            hidden, memory = self.cell(one, (hidden, memory))
            states.append(hidden)
        return torch.stack(states), (hidden[None], memory[None])


def parameters_of(settings: CostSettings) -> dict[str, int]:
    """Return how many parameters each form has, with a linear output of one number."""
    sizes = {"inputs": settings.cost_inputs, "hidden": settings.cost_hidden, "layers": 1, "outputs": 1}
    return {form: parameter_count(CELL_OF[form], **sizes) for form in FORMS}


def network_of(form: str, settings: CostSettings) -> Recurrent:
    """Return a network of one form; forms of a cell have the same weights."""
    inputs, hidden = settings.cost_inputs, settings.cost_hidden
    generator = torch.Generator().manual_seed(0)
    network = Recurrent(CELL_OF[form], inputs=inputs, hidden=hidden, layers=1, outputs=1, generator=generator)
    if form in ("rnn", "loop"):
        state = network.cell.state_dict()
        with torch.device("meta"):  # made without numbers: torch would draw them from the shared generator
            network.cell = nn.RNN(inputs, hidden) if form == "rnn" else CellLoop(inputs, hidden)
        if form == "loop":
            state = {f"cell.{name.removesuffix('_l0')}": value for name, value in state.items()}
        network.cell.to_empty(device="cpu").load_state_dict(state)
    return network


def step_of(network: Recurrent, settings: CostSettings) -> Callable[[], None]:
    """Return one training step: forward, squared error at every step, backward, Adam."""
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
    shape = settings.cost_length, settings.cost_batch
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(*shape, settings.cost_inputs, generator=random)
    targets = torch.randn(*shape, 1, generator=random)

    def step() -> None:
        loss = (network(inputs)[0] - targets).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def measured(step: Callable[[], None]) -> float:
    """Return the CPU seconds of one step; other people's work on the machine counts little."""
    start = time.thread_time()
    step()
    return time.thread_time() - start


def step_seconds(settings: CostSettings) -> float:
    """Return roughly how many seconds a step of all forms together takes on a current core."""
    numbers = settings.cost_batch * settings.cost_hidden * (1 + settings.cost_hidden / 64)
    return 0.01 + settings.cost_length * (0.9e-3 + 250e-9 * numbers)


def rounds_of(settings: CostSettings) -> int:
    """Return how often every form is measured: as asked, or as often as fits into six seconds, but twice."""
    return max(FEWEST_ROUNDS, min(settings.cost_rounds, int(MOST_SECONDS / step_seconds(settings))))


def seconds(settings: CostSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    return 0.3 + (rounds_of(settings) + 2) * step_seconds(settings)


def train(settings: CostSettings, context: Context) -> Iterator[Event | Done[Cost]]:
    """Measure the forms in turns, so that a busy machine slows all of them alike."""
    rounds = rounds_of(settings)
    yield Started(0.0, len(FORMS))
    steps = {form: step_of(network_of(form, settings), settings) for form in FORMS}
    taken: dict[str, list[float]] = {form: [] for form in FORMS}
    turns = [(number, form) for number in range(-2, rounds) for form in FORMS]  # two rounds to warm up
    for turn, (number, form) in enumerate(turns, start=1):
        one = measured(steps[form])
        if number >= 0:
            taken[form].append(max(one, 1e-9))
        yield Stepped(turn / len(turns))
    yield Finished("epochs", 0.0)
    tokens = settings.cost_batch * settings.cost_length
    found = {form: np.array(times) for form, times in taken.items()}
    yield Done(Cost(found, tokens, parameters_of(settings)))
