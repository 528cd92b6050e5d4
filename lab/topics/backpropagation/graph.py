"""What the first part computes: both passes through the graph, the check, and curves around the point."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from jaxtyping import Float

from lab.core.events import Done, Event, Finished, Started
from lab.core.labels import _
from lab.core.lesson import Context
from lab.models.graph import Trace, backward, forward
from lab.topics.backpropagation.check import Check, checks_of, errors_over_h
from lab.topics.backpropagation.explain import Writing
from lab.topics.backpropagation.settings import Settings

POINTS, REACH = 61, 2.0
STEPS = np.logspace(-12, -1, 23)
VERDICTS = {
    "agrees": _("✓ agree"),
    "outside": _("○ no value at ± h"),
    "kink": _("○ a kink of relu is within h"),
    "rounding": _("○ h is too small: rounding"),
    "bend": _("○ h is too large: the curve bends"),
    "differs": _("✗ differ"),
}


@dataclass(frozen=True, slots=True)
class Around:
    """The result while one variable moves and all others stay.

    Attributes:
        name: of the variable.
        place: of its node.
        x: its values, around the one set.
        result: of the expression; NaN where it has none.
        errors: relative error of the central difference for each step of `STEPS`; empty after trouble.
    """

    name: str
    place: int
    x: Float[np.ndarray, " point"] = field(hash=False)
    result: Float[np.ndarray, " point"] = field(hash=False)
    errors: Float[np.ndarray, " step"] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Worked:
    """All numbers of the graph.

    Attributes:
        text: the expression.
        inputs: value of each variable.
        trace: both passes.
        checks: of every node that has a gradient.
        around: for each variable that can be moved.
    """

    text: str
    inputs: dict[str, float]
    trace: Trace
    checks: tuple[Check, ...]
    around: tuple[Around, ...]

    def table(self, variables_only: bool = False) -> pd.DataFrame:
        """Return the check as rows: one per node that has a gradient, variables first."""
        nodes, names = self.trace.graph.nodes, Writing(self.trace).names
        rows = sorted(self.checks, key=lambda one: bool(nodes[one.place].inputs))
        kept = [one for one in rows if not (variables_only and nodes[one.place].inputs)]
        return pd.DataFrame(
            {
                _("Node"): [names[one.place] for one in kept],
                _("Verdict"): [VERDICTS[one.verdict] for one in kept],
                _("Value"): [self.trace.values[one.place] for one in kept],
                _("Autograd"): [one.autograd for one in kept],
                _("Chain rule, this page"): [one.ours for one in kept],
                _("Finite difference"): [one.difference for one in kept],
                _("Error to autograd"): [one.autograd_error for one in kept],
                _("Error to difference"): [one.difference_error for one in kept],
            }
        )


def worked(settings: Settings) -> Worked:
    """Return both passes at the learner's values, with the check of every gradient."""
    graph, inputs = settings.graph(), settings.inputs()
    trace = backward(forward(graph, inputs))
    around = tuple(_around(trace, inputs, name) for name in settings.moved())
    return Worked(settings.text(), inputs, trace, checks_of(trace, inputs, settings.h), around)


def _around(trace: Trace, inputs: dict[str, float], name: str) -> Around:
    place = trace.graph.variables[name]
    x = inputs[name] + np.linspace(-REACH, REACH, POINTS)
    moved = [forward(trace.graph, inputs | {name: float(value)}).result for value in x]
    errors = [] if trace.trouble else errors_over_h(trace, inputs, place, STEPS.tolist())
    return Around(name, place, x, np.array(moved), np.array(errors))


def train(settings: Settings, context: Context) -> Iterator[Event | Done[Worked]]:
    """Compute the graph; nothing is trained here, so there is no epoch and no chance."""
    yield Started(epochs=0, networks=1)
    result = worked(settings)
    yield Finished("epochs", 0)
    yield Done(result)


def seconds(_settings: Settings) -> float:
    """Return roughly how many CPU seconds it takes: always little enough to be computed in place."""
    return 0.03
