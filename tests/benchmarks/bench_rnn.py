"""How fast the forms of recurrent cells are trained on one thread, as ratios of nn.LSTM in one run.

All forms train in turns in one process; each figure is the median of the rounds. Run from the root of the
repository:

    python -m tests.benchmarks.bench_rnn
"""

import torch

from lab.core.events import Done
from lab.core.lesson import Context
from lab.topics.rnn.cost import train
from lab.topics.rnn.cost_settings import FORMS, CostSettings

LENGTH, ROUNDS = 50, 20
SIZES = ((32, 1), (32, 32), (64, 32), (128, 32), (128, 128))
"""Hidden units and batch size."""


def main() -> None:
    """Print the table: tokens per second, and the time of a step where that of nn.LSTM is 1."""
    torch.set_num_threads(1)
    print(f"{LENGTH} steps of 1 number, Adam; 1,000 tokens/s (time, nn.LSTM = 1)\n")
    print("hidden batch " + "".join(f"{form:>17}" for form in FORMS))
    for hidden, batch in SIZES:
        settings = CostSettings(cost_hidden=hidden, cost_batch=batch, cost_length=LENGTH, cost_rounds=ROUNDS)
        *_events, done = train(settings, Context())
        assert isinstance(done, Done)
        cells = [
            f"{done.result.speed(form) / 1000:>9.1f} ({done.result.slower(form, 'lstm'):>4.2f})"
            for form in FORMS
        ]
        print(f"{hidden:>6}{batch:>6} " + " ".join(cells))
    print("\nrnn: nn.RNN; hoisted: the lab's loop; lstm: nn.LSTM; loop: over nn.LSTMCell; gru: nn.GRU.")


if __name__ == "__main__":
    main()
