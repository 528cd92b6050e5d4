"""Deep networks side by side: what of the gradient reaches each layer, and what they learn."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy

from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Started
from lab.core.lesson import Context, Experiment
from lab.data.digits import digits
from lab.data.points import points
from lab.models.deep import DeepArchitecture, DeepNetwork
from lab.topics.backpropagation.depth_settings import QUANTITIES, DepthDisplay, DepthSettings, variants
from lab.topics.backpropagation.depth_stage import Record, depth_stage, record_of
from lab.training.probes import first_overflow, layer_statistics, recording

EXAMPLES, BATCH = 500, 50
LayerScores = dict[str, float]


@lru_cache(maxsize=16)
def examples(data: str, seed: int) -> tuple[Float64[Tensor, "example feature"], Int64[Tensor, " example"]]:
    """Return real digits or points of a circle, standardised, and their classes; up to 500 of them."""
    if data == "digits":
        all_digits = digits(8, seed=seed)
        inputs = all_digits.standardised(all_digits.train_images)[:EXAMPLES].astype(np.float64)
        labels = all_digits.train_labels[:EXAMPLES]
    else:
        drawn = points("circle", train_share=0.9, seed=seed, examples=EXAMPLES)
        inputs, labels = drawn.train_inputs / drawn.train_inputs.std(axis=0), drawn.train_targets
    return torch.from_numpy(inputs), torch.from_numpy(labels)


def architecture(settings: DepthSettings) -> DeepArchitecture:
    """Return the network that one variant's settings describe."""
    features, classes = (64, 10) if settings.deep_data == "digits" else (2, 2)
    return DeepArchitecture(
        inputs=features,
        depth=settings.depth,
        width=settings.deep_width,
        outputs=classes,
        activation=settings.deep_activation,  # type: ignore[arg-type]
        initial=settings.deep_initial,  # type: ignore[arg-type]
        normalisation=settings.normalisation,  # type: ignore[arg-type]
        residual=settings.residual,
    )


class Trainee:
    """One network in training; after an overflow it stays as it was when it happened."""

    def __init__(self, settings: DepthSettings) -> None:
        self.inputs, self.labels = examples(settings.deep_data, settings.deep_seed)
        first_weights = torch.Generator().manual_seed(settings.deep_seed)
        self.network = DeepNetwork(architecture(settings), first_weights)
        optimizer = torch.optim.SGD if settings.deep_optimizer == "sgd" else torch.optim.Adam
        self.optimizer = optimizer(self.network.parameters(), lr=settings.deep_rate, fused=True)
        self.order = torch.Generator().manual_seed(settings.deep_seed)
        self.steps = 0
        self.overflow = 0
        self.overflow_layer = 0

    def train(self) -> None:
        """Train one epoch, or up to the step in which the network overflows."""
        for batch in torch.randperm(len(self.labels), generator=self.order).split(BATCH):
            if self.overflow:
                return
            loss = cross_entropy(self.network(self.inputs[batch]), self.labels[batch])
            if not loss.isfinite():
                self._overflow(self.inputs[batch])
                return
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.steps += 1

    def _overflow(self, inputs: Float64[Tensor, "example feature"]) -> None:
        """Find the layer, from 1, that overflowed first; the output layer comes after the hidden ones."""
        layers = [*self.network.hidden, self.network.output]
        with torch.no_grad(), recording(layers) as seen:
            self.network(inputs)
        first = first_overflow(seen)
        self.overflow = self.steps + 1
        self.overflow_layer = len(layers) if first is None else first + 1

    def scores(self) -> LayerScores:
        """Return loss and accuracy on all examples, and the statistics of each hidden layer."""
        self.network.zero_grad()
        with recording(list(self.network.hidden)) as seen:
            outputs = self.network(self.inputs)
            loss = cross_entropy(outputs, self.labels)
            loss.backward()
        if not loss.isfinite() and not self.overflow:
            self._overflow(self.inputs)
        right = (outputs.argmax(dim=1) == self.labels).double().mean().item()
        told: LayerScores = {
            "train_loss": loss.item() if not self.overflow else np.nan,
            "train_accuracy": right if not self.overflow else np.nan,
            "overflow_step": float(self.overflow),
            "overflow_layer": float(self.overflow_layer),
        }
        weights = [layer.linear.weight for layer in self.network.layers()]
        statistics = layer_statistics(seen, weights)
        for name in QUANTITIES:
            values: Float[np.ndarray, " layer"] = getattr(statistics, name)
            told |= {f"{name}/{layer}": float(value) for layer, value in enumerate(values, start=1)}
        return told


def train(settings: DepthSettings, context: Context) -> Iterator[Event | Done[Record]]:
    """Train the networks of the comparison from the same data, in the same order, epoch by epoch."""
    trainees = [Trainee(one) for one in variants(settings).values()]
    told: list[Event] = []
    yield Started(float(settings.epochs), len(trainees))
    for epoch in range(settings.epochs + 1):
        scores: list[LayerScores] = []
        for number, trainee in enumerate(trainees):
            sound = not trainee.overflow
            if epoch:
                trainee.train()
            scores.append(trainee.scores())
            if sound and trainee.overflow:
                yield Diverged(number, trainee.overflow)
        told.append(Evaluated(float(epoch), _columns(scores)))
        yield told[-1]
    yield Finished("epochs", float(settings.epochs))
    yield Done(record_of(settings, told))


def _columns(scores: Sequence[LayerScores]) -> dict[str, Float[np.ndarray, " network"]]:
    return {name: np.array([one[name] for one in scores]) for name in scores[0]}


def seconds(settings: DepthSettings) -> float:
    """Return roughly how many CPU seconds a comparison takes on a current core."""
    networks = len(variants(settings))
    steps = 11 * settings.epochs + 3  # ten updates and one measurement an epoch
    layer = 60e-6 + 1.5e-9 * BATCH * settings.deep_width * (4 + settings.deep_width)
    return networks * (0.004 + steps * (300e-6 + settings.depth * layer))


DEPTH = Experiment(
    name="backpropagation/depth",
    settings=DepthSettings,
    train=train,
    stage=depth_stage,
    display=DepthDisplay,
    seconds=seconds,
    shortest=lambda: DepthSettings(depth=2, epochs=0),
    float64=True,
)
