"""Text 3: what is meant to be one network, in two libraries, one of them with a softmax too many."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Adam

from lab.core.controls import Count, Seed, Slider
from lab.core.events import Done, Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.settings import LessonSettings
from lab.core.stage import Stage
from lab.data.digits import digits
from lab.figures.chart import Scatter
from lab.models.first_weights import with_first_weights
from lab.tables.history import history_table, scores
from lab.topics.text_programs.panels import accuracy_panel, loss_panel
from lab.topics.text_programs.programs import (
    LAB,
    PROGRAM,
    Outcome,
    Part,
    around,
    grouped,
    last_median,
    number,
    percent,
)
from lab.training.loop import accuracy, side_by_side
from lab.training.watching import watched

VARIANTS = {
    "keras": _("TensorFlow, as printed"),
    "printed": _("PyTorch, as printed"),
    "single": _("PyTorch, softmax removed"),
    "batches": _("PyTorch, removed, and in batches"),
}
LEAST_LOSS = float(np.log1p(9 / np.e))
"""What the cross-entropy of ten probabilities taken for scores cannot fall below: ln(1 + 9/e)."""
Examples = tuple[Tensor, Tensor]


class SoftmaxSettings(LessonSettings):
    """The values of the two programs of text 3."""

    softmax_rate: Annotated[
        float,
        Slider(
            _("Learning rate"),
            0.0001,
            10,
            log=True,
            help=_("Both libraries take 0.001 for Adam if nothing is said."),
            group=PROGRAM,
        ),
    ] = 0.001
    softmax_batch: Annotated[
        int,
        around(
            _("Batch size"),
            8,
            32,
            1000,
            _("TensorFlow's program: 32. PyTorch's takes all images at once."),
            unit=_("images"),
        ),
    ] = 32
    softmax_epochs: Annotated[
        int, Count(_("Epochs"), 1, 100, log=True, help=_("Both programs: 10."), group=PROGRAM)
    ] = 10
    softmax_networks: Annotated[
        int, Count(_("Networks"), 1, 5, help=_("Per program, each with weights of its own."), group=LAB)
    ] = 5
    softmax_seed: Annotated[int, Seed(_("Seed"), help=_("All chance follows from it."), group=LAB)] = 1


def tensorflow_network() -> nn.Module:
    """Return TensorFlow's layers; the loss applies its softmax."""
    return nn.Sequential(
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )


def pytorch_network(*, softmax: bool) -> nn.Module:
    """Return PyTorch's layers, with the softmax or without."""
    last = nn.Softmax(dim=1) if softmax else nn.Identity()
    return nn.Sequential(
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
        last,
    )


def tensorflow_program(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    settings: SoftmaxSettings,
    generator: torch.Generator,
) -> Iterator[Tensor]:
    """Train as `fit` does: in shuffled batches."""
    weights, rate = model.parameters(), settings.softmax_rate
    optimizer = Adam(weights, lr=rate, eps=1e-7, fused=True)
    for _epoch in range(settings.softmax_epochs):
        order = torch.randperm(len(images), generator=generator)
        for batch in order.split(settings.softmax_batch):
            optimizer.zero_grad()
            outputs = model(images[batch])
            loss = cross_entropy(outputs, labels[batch])
            loss.backward()
            optimizer.step()
            yield loss


