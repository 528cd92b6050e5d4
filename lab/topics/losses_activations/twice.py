"""Part 5: a listing that applies softmax before CrossEntropyLoss, which applies it again."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64, Int64
from torch import Tensor, nn

from lab.core.events import Done, Evaluated, Event
from lab.core.lesson import Context
from lab.data.digits import digits
from lab.models.mlp import MLP
from lab.tables.history import history_table
from lab.topics.losses_activations.equations import Equation
from lab.topics.losses_activations.functions import pullback, softmax
from lab.topics.losses_activations.settings import TwiceSettings
from lab.training.loop import Course, accuracy, side_by_side, training_loop

SIZES = (64, 32, 10)
SHOWN = 20
LEAST_LOSS = float(np.log1p(9 / np.e))
"""What CrossEntropyLoss of ten probabilities cannot fall below: they are 1 and nine times 0 at best."""
OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}


@dataclass(frozen=True, slots=True)
class Twice:
    """What became of both listings.

    Attributes:
        history: every measurement, one row per epoch and seed.
        images: of the first 20 test digits.
        labels: what they show.
        scores: that the first network with two softmaxes gives them, before training and after each epoch.
    """

    history: pd.DataFrame
    images: np.ndarray
    labels: Int64[np.ndarray, " example"]
    scores: Float64[np.ndarray, "moment example class"]


def gradient_once(
    scores: Float64[Tensor, "example class"], labels: Int64[Tensor, " example"]
) -> Float64[Tensor, "example class"]:
    """Return the gradient of each example's cross-entropy by its scores: p - y."""
    return softmax(scores) - nn.functional.one_hot(labels, scores.shape[-1])


def gradient_twice(
    scores: Float64[Tensor, "example class"], labels: Int64[Tensor, " example"]
) -> Float64[Tensor, "example class"]:
    """Return the same with another softmax before the loss: J(q - y), q = softmax(p), J that of p."""
    return pullback("softmax", scores, gradient_once(softmax(scores), labels))


LISTINGS = {"once": (nn.Identity(), gradient_once), "twice": (nn.Softmax(dim=1), gradient_twice)}
"""By name: what stands between the last layer and the loss, and the gradient by the last layer's scores."""


def train(settings: TwiceSettings, context: Context) -> Iterator[Event | Done[Twice]]:
    """Train both listings from the same first weights on the same batches, seed by seed."""
    small = digits(8)
    parts = ((small.train_images, small.train_labels), (small.test_images, small.test_labels))
    data, test = (
        (torch.from_numpy(small.standardised(images)).double(), torch.from_numpy(labels))
        for images, labels in parts
    )
    kept: list[Tensor] = []
    loops = []
    for name in LISTINGS:
        for network in range(settings.networks):
            keep = kept if name == "twice" and network == 0 else []
            loops.append(
                _loop(settings, name, 1000 * settings.seed + network, data=data, test=test, keep=keep)
            )
    told: list[Event] = []
    for event in side_by_side(loops, settings.epochs):
        told.append(_named(event, settings.networks))
        yield told[-1]
    shown = small.test_images[:SHOWN], small.test_labels[:SHOWN]
    yield Done(Twice(history_table(told), *shown, torch.stack(kept).numpy()))


def _loop(
    settings: TwiceSettings,
    name: str,
    seed: int,
    *,
    data: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    keep: list[Tensor],
) -> Iterator[Event]:
    """Return the training of one network; scores of the first test digits are appended to `keep`."""
    generator = torch.Generator().manual_seed(seed)
    between, gradient = LISTINGS[name]
    network = MLP(SIZES, generator=generator, dtype=torch.float64)
    model = nn.Sequential(network, between)
    optimizer = OPTIMIZERS[settings.optimizer](model.parameters(), lr=settings.learning_rate)
    loss = nn.CrossEntropyLoss()
    inputs, labels = test

    def measure() -> dict[str, float]:
        scores = network(inputs)
        keep.append(scores[:SHOWN])
        return {
            "loss": loss(between(scores), labels).item(),
            "accuracy": accuracy(scores, labels).item(),
            "gradient": gradient(scores, labels).norm(dim=1).mean().item(),
        }

    course = Course(settings.epochs, settings.batch_size, generator)
    return training_loop(model, loss, optimizer, data, course=course, measure=measure)


def _named(event: Event, networks: int) -> Event:
    """Return the measurements of both listings under names of their own."""
    if not isinstance(event, Evaluated):
        return event
    named = {
        f"{name}_{score}": values[number * networks : (number + 1) * networks]
        for number, name in enumerate(LISTINGS)
        for score, values in event.scores.items()
    }
    return Evaluated(event.epoch, named)


def seconds(settings: TwiceSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    steps = -(-1437 // settings.batch_size)
    return 2 * settings.networks * settings.epochs * (steps * 3.5e-4 + 1e-3)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both gradients of one example by the same scores.

    Attributes:
        label: the digit shown.
        scores: of the ten classes.
        once: p, their softmax.
        again: q, the softmax of p.
        gradient_once: p - y.
        gradient_twice: through both softmaxes.
        equations: of the two gradients by the true class's score, with numbers.
    """

    label: int
    scores: Float64[np.ndarray, " class"]
    once: Float64[np.ndarray, " class"]
    again: Float64[np.ndarray, " class"]
    gradient_once: Float64[np.ndarray, " class"]
    gradient_twice: Float64[np.ndarray, " class"]
    equations: tuple[Equation, ...]

    def table(self) -> pd.DataFrame:
        """Return one row per class."""
        return pd.DataFrame(
            {
                "class": range(10),
                "score z": self.scores,
                "p = softmax(z)": self.once,
                "q = softmax(p)": self.again,
                "gradient, one softmax": self.gradient_once,
                "gradient, two softmaxes": self.gradient_twice,
            }
        )


def comparison(result: Twice, example: int, moment: int) -> Comparison:
    """Return both gradients of a test example (from 1) after `moment` epochs, or after the last."""
    scores = torch.from_numpy(result.scores[min(moment, len(result.scores) - 1), example - 1])
    label = int(result.labels[example - 1])
    labels = torch.tensor([label])
    p, q = softmax(scores), softmax(softmax(scores))
    once, twice = (gradient(scores[None], labels)[0] for gradient in (gradient_once, gradient_twice))
    upstream = gradient_once(p[None], labels)[0]
    numbers = {
        "p": p[label].item(),
        "q": q[label].item(),
        "once": once[label].item(),
        "twice": twice[label].item(),
        "up": upstream[label].item(),
        "sum": (upstream * p).sum().item(),
        "n": once.norm().item(),
        "m": twice.norm().item(),
    }
    c = f"{{{label}}}"
    texts = (
        rf"\text{{one softmax:}}\quad \frac{{\partial L}}{{\partial z_{c}}} = p_{c} - 1 = <p> - 1 = <once>",
        rf"\text{{two:}}\quad \frac{{\partial L}}{{\partial z_{c}}} = p_{c}\Bigl((q_{c} - 1) - "
        rf"\sum_k p_k (q_k - y_k)\Bigr) = <p>\,\bigl(<up> - (<sum>)\bigr) = <twice>",
        r"\lVert \nabla_z L \rVert = <n> \text{ with one softmax}, \quad <m> \text{ with two}",
    )
    equations = tuple(Equation(text, numbers) for text in texts)
    arrays = [tensor.numpy() for tensor in (scores, p, q, once, twice)]
    return Comparison(label, *arrays, equations=equations)
