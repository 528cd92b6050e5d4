"""Text 4, second program: a convolutional network reads handwritten digits."""

from collections.abc import Iterator, Sequence
from typing import Annotated

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
from lab.models.first_weights import with_first_weights
from lab.tables.history import history_table, scores
from lab.topics.text_programs.images import answers, examples, first_to_reach, measured_on, panels, summary_of
from lab.topics.text_programs.programs import LAB, PROGRAM, Answers, Part, around
from lab.training.watching import watched


class ConvolutionSettings(LessonSettings):
    """The values of the second program of text 4."""

    convolution_filters: Annotated[
        int,
        around(_("Filters"), 1, 32, 64, _("Of the first layer: 32. The second has twice as many.")),
    ] = 32
    convolution_neurons: Annotated[
        int,
        around(_("Neurons of the dense layer"), 2, 128, 512, _("The text: 128.")),
    ] = 128
    convolution_rate: Annotated[
        float,
        Slider(
            _("Learning rate"), 0.0001, 10, log=True, help=_("Keras takes 0.001 for Adam."), group=PROGRAM
        ),
    ] = 0.001
    convolution_batch: Annotated[
        int,
        around(_("Batch size"), 8, 32, 500, _("The text: 32."), unit=_("images")),
    ] = 32
    convolution_epochs: Annotated[
        int, Count(_("Epochs"), 1, 40, help=_("The text: 10; a few seconds each."), group=PROGRAM)
    ] = 10
    convolution_images: Annotated[
        int,
        Count(_("Images to learn from"), 100, 4000, log=True, help=_("Of the 4,000 there are."), group=LAB),
    ] = 4000
    convolution_seed: Annotated[
        int, Seed(_("Seed"), help=_("First weights and order follow from it."), group=LAB)
    ] = 1


def network(filters: int, neurons: int) -> nn.Module:
    """Return the text's layers; the loss applies its softmax."""
    return nn.Sequential(
        nn.Conv2d(1, filters, kernel_size=3),  # 28 -> 26 pixels
        nn.ReLU(),
        nn.MaxPool2d(2),  # -> 13
        nn.Conv2d(filters, 2 * filters, kernel_size=3),  # -> 11
        nn.ReLU(),
        nn.MaxPool2d(2),  # -> 5
        nn.Flatten(),
        nn.Linear(2 * filters * 5 * 5, neurons),
        nn.ReLU(),
        nn.Linear(neurons, 10),
    )


def program(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    settings: ConvolutionSettings,
    generator: torch.Generator,
) -> Iterator[Tensor]:
    """Train as the text does; the lab looks in after each step."""
    weights, rate = model.parameters(), settings.convolution_rate
    # where PyTorch adds 1e-8, Keras adds 1e-7
    optimizer = Adam(weights, lr=rate, eps=1e-7, fused=True)
    for _epoch in range(settings.convolution_epochs):
        order = torch.randperm(len(images), generator=generator)
        for batch in order.split(settings.convolution_batch):
            optimizer.zero_grad()
            outputs = model(images[batch])
            loss = cross_entropy(outputs, labels[batch])
            loss.backward()
            optimizer.step()
            yield loss


LISTED = (network, program)


def train(settings: ConvolutionSettings, context: Context) -> Iterator[Event | Done[Answers]]:
    """Train one network."""
    generator = torch.Generator().manual_seed(settings.convolution_seed)
    (all_images, all_labels), (test_images, test_labels) = examples(standard=False)
    learned = all_images[: settings.convolution_images, None]  # one channel
    labels = all_labels[: settings.convolution_images]
    held_back = test_images[:, None]
    model = with_first_weights(
        lambda: network(settings.convolution_filters, settings.convolution_neurons), "keras", generator
    )
    # the same numbers, laid out so that a CPU is faster
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    events = watched(
        program(model, learned, labels, settings, generator),
        model,
        epochs=settings.convolution_epochs,
        steps=-(-len(learned) // settings.convolution_batch),
        measure=lambda: measured_on(model, (learned, labels), (held_back, test_labels)),
        every=max(1, 250 // settings.convolution_batch),
    )
    told: list[Event] = []
    for event in events:
        told.append(event)
        yield event
    yield Done(answers(history_table(told), [model], held_back, test_labels))


def stage(
    settings: ConvolutionSettings,
    display: Part,
    context: Context,
    events: Sequence[Event],
    result: Answers | None = None,
) -> Stage:
    """Return accuracy and loss over the epochs and, at the end, the confusion matrix."""
    measured = scores(events)
    if not measured.values:
        return Stage()
    reached = first_to_reach(events, 0.95)
    note = _("95 % first reached after epoch {epoch:g}.").format(epoch=reached)
    return Stage(panels(measured, result, 0), notes=[note] if reached < float("inf") else [])


def summary(result: Answers) -> pd.DataFrame:
    """Return the scores after the last epoch."""
    return summary_of(result, 0)


def seconds(settings: ConvolutionSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    share = settings.convolution_filters / 32
    return 0.3 + settings.convolution_epochs * settings.convolution_images / 4000 * (0.5 + 1.6 * share)


CONVOLUTION = Experiment(
    name="text_programs/convolution",
    settings=ConvolutionSettings,
    train=train,
    stage=stage,
    display=Part,
    seconds=seconds,
    shortest=lambda: ConvolutionSettings(convolution_filters=1, convolution_epochs=1, convolution_images=100),
)
