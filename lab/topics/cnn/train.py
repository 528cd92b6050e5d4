"""Train a convolutional network, and beside it a dense one of the same size, on the same batches."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor
from torch.nn.functional import cross_entropy

from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Framed, Started
from lab.core.lesson import Beginning, Context
from lab.models.convnet import ConvNet, DenseTwin, filters_of
from lab.topics.cnn.images import augmentation_of, images_of
from lab.topics.cnn.settings import Settings, looks
from lab.topics.cnn.trained import Record, Trained, Weights, network_of, weights_in
from lab.training.augmentation import shifted
from lab.training.convolutional import Learner, channels_last

__all__ = ["Trained", "images_of", "network_of", "resumes", "seconds", "train"]

WAYS = torch.tensor([[1, 0], [0, 1], [-1, 0], [0, -1]])
MOST_SHIFT = 6
KEPT = (1.0, 0.25, 3.0, 10.0, 2.0, 5.0, 0.5, 0.75, 1.5, 4.0, *map(float, range(6, 20)))
"""Epochs after which all weights are kept, the most telling ones first."""
MOST_KEPT_BYTES = 6_000_000
"""Of all those weights, so that a result stays a few megabytes; large networks keep the first of `KEPT`."""


def train(settings: Settings, context: Context) -> Iterator[Event | Done[Trained]]:
    """Yield measurements, and the first block's filters as they form; a run can be taken up."""
    course = _Course(settings, context)
    for event in course.events(context.earlier):
        course.told.append(event)
        yield event
    yield Done(course.result())


