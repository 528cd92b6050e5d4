"""What is said at each step: a sentence, and equations in KaTeX with this run's numbers."""

import re
from dataclasses import dataclass
from functools import cached_property

from lab.core.labels import _
from lab.models.graph import OPERATIONS, Contribution, Trace
from lab.topics.backpropagation.steps import Known

# y is the result of the operation, a and b are its inputs.
VALUE_FORM = {
    "add": "{a} + {b}",
    "subtract": "{a} - {b}",
    "multiply": r"{a} \cdot {b}",
    "divide": r"\frac{{{a}}}{{{b}}}",
    "power": "{a}^{{{b}}}",
    "negate": "-{a}",
    "tanh": r"\tanh\left({a}\right)",
    "exp": r"e^{{{a}}}",
    "log": r"\ln\left({a}\right)",
    "relu": r"\max\left(0, {a}\right)",
    "sigmoid": r"\sigma\left({a}\right)",
}
LOCAL_FORM = {
    ("multiply", 0): "{b}",
    ("multiply", 1): "{a}",
    ("divide", 0): r"\frac{{1}}{{{b}}}",
    ("divide", 1): r"-\frac{{{y}}}{{{b}}}",
    ("power", 0): r"{b} \cdot {a}^{{{b} - 1}}",
    ("power", 1): r"{y} \cdot \ln\left({a}\right)",
    ("tanh", 0): "1 - {y}^2",
    ("exp", 0): "{y}",
    ("log", 0): r"\frac{{1}}{{{a}}}",
    ("relu", 0): r"\left[{a} > 0\right]",
    ("sigmoid", 0): r"{y} \cdot (1 - {y})",
}
PLAIN_FORM = (
    {"negate": "-{a}"}
    | {
        kind: f"{{a}} {OPERATIONS[kind].symbol.replace('*', '×')} {{b}}"
        for kind in ("add", "subtract", "multiply", "divide")
    }
    | {"power": "{a} ** {b}"}
)


def number(value: float, digits: int = 4) -> str:
    r"""Return a number in KaTeX.

    Example:
        >>> number(-0.000012345)
        '-1.234\\times10^{-5}'
    """
    mantissa, _e, exponent = f"{value:.{digits}g}".partition("e")
    return rf"{mantissa}\times10^{{{int(exponent)}}}" if exponent else mantissa


def grouped(value: float, digits: int = 4) -> str:
    """Return a number that can stand beside an operator: in parentheses if it begins with a minus."""
    text = number(value, digits)
    return f"({text})" if text.startswith("-") or "times" in text else text


@dataclass(frozen=True)
class Writing:
    """Names and numbers of a trace, in words and in KaTeX.

    Attributes:
        trace: the numbers.
        digits: significant digits that are written.
    """

    trace: Trace
    digits: int = 4

    @cached_property
    def _letter(self) -> str:
        taken = self.trace.graph.variables
        free = (
            letter for letter in "nzqkmghj" if not any(re.fullmatch(rf"{letter}\d*", one) for one in taken)
        )
        return next(free, "node")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the plain name of each node: a variable's own, `n1`, `n2`, ... for operations."""
        rank = {place: order for order, place in enumerate(self.trace.graph.operations, 1)}
        return tuple(
            f"{self._letter}{rank[place]}" if node.inputs else node.name or f"{node.number:g}"
            for place, node in enumerate(self.trace.graph.nodes)
        )

    def symbol(self, place: int) -> str:
        """Return the name of a node in KaTeX; a constant is its number."""
        node = self.trace.graph.nodes[place]
        if node.operation == "constant":
            return grouped(node.number, self.digits)
        parts = re.fullmatch(r"([A-Za-z])(\d*)", self.names[place])
        if parts:
            return f"{parts[1]}_{{{parts[2]}}}" if parts[2] else parts[1]
        return rf"\mathtt{{{self.names[place].replace('_', chr(92) + '_')}}}"

    def plain(self, place: int) -> str:
        """Return what a node computes, as plain text, such as `n1 + b`."""
        node = self.trace.graph.nodes[place]
        operands = dict(zip("ab", (self.names[source] for source in node.inputs), strict=False))
        return PLAIN_FORM.get(node.operation, f"{node.operation}({{a}})").format(**operands)

    def value(self, place: int) -> str:
        """Return how a node is computed: with names, with numbers, and the result."""
        node = self.trace.graph.nodes[place]
        form = VALUE_FORM[node.operation]
        said = (
            f"{self.symbol(place)} = {self._filled(form, place, False)} = {self._filled(form, place, True)}"
        )
        values = self.trace.values
        return f"{said} = {number(values[place], self.digits)}" if place < len(values) else said

    def slope(self, place: int) -> str:
        """Return the derivative of the result by a node, as a symbol."""
        return self.partial(len(self.trace.graph.nodes) - 1, place)

    def partial(self, above: int, below: int) -> str:
        """Return the symbol of a derivative."""
        return rf"\frac{{\partial {self.symbol(above)}}}{{\partial {self.symbol(below)}}}"

    def local(self, one: Contribution) -> str:
        """Return the local derivative of an edge: symbol, formula, numbers."""
        kind = self.trace.graph.nodes[one.source].operation
        said = self.partial(one.source, one.target)
        form = LOCAL_FORM.get((kind, one.position))
        result = number(one.local, self.digits)
        if form:
            numbers = self._filled(form, one.source, True)
            said += f" = {self._filled(form, one.source, False)}"
            said += f" = {numbers}" if numbers not in (result, f"({result})") else ""
        return said if said.endswith(f"= {result}") else f"{said} = {result}"

    def product(self, one: Contribution) -> str:
        """Return upstream x local = contribution, with names under the numbers; += where paths join."""
        here, there = self.slope(one.source), self.partial(one.source, one.target)
        upstream = rf"\underbrace{{{grouped(one.upstream, self.digits)}}}_{{\text{{upstream}}\ {here}}}"
        local = rf"\underbrace{{{grouped(one.local, self.digits)}}}_{{\text{{local}}\ {there}}}"
        joins = len(self.trace.graph.consumers(one.target)) > 1
        receives = self.slope(one.target) + (r" \mathrel{+}=" if joins else " =")
        return rf"{receives} {upstream} \times {local} = {number(one.product, self.digits)}"

    def total(self, target: int, parts: tuple[Contribution, ...]) -> str:
        """Return the sum of what has arrived at a node, with dots for paths that are still missing."""
        terms = " + ".join(grouped(part.product, self.digits) for part in parts)
        whole = number(sum(part.product for part in parts), self.digits)
        if len(parts) < len(self.trace.graph.consumers(target)):
            return rf"{self.slope(target)} = {terms} + \cdots \qquad \text{{so far}}\ {whole}"
        said = f"{self.slope(target)} = {terms}"
        return f"{said} = {whole}" if len(parts) > 1 else said

    def _filled(self, form: str, place: int, numbers: bool) -> str:
        sources = self.trace.graph.nodes[place].inputs
        roles = dict(zip("ab", sources, strict=False)) | {"y": place}
        wanted = {role: where for role, where in roles.items() if f"{{{role}}}" in form}
        values = self.trace.values
        return form.format(
            **{
                role: grouped(values[where], self.digits) if numbers else self.symbol(where)
                for role, where in wanted.items()
            }
        )


