"""The programs of the texts, in the order in which they are read, and what their cards share."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64

from lab.core.controls import Choice, Count
from lab.core.events import Evaluated, Event, Finished
from lab.core.labels import _
from lab.core.settings import LessonSettings

PARTS = {
    "noise": _("1. Random labels (text 1)"),
    "square": _("2. A line for a parabola (text 2)"),
    "softmax": _("3. One network in two libraries (text 3)"),
    "tumours": _("4. A yes-or-no question (text 4)"),
    "convolution": _("5. A convolutional network (text 4)"),
    "dense": _("6. Three layers for digits (text 5)"),
}
PROGRAM, LAB = _("The program's values"), _("Around the program")


class Part(LessonSettings):
    """Which program is shown."""

    part: Annotated[
        str, Choice(_("Program"), PARTS, help=_("Each program has controls and a listing of its own."))
    ] = "noise"


def around(
    label: str, low: int, printed: int, high: int, told: str, *, unit: str = "", group: str = PROGRAM
) -> Count:
    """Return a slider around the value that a text prints, which is one of its stops.

    Example:
        >>> around("Neurons", 10, 64, 200, "The text: 64.").stops()
        (10, 20, 30, 50, 64, 100, 200)
    """
    return Count(label, low, high, log=True, unit=unit, help=told, group=group, more=(printed,))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a program.

    Attributes:
        history: every measurement, one row per epoch and network.
    """

    history: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Answers(Outcome):
    """The same with what the networks answer in the end.

    Attributes:
        labels: what is right for each test example.
        scores: of each network for each test example and class; not finite after a divergence.
    """

    labels: Int64[np.ndarray, " example"]
    scores: Float[np.ndarray, "network example class"]


def listing(*functions: Callable[..., Any]) -> str:
    """Return the source of the functions as it stands in their file: what is shown is what runs."""
    return "\n\n".join(inspect.getsource(function) for function in functions)


def grouped(events: Iterator[Event], names: Sequence[str], networks: int) -> Iterator[Event]:
    """Yield the events of several groups of networks, with the group's name before each score.

    Args:
        events: of all groups' networks, side by side, group after group.
        names: of the groups.
        networks: in each group.
    """
    for event in events:
        if not isinstance(event, Evaluated):
            yield event
            continue
        named = {
            f"{name}_{score}": values[group * networks : (group + 1) * networks]
            for group, name in enumerate(names)
            for score, values in event.scores.items()
        }
        yield Evaluated(event.epoch, named)


def thinned(events: Iterator[Event], every: int) -> Iterator[Event]:
    """Yield the events with the measurements of every `every`-th epoch only, and of the last."""
    left_out: Evaluated | None = None
    for event in events:
        if isinstance(event, Evaluated) and event.epoch % every:
            left_out = event
            continue
        if isinstance(event, Finished) and left_out is not None and left_out.epoch == event.epoch:
            yield left_out
        yield event


def last_median(history: pd.DataFrame, score: str) -> float:
    """Return the median of a score over the networks after the last epoch; diverged ones count as worst.

    Example:
        >>> rows = {"epoch": [0, 1, 1, 1], "loss": [9.0, 3.0, np.nan, 2.0]}
        >>> last_median(pd.DataFrame(rows), "loss")
        3.0
    """
    worst = 0.0 if score.endswith("accuracy") else np.inf
    values = history.loc[history["epoch"] == history["epoch"].max(), score].to_numpy(np.float64)
    return float(np.median(np.where(np.isfinite(values), values, worst)))


def number(value: float) -> str:
    """Return a number for a table: four digits, or that it overflowed."""
    return f"{value:.4g}" if np.isfinite(value) else _("overflow")


def percent(value: float) -> str:
    """Return a share for a table.

    Example:
        >>> percent(0.5)
        '50.0 %'
    """
    return f"{value:.1%}".replace("%", " %") if np.isfinite(value) else "–"
