"""How much faster the ensemble engine is than the loop of a PyTorch tutorial, on one thread.

Both train the same networks in one process, in turns; each figure is the median of the rounds. Run from the
root of the repository:

    python -m tests.benchmarks.bench_engine
"""

from collections.abc import Callable
from itertools import pairwise
from statistics import median
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from lab.training.ensemble import Architecture, Ensemble, Recipe

EXAMPLES, BATCH_SIZE, ROUNDS = 250, 10, 9
STEPS = EXAMPLES // BATCH_SIZE
SHAPES = {"2-4-2-1 tanh": (2, (4, 2)), "7-8-8-8-1 tanh": (7, (8, 8, 8))}
NETWORKS = (1, 8, 32, 128)
EPOCHS = {1: 8, 8: 6, 32: 6, 128: 3}


def examples(features: int) -> tuple[Tensor, Tensor]:
    """Return inputs and targets of -1 and 1."""
    inputs = torch.randn(EXAMPLES, features, generator=torch.Generator().manual_seed(0))
    return inputs, torch.sign(inputs[:, :1] * inputs[:, 1:2])


def tutorial_epoch(features: int, hidden: tuple[int, ...]) -> Callable[[], None]:
    """Return one epoch as tutorials write it: nn.Sequential, DataLoader, torch.optim.SGD, loss.item()."""
    sizes = (features, *hidden)
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out), nn.Tanh()]
    model = nn.Sequential(*layers, nn.Linear(sizes[-1], 1), nn.Tanh())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03)
    criterion = nn.MSELoss()
    shuffle = torch.Generator().manual_seed(0)
    loader = DataLoader(TensorDataset(*examples(features)), BATCH_SIZE, shuffle=True, generator=shuffle)

    def epoch() -> None:
        total = 0.0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            total += loss.item()

    return epoch


def ensemble_epoch(
    features: int, hidden: tuple[int, ...], networks: int, records: bool = False
) -> Callable[[], None]:
    """Return one epoch of the engine, if asked with the losses of each epoch and every third snapshot."""
    architecture = Architecture(features, hidden, 1, output="tanh")
    ensemble = Ensemble(architecture, Recipe(), range(networks))
    inputs, targets = examples(features)
    shuffle = torch.Generator().manual_seed(0)

    def epoch() -> None:
        order = torch.randperm(EXAMPLES, generator=shuffle)
        ensemble.epoch(inputs, targets, order, BATCH_SIZE)
        if records:
            ensemble.losses(inputs, targets)
            ensemble.losses(inputs, targets)
            if ensemble.epochs % 3 == 0:
                ensemble.snapshot()

    return epoch


def seconds(epoch: Callable[[], None], epochs: int) -> float:
    """Return the mean wall time of an epoch."""
    start = perf_counter()
    for _ in range(epochs):
        epoch()
    return (perf_counter() - start) / epochs


def report(name: str, features: int, hidden: tuple[int, ...]) -> None:
    """Print the table of one shape of network."""
    tutorial = tutorial_epoch(features, hidden)
    bare = {networks: ensemble_epoch(features, hidden, networks) for networks in NETWORKS}
    recorded = {networks: ensemble_epoch(features, hidden, networks, records=True) for networks in NETWORKS}
    for epoch in (tutorial, *bare.values(), *recorded.values()):
        seconds(epoch, 3)  # warm up
    print(f"\n{name}, batch {BATCH_SIZE}, {EXAMPLES} examples, SGD, output tanh, half squared error")
    print(f"{'networks':>10}{'us/step':>10}{'tutorial':>10}{'model-steps':>13}{'recording':>11}")
    for networks in NETWORKS:
        rounds: list[tuple[float, float, float]] = []
        for _ in range(ROUNDS):
            epochs = EPOCHS[networks]
            rounds.append(
                (
                    seconds(tutorial, 2),
                    seconds(bare[networks], epochs),
                    seconds(recorded[networks], epochs),
                )
            )
        step = median(ours for _, ours, _ in rounds) / STEPS * 1e6
        slow = median(theirs for theirs, _, _ in rounds) / STEPS * 1e6
        gain = median(networks * theirs / ours for theirs, ours, _ in rounds)
        extra = median(full / ours - 1 for _, ours, full in rounds)
        print(f"{networks:>10}{step:>10.1f}{slow:>10.1f}{gain:>12.0f}x{extra:>+11.0%}")


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    with torch.random.fork_rng():  # nn.Linear draws from the global generator
        for name, (features, hidden) in SHAPES.items():
            report(name, features, hidden)
    print("\nmodel-steps: steps of all networks per second, the tutorial loop being 1.")
    print("recording: added by the losses on 250 + 250 examples each epoch and a snapshot every third.")


if __name__ == "__main__":
    main()
