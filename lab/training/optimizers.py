"""The update rules of torch.optim, on one flat vector with its own rate for every parameter."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, assert_never

import torch
from jaxtyping import Float
from torch import Tensor

OptimizerName = Literal["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]
Rate = float | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How networks are trained. A rate is one number for all networks, or one for each.

    Attributes:
        optimizer: the update rule, that of torch.optim.
        learning_rate: length of a step, at least 0.
        l1: weight of the sum of |w| in the loss; it adds l1 sign(w) to the gradient of a weight w.
        l2: weight of half the sum of w^2 in the loss; it adds l2 w to the gradient of a weight w. With
            "adamw" it is the decoupled decay: a weight is first multiplied with 1 - learning_rate l2.
        dropout: share of the hidden activations that is set to 0 in training, from 0 to below 1; the others
            are divided by 1 - dropout.
        momentum: share of the last step that is kept, for "momentum" and "nesterov".
        alpha: share of the mean square that is kept in a step, for "rmsprop".
        beta1: share of the mean gradient that is kept in a step, for "adam" and "adamw".
        beta2: share of the mean square that is kept in a step, for "adam" and "adamw".
        eps: what is added to the root of a mean square before it divides.

    Neither l1 nor l2 touches a bias.

    Raises:
        ValueError: a rate lies outside its range.
    """

    optimizer: OptimizerName = "sgd"
    learning_rate: Rate = 0.03
    l1: Rate = 0.0
    l2: Rate = 0.0
    dropout: Rate = 0.0
    momentum: float = 0.9
    alpha: float = 0.99
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        for name in ("learning_rate", "l1", "l2", "dropout"):
            rate = getattr(self, name)
            limit = 1.0 if name == "dropout" else math.inf
            if not all(0 <= value < limit for value in (rate if isinstance(rate, tuple) else (rate,))):
                raise ValueError(f"{name}: expected from 0 to below {limit}, got {rate!r}")


def per_network(name: str, rate: Rate, networks: int) -> list[float]:
    """Return one value of a rate for each network.

    Raises:
        ValueError: there are values, but not one for each network.
    """
    if not isinstance(rate, tuple):
        return [rate] * networks
    if len(rate) != networks:
        raise ValueError(f"{name}: expected one number or {networks}, one per network, got {len(rate)}")
    return list(rate)


@dataclass(frozen=True, slots=True)
class FlatRates:
    """The rates of a recipe, one number for each parameter; None where all are 0.

    Attributes:
        learning_rate: of each parameter.
        l1: of each parameter, 0 for biases.
        l2: of each parameter, 0 for biases.
    """

    learning_rate: Float[Tensor, " parameter"]
    l1: Float[Tensor, " parameter"] | None
    l2: Float[Tensor, " parameter"] | None


class Optimizer:
    """Changes a parameter vector in place, from a gradient vector that is filled anew before each step.

    Attributes:
        steps: how many steps were made.
        moments: running means of gradients, by name, all 0 at first; to be saved and restored with `steps`.

    Source: PyTorch 2.13, torch.optim, whose numbers it reproduces.
    """

    def __init__(
        self,
        recipe: Recipe,
        rates: FlatRates,
        parameters: Float[Tensor, " parameter"],
        gradients: Float[Tensor, " parameter"],
    ) -> None:
        """Prepare everything a step needs; `gradients` is overwritten by each step."""
        self.steps = 0
        self.moments: dict[str, Tensor] = {}
        self._recipe = recipe
        self._parameters = parameters
        self._gradients = gradients
        self._scratch = torch.zeros_like(parameters)
        self._rate = rates.learning_rate
        self._negative_rate = -rates.learning_rate
        self._l1, self._l2, self._kept = rates.l1, rates.l2, None
        if recipe.optimizer == "adamw" and rates.l2 is not None:
            self._l2, self._kept = None, 1 - rates.learning_rate * rates.l2
        # A number in an operation costs more than the operation: what does not change becomes a tensor.
        self._eps = parameters.new_tensor(recipe.eps)
        self._momentum = parameters.new_tensor(recipe.momentum)
        self._update = self._prepared_update()

    def step(self) -> None:
        """Update the parameters once."""
        self.steps += 1
        if self._l2 is not None:
            self._gradients.addcmul_(self._parameters, self._l2)
        if self._l1 is not None:
            torch.sign(self._parameters, out=self._scratch)
            self._gradients.addcmul_(self._scratch, self._l1)
        if self._kept is not None:
            self._parameters.mul_(self._kept)
        self._update()

    def _prepared_update(self) -> Callable[[], None]:
        match self._recipe.optimizer:
            case "sgd":
                return self._descend
            case "momentum" | "nesterov":
                self.moments["velocity"] = torch.zeros_like(self._parameters)
                return self._roll
            case "rmsprop":
                self.moments["square"] = torch.zeros_like(self._parameters)
                return self._scale
            case "adam" | "adamw":
                self.moments["mean"] = torch.zeros_like(self._parameters)
                self.moments["square"] = torch.zeros_like(self._parameters)
                return self._adapt
            case _:
                assert_never(self._recipe.optimizer)

    def _descend(self) -> None:
        """Gradient descent: w = w - r g."""
        self._parameters.addcmul_(self._gradients, self._negative_rate)

    def _roll(self) -> None:
        """Momentum: v = m v + g, then w = w - r v, or w = w - r (g + m v) looking ahead (Nesterov)."""
        velocity = self.moments["velocity"]
        velocity.mul_(self._momentum).add_(self._gradients)
        if self._recipe.optimizer == "nesterov":
            torch.addcmul(self._gradients, velocity, self._momentum, out=self._scratch)
            velocity = self._scratch
        self._parameters.addcmul_(velocity, self._negative_rate)

    def _scale(self) -> None:
        """RMSprop: s = a s + (1 - a) g^2, then w = w - r g / (sqrt s + eps)."""
        square, scratch = self.moments["square"], self._scratch
        torch.mul(self._gradients, self._gradients, out=scratch)
        square.lerp_(scratch, 1 - self._recipe.alpha)
        torch.sqrt(square, out=scratch)
        scratch.add_(self._eps)
        self._gradients.mul_(self._rate)
        self._parameters.addcdiv_(self._gradients, scratch, value=-1)

    def _adapt(self) -> None:
        """Adam (Kingma and Ba, 2015, algorithm 1): running means m of g and s of g^2, freed of their bias."""
        mean, square, scratch = self.moments["mean"], self.moments["square"], self._scratch
        mean.lerp_(self._gradients, 1 - self._recipe.beta1)
        torch.mul(self._gradients, self._gradients, out=scratch)
        square.lerp_(scratch, 1 - self._recipe.beta2)
        # w = w - r (m / c1) / (sqrt(s / c2) + eps)
        correction1 = 1 - self._recipe.beta1**self.steps
        correction2 = 1 - self._recipe.beta2**self.steps
        torch.sqrt(square, out=scratch)
        torch.add(self._eps, scratch, alpha=1 / math.sqrt(correction2), out=scratch)
        torch.mul(mean, self._rate, out=self._gradients)
        self._parameters.addcdiv_(self._gradients, scratch, value=-1 / correction1)
