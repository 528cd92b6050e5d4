"""Text 2: two linear neurons are to learn y = x^2, and a layer of tanh neurons that can."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.optim import SGD, Adam

from lab.core.controls import Choice, Count, Seed, Slider
from lab.core.events import Done, Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.settings import LessonSettings
from lab.core.stage import Panel, Stage
from lab.figures.functions import function_figure
from lab.models.first_weights import with_first_weights
from lab.tables.history import Scores, history_table, scores
from lab.topics.text_programs.panels import loss_panel
from lab.topics.text_programs.programs import (
    LAB,
    PROGRAM,
    Outcome,
    Part,
    around,
    grouped,
    last_median,
    number,
    thinned,
)
from lab.training.loop import side_by_side
from lab.training.watching import watched

NETWORKS = {"line": _("two linear neurons (the text)"), "tanh": _("one hidden tanh layer")}
OPTIMIZERS = {"adam": _("Adam (the program)"), "sgd": _("SGD (the text's words)")}
LEAST_LOSS = 1 / 180
"""Mean squared error of the best line, x - 1/6, for x spread evenly from 0 to 1."""
GRID = np.linspace(0, 1, 21)
MOMENTS = 100


class SquareSettings(LessonSettings):
    """The values of the program of text 2, and of the network that repairs it."""

    square_points: Annotated[
        int, Count(_("Points"), 10, 400, log=True, help=_("The text draws 100, from 0 to 1."), group=PROGRAM)
    ] = 100
    square_optimizer: Annotated[
        str,
        Choice(
            _("Optimiser"), OPTIMIZERS, help=_("The text says one thing and runs another."), group=PROGRAM
        ),
    ] = "adam"
    square_rate: Annotated[
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
    square_batch: Annotated[
        int,
        around(_("Batch size"), 8, 32, 400, _("Keras takes 32."), unit=_("points")),
    ] = 32
    square_epochs: Annotated[
        int, Count(_("Epochs"), 1, 4000, log=True, help=_("The text: 1,000."), group=PROGRAM)
    ] = 1000
    square_neurons: Annotated[
        int, Count(_("Tanh neurons"), 1, 32, log=True, help=_("Of the one hidden layer."), group=LAB)
    ] = 8
    square_tanh_rate: Annotated[
        float,
        Slider(_("Learning rate of the tanh network"), 0.0001, 10, log=True, help=_("Its own."), group=LAB),
    ] = 0.01
    square_networks: Annotated[
        int, Count(_("Networks"), 1, 5, help=_("Each with points and weights of its own."), group=LAB)
    ] = 3
    square_seed: Annotated[int, Seed(_("Seed"), help=_("All chance follows from it."), group=LAB)] = 1


class SquareDisplay(Part):
    """Which of the networks is drawn."""

    square_shown: Annotated[int, Count(_("Network drawn"), 1, 5, help=_("One of each kind."))] = 2


def two_linear_neurons() -> nn.Module:
    """Return the text's network: a line of a line."""
    return nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))


def one_tanh_layer(neurons: int) -> nn.Module:
    """Return the network that can bend."""
    return nn.Sequential(
        nn.Linear(1, neurons),
        nn.Tanh(),
        nn.Linear(neurons, 1),
    )


