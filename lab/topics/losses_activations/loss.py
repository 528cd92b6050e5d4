"""Part 3: what one prediction costs, the slope of the loss there, and the step that follows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64

from lab.core.events import Done, Event, Finished, Started
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.functions import Mark, bars_figure, function_figure
from lab.topics.losses_activations.costs import COSTS, softmax_loss
from lab.topics.losses_activations.equations import Equation
from lab.topics.losses_activations.functions import sigmoid, softmax
from lab.topics.losses_activations.settings import LOSSES, Display, LossSettings

GRID = torch.arange(-600, 601, 2, dtype=torch.float64) / 100


@dataclass(frozen=True, slots=True)
class Cost:
    """A loss along each number it depends on, and at the chosen ones, before and after one step.

    Attributes:
        grid: values of a prediction or score.
        losses: over the grid, for each number that can move, the others staying.
        slopes: of these curves.
        names: of the numbers that can move.
        at: the chosen numbers.
        loss: there.
        gradient: by each of them there.
        after: the numbers after one step, at - rate * gradient.
        loss_after: there.
        probabilities: of softmax cross-entropy, before and after; else empty.
        equations: of loss, gradient and step, with these numbers.
    """

    grid: Float64[np.ndarray, " point"]
    losses: Float64[np.ndarray, "number point"]
    slopes: Float64[np.ndarray, "number point"]
    names: tuple[str, ...]
    at: Float64[np.ndarray, " number"]
    loss: float
    gradient: Float64[np.ndarray, " number"]
    after: Float64[np.ndarray, " number"]
    loss_after: float
    probabilities: Float64[np.ndarray, "when number"]
    equations: tuple[Equation, ...]

    def table(self) -> pd.DataFrame:
        """Return one row per number: before, gradient, step and after."""
        columns = {
            "number": self.names,
            "before": self.at,
            "gradient": self.gradient,
            "step": self.after - self.at,
            "after": self.after,
        }
        if self.probabilities.size:
            columns |= dict(zip(("probability_before", "probability_after"), self.probabilities, strict=True))
        return pd.DataFrame(columns)


def cost(settings: LossSettings) -> Cost:
    """Return everything that part 3 shows."""
    return _of_scores(settings) if settings.loss == "softmax" else _of_one(settings)


def target_of(settings: LossSettings) -> float:
    """Return the target y: a value, or what stands for the true class."""
    one = COSTS[settings.loss]
    return settings.target if one.task == "value" else one.targets[settings.truth == "yes"]


def _of_one(settings: LossSettings) -> Cost:
    one, y = COSTS[settings.loss], target_of(settings)
    at = torch.tensor([settings.prediction], dtype=torch.float64)
    gradient = one.slope(at, y, settings)
    after = at - settings.rate * gradient
    loss, loss_after = (one.value(p, y, settings).item() for p in (at, after))
    is_value = one.task == "value"
    yes = sigmoid(at).item()
    numbers = {
        "p": settings.prediction,
        "y": y,
        "l": loss,
        "g": gradient.item(),
        "q": yes,
        "t": yes if y > 0 else sigmoid(-at).item(),
        "delta": settings.delta,
        "gamma": settings.gamma,
        "rate": settings.rate,
        "after": after.item(),
    }
    symbol = r"\hat y" if is_value else "z"
    step = rf"{symbol} \leftarrow {symbol} - \alpha\,\frac{{\partial L}}{{\partial {symbol}}}"
    texts = (one.equation, one.slope_equation, step + r" = <p> - <rate> \cdot (<g>) = <after>")
    return Cost(
        GRID.numpy(),
        one.value(GRID, y, settings).numpy()[None],
        one.slope(GRID, y, settings).numpy()[None],
        (_("prediction") if is_value else _("score z"),),
        at.numpy(),
        loss,
        gradient.numpy(),
        after.numpy(),
        loss_after,
        np.empty((0, 1)),
        tuple(Equation(text, numbers) for text in texts),
    )


def _of_scores(settings: LossSettings) -> Cost:
    at = torch.tensor([settings.z1, settings.z2, settings.z3], dtype=torch.float64)
    label = int(settings.label) - 1
    truth = torch.nn.functional.one_hot(torch.tensor(label), 3).double()
    gradient = softmax(at) - truth
    after = at - settings.rate * gradient
    moved = at.repeat(3, len(GRID), 1)
    for number in range(3):
        moved[number, :, number] = GRID
    probabilities = torch.stack([softmax(at), softmax(after)])
    return Cost(
        GRID.numpy(),
        softmax_loss(moved, label).numpy(),
        torch.stack([(softmax(moved[k]) - truth)[:, k] for k in range(3)]).numpy(),
        tuple(_("score {number}").format(number=k + 1) for k in range(3)),
        at.numpy(),
        softmax_loss(at, label).item(),
        gradient.numpy(),
        after.numpy(),
        softmax_loss(after, label).item(),
        probabilities.numpy(),
        _softmax_equations(settings, at, gradient, after),
    )


def _softmax_equations(
    settings: LossSettings, at: torch.Tensor, gradient: torch.Tensor, after: torch.Tensor
) -> tuple[Equation, ...]:
    label = int(settings.label)
    shares = softmax(at).tolist()
    numbers = {
        "l": softmax_loss(at, label - 1).item(),
        "t": shares[label - 1],
        "rate": settings.rate,
        **{f"z{k + 1}": value for k, value in enumerate(at.tolist())},
        **{f"p{k + 1}": value for k, value in enumerate(shares)},
        **{f"y{k + 1}": float(k + 1 == label) for k in range(3)},
        **{f"g{k + 1}": value for k, value in enumerate(gradient.tolist())},
        **{f"a{k + 1}": value for k, value in enumerate(after.tolist())},
    }

    def column(letter: str) -> str:
        return r"\begin{pmatrix} <%s1> \\ <%s2> \\ <%s3> \end{pmatrix}" % ((letter,) * 3)

    texts = (
        rf"L = -\ln p_{label} = -\ln \frac{{e^{{<z{label}>}}}}{{e^{{<z1>}} + e^{{<z2>}} + e^{{<z3>}}}}"
        r" = -\ln <t> = <l>",
        rf"\frac{{\partial L}}{{\partial z}} = p - y = {column('p')} - {column('y')} = {column('g')}",
        r"z \leftarrow z - \alpha\,\frac{\partial L}{\partial z}"
        rf" = {column('z')} - <rate> \cdot {column('g')} = {column('a')}",
    )
    return tuple(Equation(text, numbers) for text in texts)


def train(settings: LossSettings, context: Context) -> Iterator[Event | Done[Cost]]:
    """Compute the loss, its gradient and the step."""
    yield Started(0.0, 1)
    yield Finished("epochs", 0.0)
    yield Done(cost(settings))


def stage(
    settings: LossSettings,
    display: Display,
    context: Context,
    events: Sequence[Event],
    result: Cost | None = None,
) -> Stage:
    """Return the loss and its slope over the prediction, now and after the step."""
    if not events:
        return Stage()
    drawn = result or cost(settings)
    panels = [_loss_panel(settings, drawn), _slope_panel(settings, drawn)]
    if drawn.probabilities.size:
        panels.append(_probability_panel(drawn))
    text = _("One step takes the loss from {before:.4g} to {after:.4g}.")
    return Stage(panels, notes=[text.format(before=drawn.loss, after=drawn.loss_after)])


def _x_title(drawn: Cost) -> str:
    if drawn.probabilities.size:
        return _("Score that moves, the others staying")
    return _("Prediction") if _("prediction") in drawn.names else _("Score z")


def _loss_panel(settings: LossSettings, drawn: Cost) -> Panel:
    name = LOSSES[settings.loss]
    unit = _("nats") if settings.loss in ("binary", "softmax", "focal") else _("units of the loss")
    marks = [
        Mark(_("now: {name} = {at:.3g}").format(name=name_, at=at), float(at), drawn.loss, number)
        for number, (name_, at) in enumerate(zip(drawn.names, drawn.at, strict=True))
    ]
    if len(drawn.names) == 1:
        there = float(drawn.after[0])
        said = _("after the step: {at:.3g}").format(at=there)
        marks.append(Mark(said, there, drawn.loss_after, 1, "diamond"))
    curves = {
        _("loss over {name}").format(name=one): y for one, y in zip(drawn.names, drawn.losses, strict=True)
    }
    chart = function_figure(
        drawn.grid, curves, x_title=_x_title(drawn), y_title=_("Loss ({unit})").format(unit=unit), marks=marks
    )
    alt = _("{name} over the prediction. At the chosen point it is {loss:.4g}, after one step {after:.4g}.")
    return Panel(
        "loss",
        _("What it costs: the loss"),
        alt.format(name=name, loss=drawn.loss, after=drawn.loss_after),
        chart,
    )


def _slope_panel(settings: LossSettings, drawn: Cost) -> Panel:
    marks = [
        Mark(_("now, by {name}: {slope:.4g}").format(name=name, slope=slope), float(at), float(slope), number)
        for number, (name, at, slope) in enumerate(zip(drawn.names, drawn.at, drawn.gradient, strict=True))
    ]
    curves = {
        _("gradient by {name}").format(name=one): y for one, y in zip(drawn.names, drawn.slopes, strict=True)
    }
    chart = function_figure(
        drawn.grid, curves, x_title=_x_title(drawn), y_title=_("Gradient dL/dz"), marks=marks
    )
    if COSTS.get(settings.loss) and COSTS[settings.loss].task == "value":
        chart.update_yaxes(title={"text": _("Gradient dL/dŷ")})
    said = ", ".join(f"{slope:.4g}" for slope in drawn.gradient)
    alt = _("Gradient of {name} over the prediction; at the chosen point it is {said}.")
    return Panel(
        "gradient",
        _("Which way, how strongly: its gradient"),
        alt.format(name=LOSSES[settings.loss], said=said),
        chart,
    )


def _probability_panel(drawn: Cost) -> Panel:
    labels = [_("class {number}").format(number=k + 1) for k in range(3)]
    before, after = drawn.probabilities
    chart = bars_figure(
        labels,
        {_("now"): before[:, None], _("after the step"): after[:, None]},
        x_title=_("Class"),
        y_title=_("Probability"),
    )
    said = "; ".join(f"{label} {a:.3f} → {b:.3f}" for label, a, b in zip(labels, before, after, strict=True))
    return Panel(
        "probability",
        _("What softmax makes of the scores"),
        _("Probabilities: {said}.").format(said=said),
        chart,
    )