def pytorch_program(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    settings: SoftmaxSettings,
) -> Iterator[Tensor]:
    """Train as printed: one step an epoch, on all images."""
    # takes scores, and applies softmax itself
    criterion = nn.CrossEntropyLoss()
    weights, rate = model.parameters(), settings.softmax_rate
    optimizer = Adam(weights, lr=rate, fused=True)
    for _epoch in range(settings.softmax_epochs):
        optimizer.zero_grad()
        outputs = model(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        yield loss


LISTED = (tensorflow_network, tensorflow_program, pytorch_network, pytorch_program)


def examples() -> tuple[Examples, Examples]:
    """Return the small digits to learn from and those held back: rows of pixels from 0 to 1, and labels."""
    small = digits(8)
    train, test = (
        (torch.from_numpy(images.reshape(-1, 64)).float() / 16, torch.from_numpy(labels))
        for images, labels in (
            (small.train_images, small.train_labels),
            (small.test_images, small.test_labels),
        )
    )
    return train, test


def one_run(settings: SoftmaxSettings, variant: str, seed: int) -> Iterator[Event]:
    """Return one network's training, told as events."""
    generator = torch.Generator().manual_seed(seed)
    (images, labels), (test_images, test_labels) = examples()
    steps = -(-len(images) // settings.softmax_batch)
    if variant == "keras":
        model = with_first_weights(tensorflow_network, "keras", generator)
    else:
        softmax = variant == "printed"
        model = with_first_weights(lambda: pytorch_network(softmax=softmax), "torch", generator)
    if variant in ("keras", "batches"):
        run = tensorflow_program(model, images, labels, settings, generator)
    else:
        run, steps = pytorch_program(model, images, labels, settings), 1

    def measure() -> dict[str, float]:
        outputs = model(test_images)
        return {
            "test_loss": cross_entropy(outputs, test_labels).item(),
            "test_accuracy": accuracy(outputs, test_labels).item(),
        }

    return watched(run, model, epochs=settings.softmax_epochs, steps=steps, measure=measure)


def train(settings: SoftmaxSettings, context: Context) -> Iterator[Event | Done[Outcome]]:
    """Train the networks of all programs side by side; the PyTorch ones begin with the same weights."""
    networks = settings.softmax_networks
    runs = [
        one_run(settings, variant, 1000 * settings.softmax_seed + network)
        for variant in VARIANTS
        for network in range(networks)
    ]
    told: list[Event] = []
    for event in grouped(side_by_side(runs, settings.softmax_epochs), tuple(VARIANTS), networks):
        told.append(event)
        yield event
    yield Done(Outcome(history_table(told)))


def stage(
    settings: SoftmaxSettings,
    display: Part,
    context: Context,
    events: Sequence[Event],
    result: Outcome | None = None,
) -> Stage:
    """Return accuracy and loss of all four programs on the test digits."""
    measured = scores(events)
    if not measured.values:
        return Stage()
    right = accuracy_panel(measured, {f"{key}_test_accuracy": name for key, name in VARIANTS.items()})
    losses = loss_panel(measured, {f"{key}_test_loss": name for key, name in VARIANTS.items()})
    floor = Scatter(
        x=measured.epochs,
        y=np.full(len(measured.epochs), LEAST_LOSS),
        name=_("least with two softmaxes: {loss:.3f}").format(loss=LEAST_LOSS),
        mode="lines",
        line={"color": "#7f7f7f", "width": 1.5, "dash": "longdash"},
        hovertemplate="%{y:.4g}",
    )
    losses.figure.add_trace(floor)
    note = _("{count} networks per program, measured on 360 digits held back.")
    return Stage([right, losses], notes=[note.format(count=settings.softmax_networks)])


def summary(result: Outcome) -> pd.DataFrame:
    """Return the medians after the last epoch, a row for each program."""
    return pd.DataFrame(
        [
            {
                _("program"): name,
                _("test accuracy"): percent(last_median(result.history, f"{variant}_test_accuracy")),
                _("test loss (nats)"): number(last_median(result.history, f"{variant}_test_loss")),
            }
            for variant, name in VARIANTS.items()
        ]
    )


def seconds(settings: SoftmaxSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    steps = 2 * -(-1437 // settings.softmax_batch) + 2
    return settings.softmax_networks * settings.softmax_epochs * (steps * 3.5e-4 + 1.5e-3)


SOFTMAX = Experiment(
    name="text_programs/softmax",
    settings=SoftmaxSettings,
    train=train,
    stage=stage,
    display=Part,
    seconds=seconds,
    shortest=lambda: SoftmaxSettings(softmax_epochs=1, softmax_networks=1, softmax_batch=1000),
)
