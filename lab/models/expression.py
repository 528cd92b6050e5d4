"""Reads a typed expression such as `tanh(w*x + b)` into a computation graph; nothing is ever evaluated.

    sum     = product { ("+" | "-") product }
    product = signed { ("*" | "/") signed }
    signed  = "-" signed | power
    power   = atom [ "**" signed ]
    atom    = number | name | function "(" sum ")" | "(" sum ")"

As in Python, `-x**2` is -(x²) and `2**3**2` is 2⁹. What is typed twice is one node, computed once.
"""

import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache

from lab.core.errors import SettingError
from lab.core.labels import _
from lab.models.graph import FUNCTIONS, OPERATIONS, Graph, Node

LONGEST, MOST_NODES, DEEPEST, MOST_VARIABLES, LONGEST_NAME = 300, 80, 30, 6, 8
FIELD = _("Expression")
TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<sign>\*\*|[-+*/()])",
    re.ASCII,
)
KINDS = {OPERATIONS[kind].symbol: kind for kind in ("add", "subtract", "multiply", "divide")}
OPERATOR = _("an operator + - * / ** or the end")
HINTS = {"^": _("** for a power"), "=": _("an expression without ="), ",": _("a point in a number")}


class ExpressionError(SettingError):
    """An expression cannot be read; the sentence ends in the column, counted from 1."""

    def __init__(self, expected: str, got: str, column: int, field: str = FIELD) -> None:
        super().__init__(field, expected, got)
        self.column = column
        self.args = (expected, got, column, field)

    def __str__(self) -> str:
        return f"{super().__str__()} at column {self.column}"

    def under(self, text: str) -> str:
        """Return the text with a sign below the column at fault.

        Example:
            >>> print(ExpressionError("a number", "*", 3).under("x**"))
            x**
              ^
        """
        return f"{text}\n{' ' * (self.column - 1)}^"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: a `number`, `name`, `sign`, or the `end`; columns count from 1."""

    kind: str
    text: str
    column: int


def tokens(text: str) -> list[Token]:
    """Return the pieces of an expression, the last one `end`.

    Example:
        >>> [token.text for token in tokens("2*x1**3")]
        ['2', '*', 'x1', '**', '3', '']
    """
    found: list[Token] = []
    place = 0
    while place < len(text):
        if text[place] in " \t\n":
            place += 1
            continue
        match = TOKEN.match(text, place)
        if match is None:
            known = _("numbers, names, + - * / ** and parentheses")
            raise ExpressionError(HINTS.get(text[place], known), text[place], place + 1)
        found.append(Token(str(match.lastgroup), match[0], place + 1))
        place = match.end()
    return [*found, Token("end", "", len(text) + 1)]


@lru_cache(maxsize=256)
def graph_of(
    text: str,
    most_variables: int = MOST_VARIABLES,
    functions: tuple[str, ...] = FUNCTIONS,
    names: tuple[str, ...] = (),
) -> Graph:
    """Return the computation graph of a typed expression.

    Args:
        text: at most 300 characters: numbers, names, + - * / ** and functions.
        most_variables: how many different names there may be.
        functions: that may be called; `lab.models.graph` computes those of `FUNCTIONS`.
        names: of the variables, if only certain ones may stand in it.

    Raises:
        ExpressionError: it cannot be read; the sentence says what was expected and where.

    Example:
        >>> [node.operation for node in graph_of("x*x + 1").nodes]
        ['variable', 'multiply', 'constant', 'add']
        >>> graph_of("(x")
        Traceback (most recent call last):
        ...
        lab.models.expression.ExpressionError: Expression: expected an operator or ), got the end at column 3
    """
    if len(text) > LONGEST:
        short = _("at most {most} characters").format(most=LONGEST)
        raise ExpressionError(short, text[LONGEST : LONGEST + 20], LONGEST + 1)
    return _Parser(text, most_variables, functions, names).graph()


class _Parser:
    """One reading of one text, from left to right."""

    def __init__(
        self, text: str, most_variables: int, functions: tuple[str, ...], names: tuple[str, ...]
    ) -> None:
        self.tokens = tokens(text)
        self.functions = functions
        self.names = names
        self.place = 0
        self.depth = 0
        self.most_variables = most_variables
        self.nodes: list[Node] = []
        self.known: dict[object, int] = {}
        self.variables: dict[str, int] = {}

    def graph(self) -> Graph:
        result = self.sum()
        if self.next.kind != "end":
            raise self.fault(OPERATOR)
        if not self.variables:
            raise ExpressionError(_("at least one variable, such as x"), self.tokens[0].text, 1)
        return Graph(_reached(self.nodes[: result + 1]))

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def fault(self, expected: str) -> ExpressionError:
        return ExpressionError(expected, self.next.text or _End(), self.next.column)

    def taken(self, *signs: str) -> Token | None:
        """Return the next token and go past it, if it is one of `signs`."""
        token = self.next
        if token.kind != "sign" or token.text not in signs:
            return None
        self.place += 1
        return token

    def added(self, node: Node) -> int:
        """Return the place of a node; one that computes the same is not made again, constants are."""
        same = (node.operation, *(self._same(source) for source in node.inputs))
        if node.inputs and same in self.known:
            return self.known[same]
        if len(self.nodes) >= MOST_NODES:
            raise self.fault(_("at most {most} nodes").format(most=MOST_NODES))
        self.nodes.append(node)
        self.known[same] = len(self.nodes) - 1
        return len(self.nodes) - 1

    def _same(self, place: int) -> object:
        """Return what is equal for two inputs that are the same number."""
        node = self.nodes[place]
        return repr(node.number) if node.operation == "constant" else place

    def sum(self) -> int:
        left = self.product()
        while sign := self.taken("+", "-"):
            left = self.added(Node(KINDS[sign.text], (left, self.product())))
        return left

    def product(self) -> int:
        left = self.signed()
        while sign := self.taken("*", "/"):
            left = self.added(Node(KINDS[sign.text], (left, self.signed())))
        return left

    def signed(self) -> int:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fault(_("at most {most} levels of nesting").format(most=DEEPEST))
        whole = self.negated() if self.taken("-") else self.power()
        self.depth -= 1
        return whole

    def negated(self) -> int:
        """A minus before a number belongs to it; before anything else it is an operation."""
        start = self.place
        source = self.signed()
        if self.place == start + 1 and self.tokens[start].kind == "number":
            self.nodes[source] = Node("constant", number=-self.nodes[source].number)
            return source
        return self.added(Node("negate", (source,)))

    def power(self) -> int:
        base = self.atom()
        if not self.taken("**"):
            return base
        return self.added(Node("power", (base, self.signed())))

    def atom(self) -> int:
        if self.taken("("):
            return self.closed()
        token = self.next
        if token.kind == "number":
            return self.number(token)
        if token.kind == "name":
            return self.name(token)
        raise self.fault(_("a number, a name or ("))

    def closed(self) -> int:
        inside = self.sum()
        if not self.taken(")"):
            raise self.fault(_("an operator or )"))
        return inside

    def number(self, token: Token) -> int:
        value = float(token.text)
        if not math.isfinite(value):
            raise self.fault(_("a number below 1.8e308"))
        self.place += 1
        return self.added(Node("constant", number=value))

    def name(self, token: Token) -> int:
        self.place += 1
        if self.taken("("):
            if token.text not in self.functions:
                raise ExpressionError(f"one of {', '.join(self.functions)}", token.text, token.column)
            return self.added(Node(token.text, (self.closed(),)))
        if token.text in self.functions:
            raise self.fault(_("( after {name}").format(name=token.text))
        return self.variable(token)

    def variable(self, token: Token) -> int:
        if token.text in self.variables:
            return self.variables[token.text]
        if self.names and token.text not in self.names:
            known = _("one of the variables {names}").format(names=", ".join(self.names))
            raise ExpressionError(known, token.text, token.column)
        if len(token.text) > LONGEST_NAME:
            short = _("a name of at most {most} letters").format(most=LONGEST_NAME)
            raise ExpressionError(short, token.text, token.column)
        if len(self.variables) >= self.most_variables:
            few = _("at most {most} different variables").format(most=self.most_variables)
            raise ExpressionError(few, token.text, token.column)
        self.variables[token.text] = self.added(Node("variable", name=token.text))
        return self.variables[token.text]


def _reached(nodes: list[Node]) -> tuple[Node, ...]:
    """Return the nodes without those whose only use was found to be computed already."""
    needed = {len(nodes) - 1}
    for place in reversed(range(len(nodes))):
        needed |= set(nodes[place].inputs) if place in needed else set()
    order = {place: number for number, place in enumerate(sorted(needed))}
    return tuple(
        replace(nodes[place], inputs=tuple(order[source] for source in nodes[place].inputs))
        for place in sorted(needed)
    )


class _End(str):
    """The end of the text, as error sentences name it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _("the end")