class _Course:
    """One run on its way; `epoch` is where it stands."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self.settings, self.context = settings, context
        self.epoch = 0.0
        self.told: list[Event] = []
        self.moments: list[float] = []
        self.filters: list[list[Float32[np.ndarray, "out in y x"]]] = []
        self.kept: dict[int, Weights] = {}
        self.seconds: list[list[float]] = []
        self.lost: set[int] = set()

    def events(self, earlier: Record | None) -> Iterator[Event]:
        """Yield all events; those of `earlier` first, as they were told then."""
        yield Started(float(self.settings.epochs), 1 + self.settings.twin)
        self._prepare()
        if earlier is None:
            yield from self._looked(0.0)
        else:
            yield from (one for one in earlier.events[1:] if not isinstance(one, Finished))
            self._take_up(earlier)
        while self.epoch < self.settings.epochs and self.sound:
            yield from self._epoch(round(self.epoch) + 1)
            self._keep()
        yield Finished("epochs" if self.sound else "diverged", self.epoch)

    def _prepare(self) -> None:
        """Read the images and build the networks; after the first event, since it takes a moment."""
        settings, device = self.settings, self.context.device
        self.images = images_of(settings, self.context)
        self.augmentation = augmentation_of(settings, self.images)
        self.learners: list[Learner] = []
        for kind in (ConvNet, DenseTwin) if settings.twin else (ConvNet,):
            network = kind(settings.architecture(), torch.Generator().manual_seed(settings.seed))
            self.learners.append(Learner(network, settings.optimizer, settings.learning_rate, device))

    @property
    def network(self) -> ConvNet:
        network = self.learners[0].network
        assert isinstance(network, ConvNet)
        return network

    @property
    def sound(self) -> bool:
        return not all(learner.overflow for learner in self.learners)

    def _keep(self) -> None:
        """Say where the run can be taken up if it is stopped in the next epoch."""
        if self.sound:
            done = self.settings.changed(epochs=round(self.epoch))
            self.context.keep(Beginning(done, Record(**self._written())))

    def _take_up(self, earlier: Record) -> None:
        for learner, state in zip(self.learners, earlier.learners, strict=True):
            learner.restore(state)
        self.moments = earlier.moments.tolist()
        self.epoch = self.moments[-1]
        self.filters = [list(moment) for moment in zip(*earlier.filters, strict=True)]
        self.kept = dict(earlier.kept)
        self.seconds = earlier.seconds.tolist()
        self.lost = {number for number, one in enumerate(self.learners) if one.overflow}

    def _epoch(self, number: int) -> Iterator[Event]:
        """Train one epoch; its order and its chance follow from the seed and its number alone."""
        images, count = self.images, self.settings.examples
        chance = np.random.default_rng((self.settings.seed, number))
        batches = torch.from_numpy(chance.permutation(count)).split(self.settings.batch_size)
        generator = torch.Generator().manual_seed(int(chance.integers(2**62)))
        for learner in self.learners:
            learner.begin(int(chance.integers(2**62)))
        measured = _looks(len(batches), count)
        seen = 0
        for step, batch in enumerate(batches, start=1):
            seen += len(batch)
            changed = channels_last(self.augmentation.applied(images.train[batch], images.black, generator))
            for learner in self.learners:
                learner.learn(changed, images.train_labels[batch])
            if step in measured or not self.sound:
                self.epoch = number - 1 + seen / count
                yield from self._looked(number - 1 + measured.get(step, 0.0))
            if not self.sound:
                return

    def _looked(self, nominal: float) -> Iterator[Event]:
        """Measure both networks, and write the filters down if this moment is one of those.

        Args:
            nominal: where the run should stand; batches that do not divide the images evenly miss it a bit.
        """
        rows = [self._measured(learner) for learner in self.learners]
        self.seconds.append([learner.seconds for learner in self.learners])
        yield Evaluated(self.epoch, {name: np.array([row[name] for row in rows]) for name in rows[0]})
        for number, learner in enumerate(self.learners):
            if learner.overflow and number not in self.lost:
                self.lost.add(number)
                yield Diverged(number, learner.overflow)
        if nominal <= 1 or nominal == 1.5 or nominal == int(nominal) or not self.sound:
            yield self._moment(nominal)

    def _measured(self, learner: Learner) -> dict[str, float]:
        images = self.images
        train_loss, train_accuracy = learner.learned()
        scores = learner.scores(images.test)
        loss = cross_entropy(scores, images.test_labels).item()
        sound = np.isfinite(loss) and not learner.overflow
        return {
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "test_loss": loss if sound else np.nan,
            "test_accuracy": _right(scores, images.test_labels) if sound else np.nan,
        }

    def _moment(self, nominal: float) -> Framed:
        """Write the filters down, at some moments all weights."""
        filters = [one.detach().cpu().numpy().copy(order="C") for one in filters_of(self.network)]
        if nominal in KEPT[: MOST_KEPT_BYTES // (4 * self.network.architecture.parameters)]:
            self.kept[len(self.moments)] = weights_in(self.learners[0].state())
        self.moments.append(self.epoch)
        self.filters.append(filters)
        return Framed(self.epoch, filters[0].reshape(1, -1))

    def result(self) -> Trained:
        """Return the run's result."""
        images = self.images
        scores = [learner.scores(images.test).cpu().numpy() for learner in self.learners]
        shifts = tuple(range(min(MOST_SHIFT, self.settings.side // 4) + 1))
        return Trained(
            **self._written(),
            scores=np.stack(scores),
            test_labels=images.test_labels.cpu().numpy(),
            shifts=shifts,
            shifted=np.stack([self._shifted(shift) for shift in shifts], axis=1),
            twin_parameters=_parameters(self.learners[1]) if self.settings.twin else 0,
        )

    def _written(self) -> dict[str, Any]:
        """Return the fields of `Record`."""
        return {
            "architecture": self.network.architecture,
            "seed": self.settings.seed,
            "moments": np.array(self.moments),
            "filters": tuple(np.stack(block) for block in zip(*self.filters, strict=True)),
            "kept": dict(self.kept),
            "events": tuple(self.told),
            "seconds": np.array(self.seconds),
            "learners": tuple(learner.state() for learner in self.learners),
        }

    def _shifted(self, shift: int) -> Float[np.ndarray, " network"]:
        """Return what share of the test images is read rightly after a shift, a quarter of them each way."""
        test, labels = self.images.test, self.images.test_labels
        ways = WAYS.to(test.device)[torch.arange(len(test), device=test.device) % len(WAYS)]
        moved = shifted(test, shift * ways, self.images.black)
        shares = [_right(one.scores(moved), labels) for one in self.learners]
        return np.where([one.overflow for one in self.learners], np.nan, shares)


def _looks(steps: int, images: int) -> dict[int, float]:
    """Return after which steps of an epoch is measured, and which share of the epoch that stands for.

    Example:
        >>> _looks(125, 4000)
        {31: 0.25, 62: 0.5, 94: 0.75, 125: 1.0}
    """
    times = looks(images)
    return {max(1, round(steps * part / times)): part / times for part in range(1, times + 1)}


def _right(scores: Float[Tensor, "example class"], labels: Tensor) -> float:
    return (scores.argmax(dim=1) == labels).double().mean().item()


def _parameters(learner: Learner) -> int:
    return sum(one.numel() for one in learner.network.parameters())


def resumes(earlier: Settings, later: Settings) -> bool:
    """Return whether a run of `earlier` is the beginning of a run of `later`."""
    return 0 < earlier.epochs <= later.epochs and earlier.changed(epochs=later.epochs) == later


def seconds(settings: Settings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    ends = 0.2 + 0.3 * settings.epoch_seconds()  # reading the images; measuring them shifted
    return ends + settings.epochs * settings.epoch_seconds()
