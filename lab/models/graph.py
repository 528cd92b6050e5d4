"""A computation graph of single numbers: values forward, gradients backward, by the chain rule alone.

Pure Python in 64-bit floating point, so that every number can be followed by hand.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lab.core.labels import _


@dataclass(frozen=True, slots=True)
class Node:
    """One number of the graph.

    Attributes:
        operation: `variable`, `constant`, or a key of `OPERATIONS`.
        inputs: places of the nodes it is computed from, in order; all stand before it.
        name: of a variable; empty for others.
        number: of a constant.
    """

    operation: str
    inputs: tuple[int, ...] = ()
    name: str = ""
    number: float = 0.0


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in an order in which they can be computed; the last one is the result.

    Attributes:
        nodes: each stands after its inputs.
        active: for each node, whether it depends on a variable and so has a gradient.
    """

    nodes: tuple[Node, ...]
    active: tuple[bool, ...] = field(init=False)

    def __post_init__(self) -> None:
        active: list[bool] = []
        for node in self.nodes:
            active.append(node.operation == "variable" or any(active[source] for source in node.inputs))
        object.__setattr__(self, "active", tuple(active))

    @property
    def variables(self) -> dict[str, int]:
        """Return the place of each variable, in the order of their first appearance."""
        return {node.name: place for place, node in enumerate(self.nodes) if node.operation == "variable"}

    @property
    def operations(self) -> list[int]:
        """Return the places of all nodes that are computed from others, in order."""
        return [place for place, node in enumerate(self.nodes) if node.inputs]

    def consumers(self, place: int) -> list[int]:
        """Return the nodes that use a node, once for each time they do."""
        return [later for later, node in enumerate(self.nodes) for source in node.inputs if source == place]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one edge adds to the gradient of a node: upstream x local.

    Attributes:
        source: the node whose gradient is passed back.
        position: which of its inputs the edge is, from 0.
        target: the node that receives.
        upstream: gradient of the result by `source`.
        local: derivative of `source` by this input.
    """

    source: int
    position: int
    target: int
    upstream: float
    local: float

    @property
    def product(self) -> float:
        """Return what is added: upstream x local."""
        return self.upstream * self.local


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a pass could not go on: an outcome to be told, not a fault.

    Attributes:
        place: the node at which it stopped.
        backward: whether its derivative was asked for, not its value.
        reason: a sentence without its full stop.
    """

    place: int
    backward: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Both passes through a graph.

    Attributes:
        graph: what was computed.
        values: of the nodes, in order; shorter than the graph if the forward pass stopped.
        contributions: of the backward pass, in order.
        gradients: of the result by each node; 0 for constants; empty if a pass stopped.
        trouble: why a pass stopped, if one did.
    """

    graph: Graph
    values: tuple[float, ...]
    contributions: tuple[Contribution, ...] = ()
    gradients: tuple[float, ...] = ()
    trouble: Trouble | None = None

    @property
    def result(self) -> float:
        """Return the value of the last node, or NaN if the forward pass stopped before it."""
        return self.values[-1] if len(self.values) == len(self.graph.nodes) else math.nan


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with its derivatives.

    Attributes:
        symbol: as it is drawn and typed.
        value: of the inputs.
        locals: for each input, its derivative as a function of the result and the inputs.
    """

    symbol: str
    value: Callable[..., float]
    locals: tuple[Callable[..., float], ...]


def sigmoid(a: float) -> float:
    """Return 1 / (1 + e^-a), without overflow.

    Example:
        >>> sigmoid(-1000.0), sigmoid(0.0)
        (0.0, 0.5)
    """
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


def _power_by_base(_y: float, a: float, b: float) -> float:
    return 0.0 if b == 0 else b * math.pow(a, b - 1)


def _power_by_exponent(y: float, a: float, b: float) -> float:
    return 0.0 if a == 0 and b > 0 else y * math.log(a)


