"""The walk through a graph: forward, then backward, one node at a time, and what is known at each step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.models.graph import Contribution, Trace

Kind = Literal["start", "forward", "seed", "backward"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the walk.

    Attributes:
        kind: the variables have values; an operation is computed; the result gets gradient 1; an
            operation hands its gradient back.
        place: the node it is about.
    """

    kind: Kind
    place: int


def steps_of(trace: Trace) -> list[Step]:
    """Return all steps; a walk that runs into trouble ends with the step at which it does.

    Example:
        >>> from lab.models.expression import graph_of
        >>> from lab.models.graph import backward, forward
        >>> trace = backward(forward(graph_of("tanh(x)"), {"x": 0.5}))
        >>> [step.kind for step in steps_of(trace)]
        ['start', 'forward', 'seed', 'backward']
    """
    graph, trouble = trace.graph, trace.trouble
    ahead = [Step("forward", place) for place in graph.operations]
    steps = [Step("start", len(graph.nodes) - 1), *ahead]
    if not (trouble and not trouble.backward):
        back = [Step("backward", place) for place in reversed(graph.operations) if graph.active[place]]
        steps += [Step("seed", len(graph.nodes) - 1), *back]
    if trouble is None:
        return steps
    last = Step("backward" if trouble.backward else "forward", trouble.place)
    return steps[: steps.index(last) + 1] if last in steps else steps[:1]


@dataclass(frozen=True, slots=True)
class Known:
    """What has been computed when a step is done.

    Attributes:
        step: the step.
        values: places of the nodes whose value is known.
        received: for each place, what has arrived at it so far, in order.
        complete: places whose gradient is the whole sum.
        now: contributions of this very step.
    """

    step: Step
    values: frozenset[int]
    received: dict[int, tuple[Contribution, ...]]
    complete: frozenset[int]
    now: tuple[Contribution, ...]

    def gradient(self, place: int, last: int) -> float | None:
        """Return the sum that a node has received so far, or None; `last` is the place of the result."""
        if place == last:
            return 1.0 if self.complete else None
        parts = self.received.get(place)
        return sum(part.product for part in parts) if parts else None


def known_at(trace: Trace, steps: Sequence[Step], number: int) -> Known:
    """Return what is known after step `number`, counted from 0."""
    done = steps[: number + 1]
    step = done[-1]
    backward = {one.place for one in done if one.kind == "backward"}
    sent = [one for one in trace.contributions if one.source in backward]
    received: dict[int, tuple[Contribution, ...]] = {}
    for one in sent:
        received[one.target] = (*received.get(one.target, ()), one)
    now = tuple(one for one in sent if step.kind == "backward" and one.source == step.place)
    return Known(step, _values(trace, done), received, _complete(trace, done, received), now)


def _values(trace: Trace, done: Sequence[Step]) -> frozenset[int]:
    given = {place for place, node in enumerate(trace.graph.nodes) if not node.inputs}
    computed = {step.place for step in done if step.kind == "forward"}
    return frozenset(place for place in given | computed if place < len(trace.values))


def _complete(
    trace: Trace, done: Sequence[Step], received: dict[int, tuple[Contribution, ...]]
) -> frozenset[int]:
    if not any(step.kind == "seed" for step in done):
        return frozenset()
    graph = trace.graph
    whole = {place for place, parts in received.items() if len(parts) == len(graph.consumers(place))}
    return frozenset(whole | {len(graph.nodes) - 1})
