"""Optimisers race on a real network; afterwards its loss is computed on planes through where they went."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor, nn

from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Started, Stepped
from lab.core.lesson import Context
from lab.topics.gradient_descent.edges import predicted_edge
from lab.topics.gradient_descent.network_data import Problem, problem, right_share
from lab.topics.gradient_descent.network_planes import planes, seen_from
from lab.topics.gradient_descent.network_result import NetworkRace, Slice
from lab.topics.gradient_descent.network_settings import NetworkSettings
from lab.training.architecture import scores_of
from lab.training.curvature import hessian_product, largest_eigenvalue
from lab.training.differentiable import differentiable_loss
from lab.training.racers import Plan, optimizer_of
from lab.training.supervised import Plan as Orders

MEASUREMENTS = 26
TRAINING_SHARE = 0.6
RULES = Plan(start=(0.0, 0.0))
"""Torch's own momentum and betas."""


def edge(settings: NetworkSettings, name: str) -> float | None:
    """Return the largest curvature at which an optimiser is stable at its rate; None where none is known."""
    bent = predicted_edge(name, RULES.momentum, 1.0)
    return None if bent is None else bent / settings.rate(name)


@dataclass(slots=True, eq=False)
class Walker:
    """One optimiser with its own copy of the parameters, all of them in one vector.

    Attributes:
        name: of the optimiser.
        task: what is learned.
        parameters: where it stands.
        optimizer: torch's own.
        probe: the direction from which the search for the largest curvature begins.
        path: where it stood before the first step and after each; ends when it diverges.
        diverged: the first step, from 1, after which the loss is no finite number; 0 so far.
        latest: the loss on all training examples where it stands, ready to be differentiated.
    """

    name: str
    task: Problem
    parameters: nn.Parameter
    optimizer: torch.optim.Optimizer
    probe: Float64[Tensor, " parameter"]
    path: list[Float64[Tensor, " parameter"]] = field(default_factory=list)
    diverged: int = 0
    latest: Tensor | None = None

    def loss(self, parameters: Tensor) -> Tensor:
        """Return the loss on all training examples."""
        return differentiable_loss(self.task.architecture, parameters, self.task.inputs, self.task.targets)

    def measured(self, step: int) -> float:
        """Return the loss on all training examples after `step`, and keep the place; NaN once diverged."""
        if self.diverged:
            return float("nan")
        self.latest = self.loss(self.parameters)
        if not bool(self.latest.isfinite()):
            self.diverged = step
            return float("nan")
        self.path.append(self.parameters.detach().clone())
        return float(self.latest.detach())

    def step(self, batch: Tensor | None) -> None:
        """Move once, by the gradient of a batch, or of the loss just measured."""
        if self.diverged or self.latest is None:
            return
        loss = self.latest
        if batch is not None:
            inputs, targets = self.task.inputs[batch], self.task.targets[batch]
            loss = differentiable_loss(self.task.architecture, self.parameters, inputs, targets)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def sharpness(self) -> tuple[float, bool]:
        """Return the largest eigenvalue of the Hessian of the loss on all training examples here.

        The second tells whether the search for it had come to rest.
        """
        if self.diverged:
            return float("nan"), True
        found = largest_eigenvalue(hessian_product(self.loss, self.parameters), self.probe)
        return found.value, found.converged


def walkers(settings: NetworkSettings, task: Problem) -> list[Walker]:
    """Return the optimisers at the first weights."""
    generator = torch.Generator().manual_seed(settings.net_seed)
    probe = torch.randn(len(task.start), generator=generator, dtype=torch.float64)
    made = []
    for name in settings.net_optimizers:
        parameters = nn.Parameter(task.start.clone())
        optimizer = optimizer_of(name, parameters, settings.rate(name), RULES)
        made.append(Walker(name, task, parameters, optimizer, probe))
    return made


def batches(settings: NetworkSettings, examples: int) -> Iterator[Tensor | None]:
    """Yield the examples of each step, in the orders of the Playground; None for all of them."""
    orders = Orders(epochs=0, seed=settings.net_seed)
    epoch = 0
    while True:
        epoch += 1
        if not 0 < settings.net_batch < examples:
            yield None
        else:
            yield from torch.from_numpy(orders.order(epoch, examples)).split(settings.net_batch)


def measured_steps(steps: int) -> list[int]:
    """Return after which steps the curvature is measured: at even distances, first and last included.

    Example:
        >>> measured_steps(50)[:4]
        [0, 2, 4, 6]
    """
    return np.unique(np.linspace(0, steps, MEASUREMENTS).round().astype(int)).tolist()