def program(
    model: nn.Module,
    x: Tensor,
    settings: SquareSettings,
    rate: float,
    generator: torch.Generator,
) -> Iterator[Tensor]:
    """Train as the text does; the lab looks in after each step."""
    y = x**2
    weights = model.parameters()
    if settings.square_optimizer == "adam":
        # where PyTorch adds 1e-8, Keras adds 1e-7
        optimizer = Adam(weights, lr=rate, eps=1e-7, fused=True)
    else:
        optimizer = SGD(weights, lr=rate, fused=True)
    for _epoch in range(settings.square_epochs):
        order = torch.randperm(len(x), generator=generator)
        for batch in order.split(settings.square_batch):
            optimizer.zero_grad()
            loss = mse_loss(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            yield loss


LISTED = (two_linear_neurons, one_tanh_layer, program)


def least_loss(x: Tensor) -> float:
    """Return the mean squared error of the best line through the points (x, x^2)."""
    given = x.double()
    design = torch.cat([given, torch.ones_like(given)], dim=1)
    line = torch.linalg.lstsq(design, given**2).solution
    return mse_loss(design @ line, given**2).item()


def one_run(settings: SquareSettings, kind: str, seed: int) -> Iterator[Event]:
    """Return one network's training, told as events; `at/k` is what it says of the k-th point of the grid."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(settings.square_points, 1, generator=generator)
    rate = settings.square_rate if kind == "line" else settings.square_tanh_rate
    shape = two_linear_neurons if kind == "line" else lambda: one_tanh_layer(settings.square_neurons)
    model = with_first_weights(shape, "keras", generator)
    grid = torch.from_numpy(GRID).float()[:, None]
    best = least_loss(x)

    def measure() -> dict[str, float]:
        said = model(torch.cat([x, grid]))
        drawn = said[len(x) :, 0].tolist()
        loss = mse_loss(said[: len(x)], x**2).item()
        return {"loss": loss, "best_line": best} | {f"at/{k}": value for k, value in enumerate(drawn)}

    return watched(
        program(model, x, settings, rate, generator),
        model,
        epochs=settings.square_epochs,
        steps=-(-len(x) // settings.square_batch),
        measure=measure,
    )


def train(settings: SquareSettings, context: Context) -> Iterator[Event | Done[Outcome]]:
    """Train both kinds of network side by side; a hundred or so moments of it are told."""
    networks, epochs = settings.square_networks, settings.square_epochs
    runs = [
        one_run(settings, kind, 1000 * settings.square_seed + network)
        for kind in NETWORKS
        for network in range(networks)
    ]
    told: list[Event] = []
    all_told = grouped(side_by_side(runs, epochs), tuple(NETWORKS), networks)
    for event in thinned(all_told, max(1, epochs // MOMENTS)):
        told.append(event)
        yield event
    yield Done(Outcome(history_table(told)))


def stage(
    settings: SquareSettings,
    display: SquareDisplay,
    context: Context,
    events: Sequence[Event],
    result: Outcome | None = None,
) -> Stage:
    """Return what one network of each kind says for every x, and the errors of all over the epochs."""
    measured = scores(events)
    if not measured.values:
        return Stage()
    names = {f"{kind}_loss": name for kind, name in NETWORKS.items()}
    names["line_best_line"] = _("the best line through the points")
    errors = loss_panel(measured, names, y_title=_("Mean squared error"), log=True)
    note = _("{count} networks of each kind. On average over all x no line comes below 1/180 = {least:.5f}.")
    told = note.format(count=settings.square_networks, least=LEAST_LOSS)
    shown = min(display.square_shown, settings.square_networks) - 1
    return Stage([_fit_panel(measured, shown), errors], notes=[told])


def _fit_panel(measured: Scores, shown: int) -> Panel:
    curves = {"y = x²": GRID**2, _("best line, x - 1/6"): GRID - 1 / 6}
    for kind, name in NETWORKS.items():
        said = np.array([measured.values[f"{kind}_at/{k}"][-1, shown] for k in range(len(GRID))])
        curves[name] = np.where(np.isfinite(said), said, np.nan)
    chart = function_figure(GRID, curves, x_title="x", y_title="y")
    farthest = {name: _farthest(curves[name]) for name in NETWORKS.values()}
    said = "; ".join(f"{name}: {number(value)}" for name, value in farthest.items())
    title = _("What network {shown} of each kind says after epoch {epoch:g}").format(
        shown=shown + 1, epoch=measured.epochs[-1]
    )
    alt = _("The parabola, its best line, and the two networks. Largest distance from x²: {said}.")
    return Panel("fit", title, alt.format(said=said), chart)


def _farthest(said: np.ndarray) -> float:
    return float(np.abs(said - GRID**2).max())


def summary(result: Outcome) -> pd.DataFrame:
    """Return the median errors after the last epoch: the best line's, and those of both kinds."""
    best = last_median(result.history, "line_best_line")
    rows = {_("the best line through the points"): best}
    rows |= {name: last_median(result.history, f"{kind}_loss") for kind, name in NETWORKS.items()}
    return pd.DataFrame(
        [
            {
                _("what"): name,
                _("mean squared error"): number(error),
                _("times that of the best line"): number(error / best),
            }
            for name, error in rows.items()
        ]
    )


def seconds(settings: SquareSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    steps = -(-settings.square_points // settings.square_batch)
    return 2 * settings.square_networks * settings.square_epochs * (steps * 2.5e-4 + 2e-4)


SQUARE = Experiment(
    name="text_programs/square",
    settings=SquareSettings,
    train=train,
    stage=stage,
    display=SquareDisplay,
    seconds=seconds,
    shortest=lambda: SquareSettings(square_epochs=1, square_networks=1),
)
