"""Expressions to begin with, and a small network written out as one."""

from dataclasses import dataclass

import numpy as np

from lab.core.labels import _

OWN, NETWORK = "own", "network"
MOST_LAYERS, MOST_NEURONS = 2, 2


@dataclass(frozen=True, slots=True)
class Example:
    """An expression with values of its variables, in the order in which they appear."""

    label: str
    text: str
    values: tuple[float, ...]


_F = (
    "((2*(2*(a + b) + 1) + 1 - a)"  # c of the example
    " - (4*(3*(a*b + b**3) + relu(a + b)) + relu(b - a)))**2"  # d, and f = (c - d)²
)
EXAMPLES = {
    "neuron": Example(_("A neuron"), "tanh(w1*x1 + w2*x2 + b)", (0.5, 1.5, -1.0, 0.5, 0.25)),
    "loss": Example(_("A neuron and its squared loss"), "(tanh(w*x + b) - y)**2", (0.8, 1.5, -0.5, -1.0)),
    "layers": Example(
        _("Two layers and their loss"), "(v*tanh(w*x + b) + c - y)**2", (1.2, 0.7, 1.0, -0.2, 0.1, 0.5)
    ),
    "join": Example(_("Where paths join"), "x*x + x*y", (3.0, -2.0)),
    "softmax": Example(_("Softmax and cross-entropy"), "log(exp(a) + exp(b) + exp(c)) - a", (1.0, 2.0, -1.0)),
    "lecture": Example(
        _("The neuron of the micrograd lecture"),
        "tanh(x1*w1 + x2*w2 + b)",
        (2.0, -3.0, 0.0, 1.0, 6.881373587019543),
    ),
    "micrograd": Example(_("The example of micrograd"), f"{_F}/2 + 10/{_F}", (-4.0, 2.0)),
    NETWORK: Example(_("A network of my settings"), "", (1.0, -0.5, 0.5)),
    OWN: Example(_("My own expression"), "x*x + x*y", (3.0, -2.0)),
}
MOVED = ("x1", "x2", "y")
_LETTERS = (("w", "b"), ("u", "c"), ("v", "d"))


def network_text(hidden: tuple[int, ...], activation: str) -> str:
    """Return the squared loss of a network with inputs x1 and x2 and one output, as an expression.

    Args:
        hidden: neurons of each hidden layer, at most two layers of two.
        activation: function of the hidden neurons, `tanh`, `sigmoid` or `relu`.

    Example:
        >>> network_text((1,), "tanh")
        '(v1*tanh(w11*x1 + w12*x2 + b1) + d - y)**2'
    """
    layer = ["x1", "x2"]
    for (weight, bias), size in zip(_LETTERS, hidden, strict=False):
        layer = [
            f"{activation}({_weighted(f'{weight}{neuron}', layer)} + {bias}{neuron})"
            for neuron in range(1, size + 1)
        ]
    weight, bias = _LETTERS[-1]
    return f"({_weighted(weight, layer)} + {bias} - y)**2"


def _weighted(weight: str, layer: list[str]) -> str:
    return " + ".join(f"{weight}{number}*{one}" for number, one in enumerate(layer, 1))


def first_weights(names: list[str], seed: int) -> dict[str, float]:
    """Return a weight between -1 and 1 for each name, in hundredths, so that it can be followed by hand."""
    drawn = np.random.default_rng(seed).integers(-100, 101, len(names)) / 100
    return dict(zip(names, drawn.tolist(), strict=True))
