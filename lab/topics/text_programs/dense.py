"""Text 5: three dense layers read handwritten digits."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import pandas as pd
import torch
from torch import Tensor, nn
from torch.optim import Adam

from lab.core.controls import Count, Seed, Slider
from lab.core.events import Done, Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.settings import LessonSettings
from lab.core.stage import Stage
from lab.models.first_weights import with_first_weights
from lab.tables.history import history_table, scores
from lab.topics.text_programs.images import answers, examples, measured_on, panels, summary_of
from lab.topics.text_programs.programs import LAB, PROGRAM, Answers, Part, around
from lab.training.loop import side_by_side
from lab.training.watching import watched


class DenseSettings(LessonSettings):
    """The values of the program of text 5."""

    dense_first: Annotated[
        int,
        around(_("Neurons, first layer"), 1, 128, 512, _("The text: 128.")),
    ] = 128
    dense_second: Annotated[
        int,
        around(_("Neurons, second layer"), 1, 64, 256, _("The text: 64.")),
    ] = 64
    dense_rate: Annotated[
        float, Slider(_("Learning rate"), 0.0001, 10, log=True, help=_("The text: 0.001."), group=PROGRAM)
    ] = 0.001
    dense_epochs: Annotated[
        int, Count(_("Epochs"), 1, 40, log=True, help=_("The text: 10."), group=PROGRAM)
    ] = 10
    dense_batch: Annotated[
        int,
        around(_("Batch size"), 8, 64, 1000, _("The text does not say."), unit=_("images"), group=LAB),
    ] = 64
    dense_images: Annotated[
        int,
        Count(_("Images to learn from"), 100, 4000, log=True, help=_("Of the 4,000 there are."), group=LAB),
    ] = 4000
    dense_networks: Annotated[
        int, Count(_("Networks"), 1, 5, help=_("Each with weights and order of its own."), group=LAB)
    ] = 3
    dense_seed: Annotated[int, Seed(_("Seed"), help=_("All chance follows from it."), group=LAB)] = 1


class DenseDisplay(Part):
    """Which network's answers are counted."""

    dense_shown: Annotated[int, Count(_("Network shown"), 1, 5, help=_("In the confusion matrix."))] = 1


class Net(nn.Module):
    """The text's network."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, first)
        self.fc2 = nn.Linear(first, second)
        self.fc3 = nn.Linear(second, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return ten scores; the loss applies softmax."""
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.fc3(x)


def program(
    net: nn.Module,
    images: Tensor,
    labels: Tensor,
    settings: DenseSettings,
    generator: torch.Generator,
) -> Iterator[Tensor]:
    """Train as the text does; the lab looks in after each step."""
    criterion = nn.CrossEntropyLoss()
    weights, rate = net.parameters(), settings.dense_rate
    optimizer = Adam(weights, lr=rate, fused=True)
    for _epoch in range(settings.dense_epochs):
        order = torch.randperm(len(images), generator=generator)
        for batch in order.split(settings.dense_batch):
            data, target = images[batch], labels[batch]
            optimizer.zero_grad()
            output = net(data)
            loss = criterion(output, target)
            loss.backward()
            optimizer.step()
            yield loss


LISTED = (Net, program)


def train(settings: DenseSettings, context: Context) -> Iterator[Event | Done[Answers]]:
    """Train the networks side by side."""
    (all_images, all_labels), (test_images, test_labels) = examples(standard=True)
    learned = all_images[: settings.dense_images].flatten(1)
    labels = all_labels[: settings.dense_images]
    held_back = test_images.flatten(1)
    models: list[nn.Module] = []

    def one_run(seed: int) -> Iterator[Event]:
        generator = torch.Generator().manual_seed(seed)
        net = with_first_weights(lambda: Net(settings.dense_first, settings.dense_second), "torch", generator)
        models.append(net)
        return watched(
            program(net, learned, labels, settings, generator),
            net,
            epochs=settings.dense_epochs,
            steps=-(-len(learned) // settings.dense_batch),
            measure=lambda: measured_on(net, (learned, labels), (held_back, test_labels)),
        )

    runs = [one_run(1000 * settings.dense_seed + network) for network in range(settings.dense_networks)]
    told: list[Event] = []
    for event in side_by_side(runs, settings.dense_epochs):
        told.append(event)
        yield event
    yield Done(answers(history_table(told), models, held_back, test_labels))


def stage(
    settings: DenseSettings,
    display: DenseDisplay,
    context: Context,
    events: Sequence[Event],
    result: Answers | None = None,
) -> Stage:
    """Return accuracy and loss over the epochs and, at the end, one network's confusion matrix."""
    measured = scores(events)
    if not measured.values:
        return Stage()
    shown = min(display.dense_shown, settings.dense_networks) - 1
    note = _("{count} networks: medians, and bands from p10 to p90.").format(count=settings.dense_networks)
    return Stage(panels(measured, result, shown), notes=[note])


def summary(result: Answers, display: DenseDisplay) -> pd.DataFrame:
    """Return the scores after the last epoch."""
    return summary_of(result, min(display.dense_shown, len(result.scores)) - 1)


def seconds(settings: DenseSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    steps = settings.dense_epochs * -(-settings.dense_images // settings.dense_batch)
    epochs = settings.dense_epochs * settings.dense_images / 4000
    return settings.dense_networks * (steps * 7e-4 + epochs * 0.03) + 0.3


DENSE = Experiment(
    name="text_programs/dense",
    settings=DenseSettings,
    train=train,
    stage=stage,
    display=DenseDisplay,
    seconds=seconds,
    shortest=lambda: DenseSettings(dense_epochs=1, dense_images=100, dense_networks=1),
)