def train(settings: NetworkSettings, context: Context) -> Iterator[Event | Done[NetworkRace]]:
    """Let all optimisers train the network, step by step; then compute the planes."""
    task = problem(settings)
    racing = walkers(settings, task)
    yield Started(0.0, len(racing))
    told: list[Evaluated] = []
    for event in _training(settings, task, racing):
        if isinstance(event, Evaluated):
            told.append(event)
        yield event
    centre = _centre(settings, racing, told[-1].scores["train_loss"])
    slices = yield from _slices(settings, task, racing, centre)
    reason = "diverged" if all(one.diverged for one in racing) else "epochs"
    yield Finished(reason, told[-1].epoch)
    yield Done(_result(task, racing, told, slices, centre))


def _training(settings: NetworkSettings, task: Problem, racing: list[Walker]) -> Iterator[Event]:
    """Yield all losses after each step; at some of them the curvature, too."""
    examples, steps = len(task.inputs), settings.net_steps
    size = settings.net_batch if 0 < settings.net_batch < examples else examples
    per_epoch = -(-examples // size)
    moments = set(measured_steps(steps))
    coming = batches(settings, examples)
    for step in range(steps + 1):
        sound = [not one.diverged for one in racing]
        losses = np.array([one.measured(step) for one in racing])
        scores = {"train_loss": losses}
        if step in moments:
            values, settled = zip(*(one.sharpness() for one in racing), strict=True)
            scores |= {"sharpness": np.array(values), "settled": np.array(settled, float)}
        for number, one in enumerate(racing):
            if sound[number] and one.diverged:
                yield Diverged(number, step)
        yield Evaluated(step / per_epoch, scores)
        if step % 5 == 0:
            yield Stepped(TRAINING_SHARE * step / steps)
        batch = next(coming)
        if step < steps:
            for one in racing:
                one.step(batch)


def _centre(settings: NetworkSettings, racing: list[Walker], losses: np.ndarray) -> int:
    """Return the number of the optimiser through whose end the planes go; the lowest if none is chosen."""
    names = [one.name for one in racing]
    if settings.net_centre in names:
        return names.index(settings.net_centre)
    return int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))


def _slices(
    settings: NetworkSettings, task: Problem, racing: list[Walker], centre: int
) -> Generator[Stepped, None, dict[str, Slice]]:
    """Compute the loss on both planes, and tell how far that is."""
    paths = [torch.stack(one.path) for one in racing]
    made: dict[str, Slice] = {}
    chosen = planes(settings, task, paths, [bool(one.diverged) for one in racing], centre)
    for number, (name, window) in enumerate(chosen.items()):
        one = seen_from(window, task, paths, settings.net_steps + 1)
        while True:
            try:
                share = (number + next(one)) / len(chosen)
            except StopIteration as end:
                made[name] = end.value
                break
            yield Stepped(TRAINING_SHARE + (1 - TRAINING_SHARE) * share)
    return made


def _result(
    task: Problem, racing: list[Walker], told: list[Evaluated], slices: dict[str, Slice], centre: int
) -> NetworkRace:
    losses = np.stack([event.scores["train_loss"] for event in told], axis=1)
    walked = np.full_like(losses, np.nan)
    accuracies = np.full((2, len(racing)), np.nan)
    for number, one in enumerate(racing):
        walked[number, : len(one.path)] = (torch.stack(one.path) - task.start).norm(dim=1).numpy()
        if not one.diverged:
            accuracies[:, number] = _accuracies(task, one)
    moments = [step for step, event in enumerate(told) if "sharpness" in event.scores]
    sharp, settled = (
        np.stack([told[step].scores[name] for step in moments], axis=1) for name in ("sharpness", "settled")
    )
    names = tuple(one.name for one in racing)
    return NetworkRace(
        names=names,
        losses=losses,
        walked=walked,
        diverged=tuple(one.diverged for one in racing),
        train_accuracy=accuracies[0],
        test_accuracy=accuracies[1],
        parameters=len(task.start),
        slices=slices,
        centre=centre,
        measured=np.array(moments),
        sharpness=dict(zip(names, sharp, strict=True)),
        settled=dict(zip(names, settled > 0, strict=True)),
    )


@torch.no_grad()
def _accuracies(task: Problem, one: Walker) -> tuple[float, float]:
    shape = task.architecture
    train_scores, test_scores = (
        scores_of(shape, one.parameters, rows) for rows in (task.inputs, task.test_inputs)
    )
    return right_share(shape, train_scores, task.targets), right_share(shape, test_scores, task.test_targets)


def seconds(settings: NetworkSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    racers, layers = len(settings.net_optimizers), len(settings.net_hidden) + 1
    width = max(64 if settings.net_data == "digits" else 2, *settings.net_hidden, 2)
    step = 250e-6 + layers * (100e-6 + 4e-9 * 250 * width)
    curvature = MEASUREMENTS * 20 * step
    places = 2 * (settings.net_grid**2 + racers * settings.net_steps)
    return 0.1 + racers * (settings.net_steps * step + curvature) + places * layers * 250 * width * 4e-9