def sentence(writing: Writing, known: Known) -> str:
    """Return what happens at a step, in a sentence or two."""
    trace, step = writing.trace, known.step
    name = writing.names[step.place]
    if trace.trouble and (step.kind, step.place) == (_kind(trace), trace.trouble.place):
        return _trouble(writing)
    if step.kind == "start":
        return _(
            "The variables have their values. Going forward, each node is computed from those before it."
        )
    if step.kind == "forward":
        return _("Forward: {name} = {plain} is computed from its inputs, whose values are known.").format(
            name=name, plain=writing.plain(step.place)
        )
    if step.kind == "seed":
        text = _(
            "The result is {name} = {value:.4g}. Going backward begins here: by itself it changes 1 to 1."
        )
        return text.format(name=name, value=trace.result)
    return _handed_back(writing, known)


def _kind(trace: Trace) -> str:
    return "backward" if trace.trouble and trace.trouble.backward else "forward"


def _trouble(writing: Writing) -> str:
    trouble = writing.trace.trouble
    assert trouble is not None
    what = _("derivative") if trouble.backward else _("value")
    text = _("It stops here: {name} = {plain} has no {what}, for {reason}. Move a variable to go on.")
    plain = writing.plain(trouble.place)
    return text.format(name=writing.names[trouble.place], plain=plain, what=what, reason=trouble.reason)


def _handed_back(writing: Writing, known: Known) -> str:
    place = known.step.place
    paths = len(known.received.get(place, ()))
    whole = _(" (the sum of {paths} paths)").format(paths=paths) if paths > 1 else ""
    targets = _(" and ").join(dict.fromkeys(writing.names[one.target] for one in known.now))
    text = _(
        "Backward: {name} has its whole gradient{whole}; times the local derivative it goes to {targets}."
    )
    return text.format(name=writing.names[place], whole=whole, targets=targets)


def waiting(writing: Writing, known: Known, target: int) -> str:
    """Return how many of a node's paths have arrived, if it has several; else nothing."""
    ways = len(writing.trace.graph.consumers(target))
    here = len(known.received.get(target, ()))
    if ways < 2:
        return ""
    if here == ways:
        return _("All {ways} paths into {name} have arrived: its gradient is their sum.").format(
            ways=ways, name=writing.names[target]
        )
    text = _("{here} of {ways} paths into {name} have arrived; the others will be added.")
    return text.format(here=here, ways=ways, name=writing.names[target])


def is_kink(trace: Trace) -> bool:
    """Return whether some relu stands exactly at 0, where it has no derivative; 0 is used there."""
    nodes = trace.graph.nodes[: len(trace.values)]
    return any(node.operation == "relu" and trace.values[node.inputs[0]] == 0 for node in nodes)
