"""A typed f(x, y) as torch operations and in KaTeX: a walk over its graph; nothing is ever evaluated."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from lab.models.expression import graph_of
from lab.models.graph import Graph, Node

FUNCTIONS = ("sin", "cos", "exp", "log", "sqrt", "abs", "tanh", "relu", "sigmoid")
VARIABLES = ("x", "y")
OPERATIONS: dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "power": torch.pow,
    "negate": torch.neg,
    **{name: getattr(torch, name) for name in FUNCTIONS},
}
# Each form with how tightly it binds: what binds less than an operand's place asks for gets parentheses.
SUM, SIGNED, PRODUCT, POWER, ATOM = range(5)
FORMS: dict[str, tuple[int, str, tuple[int, ...]]] = {
    "add": (SUM, "{} + {}", (SUM, PRODUCT)),
    "subtract": (SUM, "{} - {}", (SUM, PRODUCT)),
    "multiply": (PRODUCT, r"{} \cdot {}", (SIGNED, POWER)),
    "divide": (ATOM, r"\frac{{{}}}{{{}}}", (SUM, SUM)),
    "power": (POWER, "{}^{{{}}}", (ATOM, SUM)),
    "negate": (SIGNED, "-{}", (PRODUCT,)),
    "exp": (POWER, "e^{{{}}}", (SUM,)),
    "sqrt": (ATOM, r"\sqrt{{{}}}", (SUM,)),
    "abs": (ATOM, r"\left|{}\right|", (SUM,)),
    "log": (ATOM, r"\ln\left({}\right)", (SUM,)),
    "relu": (ATOM, r"\max\left(0, {}\right)", (SUM,)),
    "sigmoid": (ATOM, r"\sigma\left({}\right)", (SUM,)),
    **{name: (ATOM, rf"\{name}\left({{}}\right)", (SUM,)) for name in ("sin", "cos", "tanh")},
}


def tree_of(formula: str) -> Graph:
    """Return the computation graph of a function of x and y.

    Raises:
        ExpressionError: it cannot be read; the sentence says what was expected and where.
    """
    return graph_of(formula, len(VARIABLES), FUNCTIONS, VARIABLES)


def formula_value(tree: Graph) -> Callable[[Float[Tensor, "*any"], Float[Tensor, "*any"]], Tensor]:
    """Return the function that a graph of `tree_of` describes, for tensors of any equal shape.

    Example:
        >>> formula_value(tree_of("x**2 - 2*y"))(torch.tensor(3.0), torch.tensor(1.0)).item()
        7.0
    """

    def value(x: Tensor, y: Tensor) -> Tensor:
        found: list[Tensor] = []
        for node in tree.nodes:
            if node.operation == "variable":
                found.append(x if node.name == "x" else y)
            elif node.operation == "constant":
                found.append(x.new_tensor(node.number))
            else:
                found.append(OPERATIONS[node.operation](*(found[source] for source in node.inputs)))
        return found[-1]

    return value


def katex(tree: Graph) -> str:
    r"""Return the formula in KaTeX, with no more parentheses than it needs.

    Example:
        >>> katex(tree_of("-(x + 1)**2 * y / 4"))
        '\\frac{-\\left(x + 1\\right)^{2} \\cdot y}{4}'
    """
    written: list[tuple[int, str]] = []
    for node in tree.nodes:
        written.append(_written(node, [written[source] for source in node.inputs]))
    return written[-1][1]


def _written(node: Node, operands: list[tuple[int, str]]) -> tuple[int, str]:
    if node.operation == "variable":
        return ATOM, node.name
    if node.operation == "constant":
        mantissa, _sign, exponent = f"{node.number:.6g}".partition("e")
        return _bound(ATOM, mantissa) if not exponent else _bound(PRODUCT, _scientific(mantissa, exponent))
    binds, form, places = FORMS[node.operation]
    parts = [
        text if inner >= needed else rf"\left({text}\right)"
        for (inner, text), needed in zip(operands, places, strict=True)
    ]
    return _bound(binds, form.format(*parts))


def _scientific(mantissa: str, exponent: str) -> str:
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


def _bound(binds: int, text: str) -> tuple[int, str]:
    """Return a text with how tightly it binds; one that begins with a minus needs care after a sign."""
    return (min(binds, SIGNED) if text.startswith("-") else binds), text
