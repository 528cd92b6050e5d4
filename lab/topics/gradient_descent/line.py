"""A line through real data: its loss and gradient, descent from it, and the normal equation's answer."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64
from torch import Tensor
from torch.nn.functional import mse_loss

from lab.core.errors import DataError
from lab.core.events import Diverged, Done, Event, Finished, Started
from lab.core.labels import _
from lab.core.lesson import Challenge, Context
from lab.data.regression import diabetes
from lab.data.tables import read_numbers
from lab.topics.gradient_descent.line_settings import NAMES, LineSettings


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Two columns in units of their spread: 0 is the mean, 1 a standard deviation.

    Attributes:
        x: what is known of each example.
        y: what is to be told from it.
        names: of both columns.
        means: of both columns, in their own units.
        spreads: their standard deviations, in their own units.
    """

    x: Float64[np.ndarray, " example"]
    y: Float64[np.ndarray, " example"]
    names: tuple[str, str]
    means: tuple[float, float]
    spreads: tuple[float, float]

    def own_units(self, slope: float, intercept: float) -> tuple[float, float]:
        """Return slope and intercept of the same line in the columns' own units."""
        steep = slope * self.spreads[1] / self.spreads[0]
        return steep, self.means[1] + intercept * self.spreads[1] - steep * self.means[0]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A line, where descent takes it, and the best line there is.

    Attributes:
        columns: the examples.
        path: slope and intercept before the first step and after each; up to the last finite ones.
        losses: the mean squared error of each line of the path.
        gradients: of the loss by slope and intercept, at each line of the path.
        best: slope and intercept that solve the normal equation.
        least: the loss of that line.
        edge: the largest rate at which descent does not diverge, 2 over the largest eigenvalue.
        overflow: the step, from 1, whose line has no finite loss; 0 if there is none.
    """

    columns: Columns
    path: Float64[np.ndarray, "line 2"]
    losses: Float64[np.ndarray, " line"]
    gradients: Float64[np.ndarray, "line 2"]
    best: Float64[np.ndarray, " 2"]
    least: float
    edge: float
    overflow: int

    def table(self) -> pd.DataFrame:
        """Return one row for the learner's line, the line after descent, and the best one."""
        names = [_("Your line"), _("After descent"), _("Normal equation")]
        lines = np.array([self.path[0], self.path[-1], self.best])
        own = [self.columns.own_units(*line) for line in lines.tolist()]
        return pd.DataFrame(
            {
                _("line"): names,
                _("slope w"): lines[:, 0],
                _("intercept b"): lines[:, 1],
                _("loss"): [self.losses[0], self.losses[-1], self.least],
                _("slope in own units"): [one[0] for one in own],
                _("intercept in own units"): [one[1] for one in own],
            }
        )

    def steps_table(self) -> pd.DataFrame:
        """Return one row for each line of the path."""
        return pd.DataFrame(
            {
                _("step"): np.arange(len(self.path)),
                _("slope w"): self.path[:, 0],
                _("intercept b"): self.path[:, 1],
                _("loss"): self.losses,
                _("dL/dw"): self.gradients[:, 0],
                _("dL/db"): self.gradients[:, 1],
            }
        )


def columns_of(settings: LineSettings, context: Context) -> Columns:
    """Return the chosen columns.

    Raises:
        DataError: the learner's table is not there, holds words, or has no second column to tell from.
    """
    if settings.line_table in NAMES:
        frame: pd.DataFrame = diabetes().filter([settings.line_table, "target"])
        return _standardised(frame.set_axis([NAMES[settings.line_table], _("Progression in a year")], axis=1))
    if settings.line_file not in context.files:
        raise DataError(_("Own table"), _("a table uploaded on this page"), settings.line_file[:8])
    frame = read_numbers(context.files[settings.line_file], "table.csv")
    second = settings.line_table == "csv_second"
    if second and len(frame.columns) == 2:
        raise DataError(_("Data"), _("a table of three columns, to tell from its second"), 2)
    return _standardised(frame.iloc[:, [int(second), -1]])


def _standardised(frame: pd.DataFrame) -> Columns:
    x, y = frame.to_numpy(np.float64).T
    means, spreads = (x.mean(), y.mean()), (x.std(), y.std())
    names = (str(frame.columns[0]), str(frame.columns[1]))
    return Columns((x - means[0]) / spreads[0], (y - means[1]) / spreads[1], names, means, spreads)


def train(settings: LineSettings, context: Context) -> Iterator[Event | Done[Fitted]]:
    """Measure the line, let descent move it, and solve the normal equation."""
    columns = columns_of(settings, context)
    inputs = torch.stack([torch.from_numpy(columns.x), torch.ones(len(columns.x), dtype=torch.float64)], 1)
    targets = torch.from_numpy(columns.y)
    yield Started(float(settings.line_steps), 1)
    path, losses, gradients, overflow = _descent(settings, inputs, targets)
    best = torch.linalg.lstsq(inputs, targets[:, None]).solution[:, 0]
    hessian = 2 * inputs.T @ inputs / len(targets)
    if overflow:
        yield Diverged(0, overflow)
    yield Finished("diverged" if overflow else "epochs", float(settings.line_steps))
    yield Done(
        Fitted(
            columns=columns,
            path=np.array(path),
            losses=np.array(losses),
            gradients=np.array(gradients),
            best=best.numpy(),
            least=mse_loss(inputs @ best, targets).item(),
            edge=2 / torch.linalg.eigvalsh(hessian).max().item(),
            overflow=overflow,
        )
    )


def _descent(
    settings: LineSettings, inputs: Float64[Tensor, "example 2"], targets: Float64[Tensor, " example"]
) -> tuple[list[list[float]], list[float], list[list[float]], int]:
    """Return lines, losses and gradients, step by step, and the step at which they overflow."""
    line = torch.tensor([settings.slope, settings.intercept], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([line], lr=settings.line_rate)
    path: list[list[float]] = []
    losses: list[float] = []
    gradients: list[list[float]] = []
    for step in range(settings.line_steps + 1):
        optimizer.zero_grad()
        loss = mse_loss(inputs @ line, targets)
        loss.backward()
        if not loss.isfinite() or line.grad is None or not line.grad.isfinite().all():
            return path, losses, gradients, step
        path.append(line.detach().tolist())
        losses.append(loss.item())
        gradients.append(line.grad.tolist())
        optimizer.step()
    return path, losses, gradients, 0


def _by_hand(settings: LineSettings, _events: object, result: Fitted) -> bool:
    return settings.line_steps == 0 and result.losses[0] <= 1.005 * result.least


def _three_steps(settings: LineSettings, _events: object, result: Fitted) -> bool:
    far = float(np.abs(result.path[0] - result.best).max()) >= 1
    return 0 < settings.line_steps <= 3 and far and result.losses[-1] <= 1.0001 * result.least


CHALLENGES = (
    Challenge(
        "line-by-hand",
        _("Without a step of descent, bring your line within half a percent of the least loss."),
        "gradient_descent/line",
        _by_hand,
    ),
    Challenge(
        "line-three-steps",
        _("From a line at least 1 off in slope or intercept, let three steps reach the least loss."),
        "gradient_descent/line",
        _three_steps,
    ),
)
