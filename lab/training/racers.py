"""Those who race down a surface: torch's own optimisers and schedules, each with a point of its own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor, nn, optim
from torch.nn.functional import mse_loss

from lab.models.surfaces import Surface, gradients, regression_table

Schedule = Literal["constant", "step", "cosine", "exponential", "warmup", "dynamic"]

DEFAULT_RATES: Mapping[str, float] = {
    "sgd": 0.001,
    "noisy": 0.001,
    "momentum": 0.001,
    "nesterov": 0.001,
    "adagrad": 0.01,
    "rmsprop": 0.01,
    "adam": 0.001,
    "adamw": 0.001,
    "adadelta": 1.0,
    "lbfgs": 1.0,
}
"""The optimisers that race, and the rate that torch.optim gives each if it is told none."""

MEMORY: Mapping[str, tuple[str, str]] = {
    "momentum": ("momentum_buffer", ""),
    "nesterov": ("momentum_buffer", ""),
    "adagrad": ("", "sum"),
    "rmsprop": ("", "square_avg"),
    "adam": ("exp_avg", "exp_avg_sq"),
    "adamw": ("exp_avg", "exp_avg_sq"),
    "adadelta": ("acc_delta", "square_avg"),
    "lbfgs": ("d", ""),
}
"""What an optimiser keeps in mind, by torch's names: the first memory and the second."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the racers go down.

    Attributes:
        start: x and y from which all set out.
        steps: how many updates, at least 1.
        rate: length of a step; L-BFGS finds its own.
        own_rates: whether each racer has torch's default rate instead.
        momentum: share of the velocity kept, from 0 to below 1.
        beta1: share of the mean gradient that Adam and AdamW keep.
        beta2: share of the mean square that Adam and AdamW keep.
        decay: AdamW's weight decay.
        noise: standard deviation of what is added to the stochastic racer's gradient.
        batch: examples of a mini-batch, where the surface is a loss on a table.
        schedule: how the rate changes with the step.
        fall: how fast it falls per step, for "step", "exponential" and "dynamic".
        seed: of noise and batches.
    """

    start: tuple[float, float]
    steps: int = 100
    rate: float = 0.05
    own_rates: bool = False
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    decay: float = 0.01
    noise: float = 1.0
    batch: int = 8
    schedule: Schedule = "constant"
    fall: float = 0.02
    seed: int = 0


def factors(schedule: Schedule, steps: int, fall: float) -> Float64[np.ndarray, " step"]:
    """Return by what the rate is multiplied at each step, from torch.optim.lr_scheduler.

    "step" halves the rate each time "exponential" has come down to a half; "cosine" ends at 0 after the
    last step; "warmup" rises from a tenth in the first fifth of the steps; "dynamic" is 1 / (1 + fall k).
    """
    dummy = optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    makers: dict[str, Callable[[], optim.lr_scheduler.LRScheduler]] = {
        "constant": lambda: optim.lr_scheduler.ConstantLR(dummy, 1.0),
        "step": lambda: optim.lr_scheduler.StepLR(dummy, max(1, round(np.log(2) / fall)), 0.5),
        "cosine": lambda: optim.lr_scheduler.CosineAnnealingLR(dummy, steps),
        "exponential": lambda: optim.lr_scheduler.ExponentialLR(dummy, float(np.exp(-fall))),
        "warmup": lambda: optim.lr_scheduler.LinearLR(dummy, 0.1, 1.0, max(1, steps // 5)),
        "dynamic": lambda: optim.lr_scheduler.LambdaLR(dummy, lambda k: 1 / (1 + fall * k)),
    }
    scheduler = makers[schedule]()
    dummy.step()  # it moves nothing, but a scheduler complains if it is asked before an optimiser
    found = np.empty(steps)
    for step in range(steps):
        found[step] = dummy.param_groups[0]["lr"]
        scheduler.step()
    return found


def optimizer_of(name: str, point: nn.Parameter, rate: float, plan: Plan) -> optim.Optimizer:
    """Return torch's optimiser for one point.

    Raises:
        KeyError: there is no optimiser of this name.
    """
    betas = (plan.beta1, plan.beta2)
    makers: dict[str, Callable[[], optim.Optimizer]] = {
        "sgd": lambda: optim.SGD([point], rate),
        "noisy": lambda: optim.SGD([point], rate),
        "momentum": lambda: optim.SGD([point], rate, momentum=plan.momentum),
        # Without momentum there is nothing to look ahead with, and torch wants it said.
        "nesterov": lambda: optim.SGD([point], rate, momentum=plan.momentum, nesterov=plan.momentum > 0),
        "adagrad": lambda: optim.Adagrad([point], rate),
        "rmsprop": lambda: optim.RMSprop([point], rate),
        "adam": lambda: optim.Adam([point], rate, betas),
        "adamw": lambda: optim.AdamW([point], rate, betas, weight_decay=plan.decay),
        "adadelta": lambda: optim.Adadelta([point], rate),
        "lbfgs": lambda: _lbfgs(point),
    }
    return makers[name]()


def _lbfgs(point: nn.Parameter) -> optim.LBFGS:
    """One step is one line search of up to 25 evaluations, with ten remembered steps behind it."""
    return optim.LBFGS([point], max_iter=1, max_eval=25, history_size=10, line_search_fn="strong_wolfe")


@dataclass(slots=True)
class Racer:
    """One point with its optimiser; `slope` tells the gradient it sees at a place with a given gradient."""

    name: str
    point: nn.Parameter
    optimizer: optim.Optimizer
    evaluate: Callable[[Tensor], tuple[Tensor, Tensor]]
    slope: Callable[[Tensor], Tensor]
    rate: float
    evaluations: int = 0
    seen: Tensor = field(default_factory=lambda: torch.zeros(2, dtype=torch.float64))

    def step(self, value: Tensor, gradient: Tensor, factor: float) -> None:
        """Move the point once, from where the surface has this value and gradient."""
        if self.name == "lbfgs":
            self.seen = gradient
            self.optimizer.step(self._closure((value, gradient)))
            return
        self.evaluations += 1
        self.seen = self.point.grad = self.slope(gradient)
        self.optimizer.param_groups[0]["lr"] = self.rate * factor
        self.optimizer.step()

    def _closure(self, known: tuple[Tensor, Tensor]) -> Callable[[], float]:
        """Return what L-BFGS calls to look at the surface; its first look is where it stands."""
        first = self.evaluations

        def evaluated() -> float:
            value, self.point.grad = (
                known if self.evaluations == first else self.evaluate(self.point.detach())
            )
            self.evaluations += 1
            return value.item()

        return evaluated

    def memory(self) -> Iterator[tuple[str, Any]]:
        """Yield what the optimiser keeps in mind, by the names of `Race`."""
        state = self.optimizer.state[self.point]
        for name, key in zip(("first", "second"), MEMORY.get(self.name, ()), strict=False):
            if key and state.get(key) is not None:
                yield name, state[key]


def racer_of(name: str, point: nn.Parameter, surface: Surface, plan: Plan) -> Racer:
    """Return a racer at a point.

    Args:
        name: a key of `DEFAULT_RATES`.
        point: that it moves in place.
        surface: what it goes down.
        plan: how it goes.
    """
    rate = DEFAULT_RATES[name] if plan.own_rates or name == "lbfgs" else plan.rate

    def evaluate(place: Tensor) -> tuple[Tensor, Tensor]:
        values, slopes = gradients(surface, place[None])
        return values[0], slopes[0]

    slope = _slope_of(point, surface, plan) if name == "noisy" else _exactly
    return Racer(name, point, optimizer_of(name, point, rate, plan), evaluate, slope, rate)


def _exactly(gradient: Tensor) -> Tensor:
    return gradient


def _slope_of(point: nn.Parameter, surface: Surface, plan: Plan) -> Callable[[Tensor], Tensor]:
    """Return what the stochastic racer takes for the gradient."""
    chance = torch.Generator().manual_seed(plan.seed)
    on_table = surface.name == "regression"
    return _of_batches(point, plan, chance) if on_table else _with_noise(surface, plan, chance)


def _with_noise(surface: Surface, plan: Plan, chance: torch.Generator) -> Callable[[Tensor], Tensor]:
    """Return the gradient with normal noise; on a curve, none goes to y."""
    spread = torch.tensor([plan.noise, 0.0 if surface.flat else plan.noise], dtype=torch.float64)
    return lambda gradient: gradient + spread * torch.randn(2, generator=chance, dtype=torch.float64)


def _of_batches(point: nn.Parameter, plan: Plan, chance: torch.Generator) -> Callable[[Tensor], Tensor]:
    """Return the gradient of one mini-batch after the other, the table shuffled anew in every epoch."""
    inputs, targets = regression_table()

    def batches() -> Iterator[Tensor]:
        while True:
            yield from torch.randperm(len(targets), generator=chance).split(min(plan.batch, len(targets)))

    coming = batches()

    def of_batch(_gradient: Tensor) -> Tensor:
        picked = next(coming)
        place = point.detach().requires_grad_()
        loss = mse_loss(place[0] * inputs[picked] + place[1], targets[picked])
        return torch.autograd.grad(loss, place)[0]

    return of_batch
