"""Text 1: a network learns random labels, and the same network a question that has an answer."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Adam

from lab.core.controls import Choice, Count, Seed, Slider
from lab.core.events import Done, Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.settings import LessonSettings
from lab.core.stage import Stage
from lab.data.digits import digits
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

QUESTIONS = {"random": _("random labels"), "parity": _("even or odd")}
SETS = {"train": _("learned from"), "held": _("held back"), "all": _("all rows")}
OPTIMIZERS = {"adam": _("Adam (the program)"), "sgd": _("SGD (the text's words)")}


class NoiseSettings(LessonSettings):
    """The values of the program of text 1."""

    noise_rows: Annotated[
        int,
        Count(
            _("Rows"),
            100,
            4000,
            log=True,
            help=_("The text makes 1,000; a tenth is held back. Of digits there are 1,797."),
            group=PROGRAM,
        ),
    ] = 1000
    noise_neurons: Annotated[
        int,
        around(_("Neurons per hidden layer"), 2, 128, 512, _("The text has 128, twice.")),
    ] = 128
    noise_optimizer: Annotated[
        str,
        Choice(
            _("Optimiser"), OPTIMIZERS, help=_("The text says one thing and runs another."), group=PROGRAM
        ),
    ] = "adam"
    noise_rate: Annotated[
        float,
        Slider(
            _("Learning rate"),
            0.0001,
            10,
            log=True,
            help=_("Keras takes 0.001 for Adam, 0.01 for SGD."),
            group=PROGRAM,
        ),
    ] = 0.001
    noise_batch: Annotated[
        int,
        around(_("Batch size"), 8, 32, 500, _("The text: 32."), unit=_("rows")),
    ] = 32
    noise_epochs: Annotated[
        int, Count(_("Epochs"), 1, 150, log=True, help=_("The text: 10."), group=PROGRAM)
    ] = 10
    noise_networks: Annotated[
        int, Count(_("Networks"), 1, 5, help=_("Each with rows and weights of its own."), group=LAB)
    ] = 5
    noise_seed: Annotated[int, Seed(_("Seed"), help=_("All chance follows from it."), group=LAB)] = 1


def random_rows(
    rows: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Return ten random numbers a row, and labels from a coin."""
    inputs = torch.rand(rows, 10, generator=generator)
    labels = torch.randint(2, (rows,), generator=generator)
    return inputs, labels


def network(features: int, neurons: int) -> nn.Module:
    """Return the text's layers; the loss applies its softmax."""
    return nn.Sequential(
        nn.Linear(features, neurons),
        nn.ReLU(),
        nn.Linear(neurons, neurons),
        nn.ReLU(),
        nn.Linear(neurons, 2),
    )


def program(
    model: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    settings: NoiseSettings,
    generator: torch.Generator,
) -> Iterator[Tensor]:
    """Train as the text does; the lab looks in after each step."""
    # validation_split=0.1 holds back the last tenth, unshuffled
    learned = int(len(inputs) * 0.9)
    weights, rate = model.parameters(), settings.noise_rate
    if settings.noise_optimizer == "adam":
        # where PyTorch adds 1e-8, Keras adds 1e-7
        optimizer = Adam(weights, lr=rate, eps=1e-7, fused=True)
    else:
        optimizer = SGD(weights, lr=rate, fused=True)
    for _epoch in range(settings.noise_epochs):
        order = torch.randperm(learned, generator=generator)
        for batch in order.split(settings.noise_batch):
            optimizer.zero_grad()
            outputs = model(inputs[batch])
            loss = cross_entropy(outputs, labels[batch])
            loss.backward()
            optimizer.step()
            yield loss


LISTED = (random_rows, network, program)


def even_or_odd(rows: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return images of 8x8 pixels from 0 to 1, as rows, and whether each shows an odd digit."""
    shuffled = digits(8, train_share=1.0, seed=seed)
    pixels = torch.from_numpy(shuffled.train_images[:rows].reshape(-1, 64)).float() / 16
    return pixels, torch.from_numpy(shuffled.train_labels[:rows] % 2)


def one_run(settings: NoiseSettings, question: str, seed: int) -> Iterator[Event]:
    """Return one network's training, told as events."""
    generator = torch.Generator().manual_seed(seed)
    if question == "random":
        inputs, labels = random_rows(settings.noise_rows, generator)
    else:
        inputs, labels = even_or_odd(settings.noise_rows, seed)
    model = with_first_weights(lambda: network(inputs.shape[1], settings.noise_neurons), "keras", generator)
    learned = int(len(inputs) * 0.9)
    parts = {"train": slice(learned), "held": slice(learned, None), "all": slice(None)}

    def measure() -> dict[str, float]:
        outputs = model(inputs)
        told: dict[str, float] = {}
        for name, part in parts.items():
            told[f"{name}_loss"] = cross_entropy(outputs[part], labels[part]).item()
            told[f"{name}_accuracy"] = accuracy(outputs[part], labels[part]).item()
        return told

    return watched(
        program(model, inputs, labels, settings, generator),
        model,
        epochs=settings.noise_epochs,
        steps=-(-learned // settings.noise_batch),
        measure=measure,
    )


def train(settings: NoiseSettings, context: Context) -> Iterator[Event | Done[Outcome]]:
    """Train the networks of both questions side by side."""
    networks = settings.noise_networks
    runs = [
        one_run(settings, question, 1000 * settings.noise_seed + network)
        for question in QUESTIONS
        for network in range(networks)
    ]
    told: list[Event] = []
    for event in grouped(side_by_side(runs, settings.noise_epochs), tuple(QUESTIONS), networks):
        told.append(event)
        yield event
    yield Done(Outcome(history_table(told)))


def stage(
    settings: NoiseSettings,
    display: Part,
    context: Context,
    events: Sequence[Event],
    result: Outcome | None = None,
) -> Stage:
    """Return accuracy and loss of both questions on rows learned from and rows held back."""
    measured = scores(events)
    if not measured.values:
        return Stage()
    shown = {
        f"{question}_{part}": f"{name}, {SETS[part]}"
        for question, name in QUESTIONS.items()
        for part in ("train", "held")
    }
    panels = [
        accuracy_panel(measured, {f"{key}_accuracy": name for key, name in shown.items()}),
        loss_panel(measured, {f"{key}_loss": name for key, name in shown.items()}),
    ]
    note = _("{count} networks per question: medians, and bands from p10 to p90.")
    return Stage(panels, notes=[note.format(count=settings.noise_networks)])


def summary(result: Outcome) -> pd.DataFrame:
    """Return the medians after the last epoch: a row for each question and set of rows."""
    history = result.history
    return pd.DataFrame(
        [
            {
                _("question"): name,
                _("measured on rows"): SETS[part],
                _("accuracy"): percent(last_median(history, f"{question}_{part}_accuracy")),
                _("loss (nats)"): number(last_median(history, f"{question}_{part}_loss")),
            }
            for question, name in QUESTIONS.items()
            for part in SETS
        ]
    )


def seconds(settings: NoiseSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    steps = settings.noise_epochs * -(-settings.noise_rows // settings.noise_batch)
    return 2 * settings.noise_networks * steps * (4e-4 + 1e-7 * settings.noise_batch * settings.noise_neurons)


NOISE = Experiment(
    name="text_programs/noise",
    settings=NoiseSettings,
    train=train,
    stage=stage,
    display=Part,
    seconds=seconds,
    shortest=lambda: NoiseSettings(noise_rows=100, noise_epochs=1, noise_networks=1),
)