# y is the result, a and b are the inputs.
OPERATIONS: Mapping[str, Operation] = {
    "add": Operation("+", lambda a, b: a + b, (lambda y, a, b: 1.0, lambda y, a, b: 1.0)),
    "subtract": Operation("-", lambda a, b: a - b, (lambda y, a, b: 1.0, lambda y, a, b: -1.0)),
    "multiply": Operation("*", lambda a, b: a * b, (lambda y, a, b: b, lambda y, a, b: a)),
    "divide": Operation("/", lambda a, b: a / b, (lambda y, a, b: 1 / b, lambda y, a, b: -y / b)),
    "power": Operation("**", math.pow, (_power_by_base, _power_by_exponent)),
    "negate": Operation("neg", lambda a: -a, (lambda y, a: -1.0,)),
    "tanh": Operation("tanh", math.tanh, (lambda y, a: 1 - y * y,)),
    "exp": Operation("exp", math.exp, (lambda y, a: y,)),
    "log": Operation("log", math.log, (lambda y, a: 1 / a,)),
    "relu": Operation("relu", lambda a: max(a, 0.0), (lambda y, a: 1.0 if a > 0 else 0.0,)),
    "sigmoid": Operation("sigmoid", sigmoid, (lambda y, a: y * (1 - y),)),
}
FUNCTIONS = ("tanh", "exp", "log", "relu", "sigmoid")


def forward(graph: Graph, inputs: Mapping[str, float], replaced: Mapping[int, float] | None = None) -> Trace:
    """Return the values of all nodes.

    Args:
        graph: what to compute.
        inputs: the value of each variable.
        replaced: values that nodes are given instead of the computed ones, by place.
    """
    values: list[float] = []
    for place, node in enumerate(graph.nodes):
        operands = [values[source] for source in node.inputs]
        try:
            value = (replaced or {}).get(place, _value(node, inputs, operands))
        except (ValueError, ZeroDivisionError, OverflowError):
            value = math.nan
        if not math.isfinite(value):
            return Trace(graph, tuple(values), trouble=Trouble(place, False, _reason(node, operands)))
        values.append(value)
    return Trace(graph, tuple(values))


def _value(node: Node, inputs: Mapping[str, float], operands: Sequence[float]) -> float:
    if node.operation == "variable":
        return inputs[node.name]
    if node.operation == "constant":
        return node.number
    return OPERATIONS[node.operation].value(*operands)


def backward(trace: Trace) -> Trace:
    """Return the trace of a forward pass with the gradient of the result by every node.

    The result has gradient 1. Going back through the operations, each hands to every input its own
    gradient times the derivative of its value by that input; where paths join, contributions add up.
    """
    if trace.trouble:
        return trace
    graph, values = trace.graph, trace.values
    gradients = [0.0] * len(graph.nodes)
    gradients[-1] = 1.0
    contributions: list[Contribution] = []
    for place in reversed(graph.operations):
        node = graph.nodes[place]
        operands = [values[source] for source in node.inputs]
        for position, target in enumerate(node.inputs):
            if not graph.active[target]:
                continue
            try:
                local = OPERATIONS[node.operation].locals[position](values[place], *operands)
            except (ValueError, ZeroDivisionError, OverflowError):
                local = math.nan
            one = Contribution(place, position, target, gradients[place], local)
            if not math.isfinite(gradients[target] + one.product):
                trouble = Trouble(place, True, _no_slope(node, operands, position))
                return Trace(graph, values, tuple(contributions), (), trouble)
            gradients[target] += one.product
            contributions.append(one)
    return Trace(graph, values, tuple(contributions), tuple(gradients))


TOO_LARGE = _("the number is too large: 64-bit floating point ends at 1.8e308")


def _reason(node: Node, operands: Sequence[float]) -> str:
    """Return why a node has no value."""
    if node.operation == "log" and operands[0] <= 0:
        return _("only positive numbers have a logarithm, and its input is {a:.4g}").format(a=operands[0])
    if node.operation == "divide" and operands[1] == 0:
        return _("it divides by 0")
    if node.operation == "power" and operands[0] == 0 and operands[1] < 0:
        return _("0 to a negative power divides by 0")
    if node.operation == "power" and operands[0] < 0 and operands[1] % 1 != 0:
        text = _("the negative number {a:.4g} has no real power {b:.4g}")
        return text.format(a=operands[0], b=operands[1])
    return TOO_LARGE


def _no_slope(node: Node, operands: Sequence[float], position: int) -> str:
    """Return why a node has no derivative by one of its inputs."""
    if node.operation == "power" and position == 0 and operands[0] == 0:
        return _("at 0 the power {b:.4g} rises straight up: its slope is infinite").format(b=operands[1])
    if node.operation == "power" and position == 1 and operands[0] <= 0:
        text = _("the slope by the exponent needs the logarithm of the base, and the base is {a:.4g}")
        return text.format(a=operands[0])
    return TOO_LARGE
