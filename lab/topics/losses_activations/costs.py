"""Losses of one prediction, their slopes by it, and how each stands in KaTeX."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float64
from torch import Tensor

from lab.topics.losses_activations.functions import sigmoid
from lab.topics.losses_activations.settings import LossSettings

Formula = Callable[[Tensor, float, LossSettings], Tensor]
Task = Literal["value", "class"]


@dataclass(frozen=True, slots=True)
class Cost:
    """The loss of one number p against a target y.

    Attributes:
        task: whether the target is a value or a class.
        targets: of "class", what stands for no and yes.
        value: the loss.
        slope: its slope by p; at a corner, what torch takes.
        equation: the loss with its numbers: prediction p, target y, loss l.
        slope_equation: the slope with its numbers: slope g.
    """

    task: Task
    targets: tuple[float, float]
    value: Formula
    slope: Formula
    equation: str
    slope_equation: str


def _huber(p: Tensor, y: float, settings: LossSettings) -> Tensor:
    error = (p - y).abs()
    return torch.where(
        error <= settings.delta, error.square() / 2, settings.delta * (error - settings.delta / 2)
    )


def _log1p_exp(z: Tensor) -> Tensor:
    """Return ln(1 + e^z), also where e^z would overflow."""
    return z.clamp(min=0) + torch.log1p(torch.exp(-z.abs()))


def _focal(p: Tensor, y: float, settings: LossSettings) -> Tensor:
    """Return -(1 - q)^gamma ln q, where q = sigmoid(s p) is the probability of the truth.

    Source: Lin, Goyal, Girshick, He and Dollár (2017), equation 4.
    """
    s = 2 * y - 1
    return sigmoid(-s * p) ** settings.gamma * _log1p_exp(-s * p)


def _focal_slope(p: Tensor, y: float, settings: LossSettings) -> Tensor:
    s = 2 * y - 1
    q, rest = sigmoid(s * p), sigmoid(-s * p)  # 1 - q, without its rounding
    return s * rest**settings.gamma * (-settings.gamma * q * _log1p_exp(-s * p) - rest)


COSTS: dict[str, Cost] = {
    "squared": Cost(
        "value",
        (0.0, 1.0),
        lambda p, y, _s: (p - y).square(),
        lambda p, y, _s: 2 * (p - y),
        r"L = (\hat y - y)^2 = (<p> - (<y>))^2 = <l>",
        r"\frac{\partial L}{\partial \hat y} = 2\,(\hat y - y) = 2\,(<p> - (<y>)) = <g>",
    ),
    "absolute": Cost(
        "value",
        (0.0, 1.0),
        lambda p, y, _s: (p - y).abs(),
        lambda p, y, _s: torch.sign(p - y),
        r"L = |\hat y - y| = |<p> - (<y>)| = <l>",
        r"\frac{\partial L}{\partial \hat y} = \operatorname{sign}(\hat y - y)"
        r" = \operatorname{sign}(<p> - (<y>)) = <g>",
    ),
    "huber": Cost(
        "value",
        (0.0, 1.0),
        _huber,
        lambda p, y, s: (p - y).clamp(-s.delta, s.delta),
        r"L = \begin{cases} \tfrac12 e^2 & |e| \le <delta> \\ <delta>\,(|e| - \tfrac12 \cdot <delta>) &"
        r" |e| > <delta> \end{cases}, \quad e = <p> - (<y>), \quad L = <l>",
        r"\frac{\partial L}{\partial \hat y} = \max(-<delta>, \min(<delta>, e)) = <g>",
    ),
    "binary": Cost(
        "class",
        (0.0, 1.0),
        lambda p, y, _s: _log1p_exp(p) - y * p,
        lambda p, y, _s: sigmoid(p) - y,
        r"L = \ln(1 + e^z) - y z = \ln(1 + e^{<p>}) - <y> \cdot (<p>) = <l>",
        r"\frac{\partial L}{\partial z} = \sigma(z) - y = <q> - <y> = <g>",
    ),
    "hinge": Cost(
        "class",
        (-1.0, 1.0),
        lambda p, y, _s: (1 - y * p).clamp(min=0),
        lambda p, y, _s: torch.where(1 - y * p > 0, -y, 0.0).to(p),
        r"L = \max(0, 1 - y z) = \max(0, 1 - (<y>) \cdot (<p>)) = <l>",
        r"\frac{\partial L}{\partial z} = \begin{cases} -y & y z < 1 \\ 0 & y z \ge 1 \end{cases} = <g>",
    ),
    "focal": Cost(
        "class",
        (0.0, 1.0),
        _focal,
        _focal_slope,
        r"L = -(1 - q)^\gamma \ln q = -(1 - <t>)^{<gamma>} \ln <t> = <l>, \quad"
        r" q = \text{probability of the truth}",
        r"\frac{\partial L}{\partial z} = \pm (1 - q)^\gamma\,\bigl(\gamma\, q \ln q - (1 - q)\bigr) = <g>",
    ),
}


def softmax_loss(scores: Float64[Tensor, "*batch class"], label: int) -> Float64[Tensor, "*batch"]:
    """Return ln sum e^z less the score of the true class `label`, from 0."""
    return torch.logsumexp(scores, dim=-1) - scores[..., label]
