"""Three ways to the same gradients: this page's chain rule, autograd, and finite differences."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lab.models.graph import Graph, Trace, forward

GREEN = 1e-6
Verdict = Literal["agrees", "outside", "kink", "rounding", "bend", "differs"]

_TORCH = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "power": torch.pow,
    "negate": torch.neg,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": torch.log,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
}


def autograd(graph: Graph, inputs: Mapping[str, float]) -> tuple[float, tuple[float, ...]]:
    """Return PyTorch's value of the graph, and its gradient by every node; 0 for constants. In float64."""
    found: list[Tensor] = []
    for node in graph.nodes:
        if node.inputs:
            found.append(_TORCH[node.operation](*(found[source] for source in node.inputs)))
        else:
            is_variable = node.operation == "variable"
            number = inputs[node.name] if is_variable else node.number
            found.append(torch.tensor(number, dtype=torch.float64, requires_grad=is_variable))
    for tensor, active in zip(found, graph.active, strict=True):
        if active:
            tensor.retain_grad()
    found[-1].backward()
    gradients = (0.0 if tensor.grad is None else tensor.grad.item() for tensor in _active(found, graph))
    return found[-1].item(), tuple(gradients)


def _active(found: Sequence[Tensor], graph: Graph) -> list[Tensor]:
    """Return the tensors, those without a gradient replaced by a new one; reading theirs would warn."""
    return [one if active else torch.zeros(()) for one, active in zip(found, graph.active, strict=True)]


def central_difference(trace: Trace, inputs: Mapping[str, float], place: int, h: float) -> float:
    """Return (f(v + h) - f(v - h)) / 2h, where v is the value of one node; NaN where f has no value.

    Source: Goodfellow, Bengio, Courville (2016), Deep Learning, section 11.5.
    """
    value = trace.values[place]
    up, down = value + h, value - h
    after, before = (forward(trace.graph, inputs, {place: moved}).result for moved in (up, down))
    # What was really added: value + h is rounded to a number that the computer has.
    return (after - before) / (up - down) if up != down else math.nan


@dataclass(frozen=True, slots=True)
class Check:
    """The gradient of the result by one node, three times.

    Attributes:
        place: which node.
        autograd: PyTorch's.
        ours: by this page's chain rule.
        difference: the central finite difference; NaN where it does not exist.
        autograd_error: of ours against autograd, relative.
        difference_error: of ours against the finite difference, relative.
        verdict: what is to be said of the finite difference.
    """

    place: int
    autograd: float
    ours: float
    difference: float
    autograd_error: float
    difference_error: float
    verdict: Verdict

    @property
    def green(self) -> bool:
        """Return whether all three agree to less than one millionth."""
        return self.autograd_error < GREEN and self.difference_error < GREEN


def relative_error(one: float, other: float) -> float:
    """Return |one - other| / max(|one|, |other|), and 0 for equal numbers.

    Example:
        >>> relative_error(1.0, 1.1) < 0.1, relative_error(0.0, 0.0)
        (True, 0.0)
    """
    if one == other:
        return 0.0
    error = abs(one - other) / max(abs(one), abs(other))
    return error if math.isfinite(error) else math.inf


def checks_of(trace: Trace, inputs: Mapping[str, float], h: float) -> tuple[Check, ...]:
    """Return the check of every node that has a gradient; none if a pass ran into trouble."""
    if trace.trouble:
        return ()
    _value, theirs = autograd(trace.graph, inputs)
    return tuple(
        _check(trace, inputs, place, theirs[place], h)
        for place, active in enumerate(trace.graph.active)
        if active
    )


def _check(trace: Trace, inputs: Mapping[str, float], place: int, theirs: float, h: float) -> Check:
    ours = trace.gradients[place]
    difference = central_difference(trace, inputs, place, h)
    errors = relative_error(ours, theirs), relative_error(ours, difference)
    verdict: Verdict = "agrees"
    if errors[0] >= GREEN:
        verdict = "differs"
    elif errors[1] >= GREEN:
        verdict = _excuse(trace, inputs, place, h, abs(ours - difference))
    return Check(place, theirs, ours, difference, *errors, verdict)


def _excuse(trace: Trace, inputs: Mapping[str, float], place: int, h: float, error: float) -> Verdict:
    """Return why a finite difference is off where autograd and the chain rule agree."""
    if math.isnan(error):
        return "outside"
    if _crosses_kink(trace, inputs, place, h):
        return "kink"
    return "rounding" if error <= rounding_bound(trace, h) else "bend"


def rounding_bound(trace: Trace, h: float) -> float:
    """Return how far rounding alone may throw a central difference: a few units in the last place over h.

    Every operation rounds its number to 53 bits, and each rounding reaches the result times the gradient.
    """
    reach = zip(trace.values, trace.gradients, strict=True)
    return 4 * 2.0**-53 * (abs(trace.result) + sum(abs(value * slope) for value, slope in reach)) / h


def _crosses_kink(trace: Trace, inputs: Mapping[str, float], place: int, h: float) -> bool:
    """Return whether moving a node by h takes the input of any relu to or over 0."""
    value = trace.values[place]
    before, after = (forward(trace.graph, inputs, {place: value + move}).values for move in (-h, h))
    kinks = [node.inputs[0] for node in trace.graph.nodes if node.operation == "relu"]
    return any(before[kink] * after[kink] <= 0 and before[kink] != after[kink] for kink in kinks)


def errors_over_h(
    trace: Trace, inputs: Mapping[str, float], place: int, steps: Sequence[float]
) -> list[float]:
    """Return the relative error of the central difference against the chain rule, for each step h."""
    ours = trace.gradients[place]
    return [relative_error(ours, central_difference(trace, inputs, place, h)) for h in steps]
