"""How fast the lab trains its convolutional network: against the loop of a tutorial, and until 95 %.

Both train the page's recommended network on the same images, on one thread, in turns; each figure is the
median of the rounds. Run from the root of the repository:

    python -m tests.benchmarks.bench_cnn
"""

import sys
from collections.abc import Callable
from statistics import median
from time import process_time

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lab.core.events import Evaluated
from lab.core.lesson import Context
from lab.models.convnet import ConvNet
from lab.topics.cnn.images import images_of
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.train import train
from lab.training.convolutional import Learner, channels_last
from tests.benchmarks.targets import Target, report

ROUNDS, SEEDS, TARGET = 9, range(1, 6), 0.95
WANTED_GAIN, WANTED_SECONDS = 1.2, 3.0


def tutorial_epoch(settings: Settings) -> Callable[[], None]:
    """Return one epoch as tutorials write it: nn.Sequential, DataLoader, torch.optim.Adam, loss.item()."""
    images = images_of(settings, Context())
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    criterion = nn.CrossEntropyLoss()
    shuffle = torch.Generator().manual_seed(0)
    data = TensorDataset(images.train, images.train_labels)
    loader = DataLoader(data, settings.batch_size, shuffle=True, generator=shuffle)

    def epoch() -> None:
        total, right = 0.0, 0
        for inputs, targets in loader:
            optimizer.zero_grad()
            scores = model(inputs)
            loss = criterion(scores, targets)
            loss.backward()
            optimizer.step()
            total += loss.item()
            right += int((scores.argmax(dim=1) == targets).sum())

    return epoch


def lab_epoch(settings: Settings) -> Callable[[], None]:
    """Return one epoch of the lab's loop."""
    images = images_of(settings, Context())
    network = ConvNet(settings.architecture(), torch.Generator().manual_seed(settings.seed))
    learner = Learner(network, settings.optimizer, settings.learning_rate)
    shuffle = torch.Generator().manual_seed(0)

    def epoch() -> None:
        learner.begin(0)
        for batch in torch.randperm(settings.examples, generator=shuffle).split(settings.batch_size):
            learner.learn(channels_last(images.train[batch]), images.train_labels[batch])

    return epoch


def cpu_seconds(act: Callable[[], object]) -> float:
    """Return the CPU time that `act` takes."""
    begun = process_time()
    act()
    return process_time() - begun


def seconds_to_target(settings: Settings) -> float:
    """Return the CPU seconds of the whole run, measurements and dense network too, until 95 % are read."""
    begun = process_time()
    for event in train(settings, Context()):
        if isinstance(event, Evaluated) and event.scores["test_accuracy"][0] >= TARGET:
            return process_time() - begun
    return float("inf")


def main() -> list[Target]:
    """Print the figures, and return them beside what is wanted."""
    torch.set_num_threads(1)
    settings = Settings()
    with torch.random.fork_rng():  # nn.Conv2d draws from the global generator
        tutorial, ours = tutorial_epoch(settings), lab_epoch(settings)
        for epoch in (tutorial, ours):
            epoch()  # warm up
        rounds = [(cpu_seconds(tutorial), cpu_seconds(ours)) for _ in range(ROUNDS)]
    gain = median(theirs / mine for theirs, mine in rounds)
    speed = settings.examples / median(mine for _, mine in rounds)
    print(f"images per CPU second      {speed:8,.0f}")
    taken = [seconds_to_target(settings.changed(seed=seed, epochs=10)) for seed in SEEDS]
    spread = f"seeds {min(taken):.2f}-{max(taken):.2f}"
    return [
        Target("images per second, the DataLoader loop = 1", gain, WANTED_GAIN),
        Target(f"CPU seconds to 95 % ({spread})", median(taken), WANTED_SECONDS, at_most=True),
    ]


if __name__ == "__main__":
    sys.exit(report(main()))
