"""The backward pass, one weight's gradient and its update in KaTeX, with this run's numbers."""

import math
from collections.abc import Sequence

import torch

from lab.models.dense import FUNCTIONS
from lab.topics.backpropagation.network_result import Change, Look

MOST_TERMS = 3


def number(value: float, digits: int = 4) -> str:
    r"""Return a number in KaTeX with so many significant digits.

    Example:
        >>> number(-0.00001234), number(0.5), number(math.inf)
        ('-1.234\\cdot10^{-5}', '0.5', '\\infty')
    """
    if not math.isfinite(value):
        return r"\text{overflow}" if math.isnan(value) else ("-" if value < 0 else "") + r"\infty"
    mantissa, _e, power = f"{value + 0.0:.{digits}g}".partition("e")  # + 0.0 makes -0 a plain 0
    return rf"{mantissa}\cdot10^{{{int(power)}}}" if power else mantissa


def factor(value: float, digits: int = 4) -> str:
    """Return a number that stands in a product: in brackets if it needs them."""
    text = number(value, digits)
    return f"({text})" if text.startswith("-") or "cdot" in text else text


def shapes(found: Look) -> list[str]:
    """Return the backward pass of the whole network from the last layer on, with the shape of everything."""
    last = len(found.layers)
    classes = len(found.classes)
    lines = [_under(rf"\delta^{{({last})}}", classes, 1) + "=" + _under("p", classes, 1) + "-"]
    lines[0] += _under("y", classes, 1)
    for layer in range(last, 0, -1):
        neurons, inputs = found.layers[layer - 1].weights.shape
        lines.append(
            _under(rf"\frac{{\partial \ell}}{{\partial W^{{({layer})}}}}", neurons, inputs)
            + "="
            + _under(rf"\delta^{{({layer})}}", neurons, 1)
            + r"\;"
            + _under(rf"a^{{({layer - 1})\top}}", 1, inputs)
        )
        if layer > 1:
            lines.append(
                _under(rf"\delta^{{({layer - 1})}}", inputs, 1)
                + r"=\big("
                + _under(rf"W^{{({layer})\top}}", inputs, neurons)
                + r"\;"
                + _under(rf"\delta^{{({layer})}}", neurons, 1)
                + r"\big)\odot f'\big("
                + _under(f"z^{{({layer - 1})}}", inputs, 1)
                + r"\big)"
            )
    return lines


def _under(symbol: str, rows: int, columns: int) -> str:
    return rf"\underbrace{{{symbol}}}_{{{rows}\times{columns}}}"


def delta(found: Look, digits: int = 4) -> str:
    """Return how the delta of the followed weight's neuron comes about in the shown example."""
    layer, to = found.place.layer, found.place.to
    name = rf"\delta^{{({layer + 1})}}_{{{to + 1}}}"
    value = number(float(found.deltas[layer][to]), digits)
    if layer == len(found.layers) - 1:
        probability, truth = _probability(found, to), float(to == found.label)
        return rf"{name}=p_{{{to + 1}}}-y_{{{to + 1}}}={number(probability, digits)}-{truth:g}={value}"
    weights, following = found.layers[layer + 1].weights[:, to], found.deltas[layer + 1]
    slope = _slope(found, layer, to)
    upstream = float(weights @ following)
    terms = [
        rf"{factor(float(w), digits)}\cdot{factor(float(d), digits)}"
        for w, d in zip(weights, following, strict=True)
    ]
    symbol = rf"\sum_k w^{{({layer + 2})}}_{{k{to + 1}}}\,\delta^{{({layer + 2})}}_k"
    score = number(float(found.scores[layer][to]), digits)
    return _aligned(
        rf"{name}&=\Big({symbol}\Big)\,f'\big(z^{{({layer + 1})}}_{{{to + 1}}}\big)",
        rf"&=\big({_sum(terms)}\big)\,f'({score})",
        rf"&={factor(upstream, digits)}\cdot{factor(slope, digits)}={value}",
    )


def _probability(found: Look, neuron: int) -> float:
    """Return the softmax of the example's scores for one class: its delta, plus 1 for the right class."""
    return float(found.deltas[-1][neuron]) + float(neuron == found.label)


def _slope(found: Look, layer: int, neuron: int) -> float:
    """Return f'(z) of one neuron."""
    score = torch.tensor(float(found.scores[layer][neuron]), dtype=torch.float64)
    return float(FUNCTIONS[found.activation].slope(score))


def _sum(terms: Sequence[str]) -> str:
    """Return a sum of at most a few terms; the others are dots."""
    if len(terms) <= MOST_TERMS:
        return "+".join(terms)
    return "+".join(terms[: MOST_TERMS - 1]) + r"+\dots+" + terms[-1]


def example_gradient(found: Look, digits: int = 4) -> str:
    """Return the followed weight's gradient in the shown example: delta times activation."""
    layer, to, source = found.place
    values = [found.deltas[layer][to], found.activations[layer][source]]
    product = r"\cdot".join(factor(float(value), digits) for value in values)
    return (
        rf"\frac{{\partial \ell}}{{\partial {_weight(found)}}}"
        rf"=\delta^{{({layer + 1})}}_{{{to + 1}}}\,a^{{({layer})}}_{{{source + 1}}}"
        rf"={product}={number(found.of_place(found.example_gradient), digits)}"
    )


def mean_gradient(found: Look, digits: int = 4) -> str:
    """Return the followed weight's gradient of the mean loss: the mean over the examples."""
    terms = "+".join(factor(float(term), digits) for term in found.terms[:2])
    count = len(found.terms)
    return _aligned(
        rf"g&=\frac{{\partial L}}{{\partial {_weight(found)}}}=\frac1{{{count}}}\big({terms}+\dots\big)",
        rf"&={number(found.of_place(found.mean_gradient), digits)}",
    )


def update(found: Look, digits: int = 4) -> str:
    """Return the update of the followed weight with numbers."""
    value, slope = found.of_place(found.layers), found.of_place(found.mean_gradient)
    return _aligned(
        rf"{_weight(found)}&\leftarrow {_weight(found)}-\alpha\,g",
        rf"&={number(value, digits)}-{factor(found.rate, digits)}\cdot{factor(slope, digits)}"
        rf"={number(value - found.rate * slope, digits)}",
    )


def predicted_change(found: Look, digits: int = 4) -> str:
    """Return the predicted change of the loss for one update of all weights, and the true one."""
    norm = math.hypot(*(one.norm() for one in found.mean_gradient))
    return _change(r"-\alpha\,\lVert g\rVert^2", found, norm, found.all_weights, digits)


def predicted_change_alone(found: Look, digits: int = 4) -> str:
    """Return the same for an update of the followed weight alone."""
    return _change(r"-\alpha\,g^2", found, found.of_place(found.mean_gradient), found.one_weight, digits)


def _change(symbol: str, found: Look, size: float, change: Change, digits: int) -> str:
    return _aligned(
        rf"\Delta L&\approx g\cdot\Delta w={symbol}",
        rf"&=-{factor(found.rate, digits)}\cdot{factor(size**2, digits)}"
        rf"={number(change.predicted_here, digits)}",
        rf"\text{{true }}\Delta L&={number(change.true_here, digits)}",
    )


def _aligned(*lines: str) -> str:
    """Return several lines under each other, aligned at their `&`."""
    return r"\begin{aligned}" + r"\\".join(lines) + r"\end{aligned}"


def _weight(found: Look) -> str:
    layer, to, source = found.place
    return rf"w^{{({layer + 1})}}_{{{to + 1},{source + 1}}}"
