"""Part 1: an activation function, its slope, and where it is flat."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64

from lab.core.events import Done, Event, Finished, Started
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.functions import Mark, function_figure, ranges
from lab.topics.losses_activations.equations import Equation
from lab.topics.losses_activations.functions import FUNCTIONS
from lab.topics.losses_activations.settings import ACTIVATIONS, ActivationSettings, Display

FLAT = 0.01
"""A neuron is called saturated where its slope is nearer to 0 than this."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A function over the scores from -8 to 8, and at one of them.

    Attributes:
        scores: z.
        values: f(z).
        slopes: f'(z).
        z: the chosen score.
        value: f there.
        slope: f' there.
        equations: of value and slope, with these numbers.
    """

    scores: Float64[np.ndarray, " point"]
    values: Float64[np.ndarray, " point"]
    slopes: Float64[np.ndarray, " point"]
    z: float
    value: float
    slope: float
    equations: tuple[Equation, Equation]

    @property
    def flat(self) -> list[tuple[float, float]]:
        """The ranges of z in which the function is saturated."""
        return ranges(self.scores, np.abs(self.slopes) < FLAT)


def curve(settings: ActivationSettings) -> Curve:
    """Return everything that part 1 shows."""
    function = FUNCTIONS[settings.activation]
    scores = torch.arange(-800, 801, 2, dtype=torch.float64) / 100
    chosen = torch.tensor([settings.z], dtype=torch.float64)
    values, slopes = (_first(formula, scores, settings) for formula in (function.value, function.slope))
    value, slope = (_first(formula, chosen, settings).item() for formula in (function.value, function.slope))
    numbers = {"z": settings.z, "a": value, "d": slope, "second": settings.second, "third": settings.third}
    equations = Equation(function.equation, numbers), Equation(function.slope_equation, numbers)
    return Curve(scores.numpy(), values.numpy(), slopes.numpy(), settings.z, value, slope, equations)


def _first(formula, scores: torch.Tensor, settings: ActivationSettings) -> torch.Tensor:
    """Return a formula at each score; softmax is given two further scores, and its first output counts."""
    if settings.activation != "softmax":
        return formula(scores)
    others = torch.tensor([settings.second, settings.third], dtype=torch.float64)
    return formula(torch.cat([scores[:, None], others.expand(len(scores), 2)], dim=1))[:, 0]


def train(settings: ActivationSettings, context: Context) -> Iterator[Event | Done[Curve]]:
    """Compute the curve."""
    yield Started(0.0, 1)
    yield Finished("epochs", 0.0)
    yield Done(curve(settings))


def stage(
    settings: ActivationSettings,
    display: Display,
    context: Context,
    events: Sequence[Event],
    result: Curve | None = None,
) -> Stage:
    """Return the function and its slope, with the chosen point and the saturated ranges marked."""
    if not events:
        return Stage()
    drawn = result or curve(settings)
    flat = np.abs(drawn.slopes) < FLAT
    name = ACTIVATIONS[settings.activation]
    panels = []
    for id_, title, symbol, values, at in (
        ("value", _("What comes out: f(z)"), "f(z)", drawn.values, drawn.value),
        ("slope", _("Its slope: f'(z)"), "f'(z)", drawn.slopes, drawn.slope),
    ):
        mark = Mark(f"{symbol} = {at:.4g}", drawn.z, at)
        chart = function_figure(
            drawn.scores,
            {f"{name}, {symbol}": values},
            x_title=_("Score z"),
            y_title=_("Activation a = f(z)") if id_ == "value" else _("Slope f'(z) = da/dz"),
            marks=[mark],
            flat=flat,
        )
        alt = _("{name} over scores from -8 to 8; at z = {z:g}, {symbol} is {at:.4g}. {flat}").format(
            name=name, z=drawn.z, symbol=symbol, at=at, flat=flat_words(drawn)
        )
        panels.append(Panel(id_, title, alt, chart))
    return Stage(panels, notes=[flat_words(drawn)])


def flat_words(drawn: Curve) -> str:
    """Return in one sentence where the function is saturated."""
    if not drawn.flat:
        return _("Nowhere between -8 and 8 is the slope below 0.01 in size.")
    spans = [_("from {low:.2f} to {high:.2f}").format(low=low, high=high) for low, high in drawn.flat]
    return _("Saturated (slope below 0.01 in size): {spans}.").format(spans=_(" and ").join(spans))
