"""One racer's steps in numbers: what it saw, what it keeps in mind, and how it moved."""

import numpy as np
import pandas as pd

from lab.core.labels import _
from lab.training.descent import Race

MEMORIES = {
    "momentum": (_("velocity"), ""),
    "nesterov": (_("velocity"), ""),
    "adagrad": ("", _("sum of squares")),
    "rmsprop": ("", _("mean square")),
    "adam": (_("mean gradient"), _("mean square")),
    "adamw": (_("mean gradient"), _("mean square")),
    "adadelta": (_("mean squared update"), _("mean square")),
    "lbfgs": (_("direction"), ""),
}
"""What the first and the second memory of a racer are."""


def steps_table(result: Race, name: str, *, flat: bool = False) -> pd.DataFrame:
    """Return a row for the start and one for each step up to the last finite one.

    Position, loss and memories are those after the step; the gradient is that before it, which it used.

    Args:
        result: the race.
        name: of a racer in it.
        flat: whether y does not matter and is left out.
    """
    number = result.names.index(name)
    last = result.diverged[number] or len(result.losses[number])
    parts = ("x",) if flat else ("x", "y")
    columns: dict[str, np.ndarray] = {_("step"): np.arange(last)}
    for place, part in enumerate(parts):
        columns[part] = result.positions[number, :last, place]
    columns[_("loss")] = result.losses[number, :last]
    first, second = MEMORIES.get(name, ("", ""))
    known = {
        _("gradient (before)"): result.gradients,
        first: result.first,
        second: result.second,
        _("{memory}, corrected").format(memory=first): result.first_corrected,
        _("{memory}, corrected").format(memory=second): result.second_corrected,
        _("update"): result.updates,
    }
    for title, values in known.items():
        if not title or np.isnan(values[number, 0]).all():
            continue
        for place, part in enumerate(parts):
            columns[f"{title} {part}"] = _after_start(values[number, :, place], last)
    columns[_("rate")] = _after_start(result.rates[number], last)
    columns[_("evaluations")] = np.concatenate([[0], result.evaluations[number]])[:last]
    return pd.DataFrame(columns)


def _after_start(values: np.ndarray, last: int) -> np.ndarray:
    """Return numbers of steps below an empty one for the start."""
    return np.concatenate([[np.nan], values])[:last]


def standings(result: Race, titles: dict[str, str]) -> pd.DataFrame:
    """Return one row for each racer: where it came to, and what it cost.

    Args:
        result: the race.
        titles: of the optimisers, by name.
    """
    rows = []
    for number, name in enumerate(result.names):
        lowest = result.losses[number]
        rows.append(
            {
                _("optimiser"): titles[name],
                _("loss at the end"): result.losses[number, -1],
                _("lowest loss"): np.nanmin(lowest) if np.isfinite(lowest).any() else np.nan,
                "x": result.positions[number, -1, 0],
                "y": result.positions[number, -1, 1],
                _("gradients looked at"): result.evaluations[number, -1],
                _("left the window"): _at(result.left[number]),
                _("diverged"): _at(result.diverged[number], lost=result.lacks_gradient(number)),
            }
        )
    return pd.DataFrame(rows)


def _at(step: int, *, lost: bool = False) -> str:
    text = _("no gradient at step {step}") if lost else _("at step {step}")
    return text.format(step=step) if step else ""
