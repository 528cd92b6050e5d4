"""The equations of the walk in KaTeX, with this run's numbers in the place of the letters.

Every function takes the numbers it writes from a `Walk`, the same as the pictures and tables do.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64

from lab.core.labels import _
from lab.topics.forward_pass.network import LEAKY_SLOPE, activated
from lab.topics.forward_pass.walk import Walk

Form = Callable[[float], str]
MOST_TERMS = 10
"""Longer sums show their largest terms and add up the others."""
SHOWN_TERMS = 6
MOST_ROWS = 8

SYMBOLS = {
    "tanh": r"\tanh",
    "relu": r"\operatorname{ReLU}",
    "leaky_relu": r"\operatorname{LeakyReLU}",
    "sigmoid": r"\sigma",
    "gelu": r"\operatorname{GELU}",
    "linear": r"\operatorname{id}",
    "softmax": r"\operatorname{softmax}",
}


def four(value: float) -> str:
    r"""Return a number with four significant digits, for KaTeX.

    Example:
        >>> four(-0.123456), four(1234567.0), four(0.0)
        ('-0.1235', '1.235\\cdot 10^{6}', '0')
    """
    text = f"{float(value):.4g}"
    mantissa, has_power, power = text.partition("e")
    if not has_power:
        return "0" if float(text) == 0 else mantissa
    return rf"{mantissa}\cdot 10^{{{int(power)}}}"


def in_brackets(value: float, form: Form = four) -> str:
    """Return a number that may follow an operator: negative ones stand in brackets."""
    return f"({form(value)})" if value < 0 else form(value)


def terms_of(walk: Walk) -> tuple[Float64[np.ndarray, " source"], Float64[np.ndarray, " source"]]:
    """Return the weights and the activations that the current neuron multiplies."""
    step = walk.step
    return walk.layers[step.layer - 1].weights[step.neuron], walk.passes[step.layer - 1].inputs


def named_terms(walk: Walk) -> list[int]:
    """Return which terms of the current sum are written out: all, or the largest of many."""
    weights, inputs = terms_of(walk)
    if len(weights) <= MOST_TERMS:
        return list(range(len(weights)))
    largest = np.argsort(-np.abs(weights * inputs), kind="stable")[:SHOWN_TERMS]
    return sorted(int(index) for index in largest)


def sum_equation(walk: Walk, form: Form = four) -> str:
    """Return z = w1 a1 + ... + b of the current neuron, a line for each term with its number."""
    step = walk.step
    weights, inputs = terms_of(walk)
    layer, neuron = walk.layers[step.layer - 1], step.neuron
    before = "x" if step.layer == 1 else "a"
    named = named_terms(walk)
    lines = []
    for index in named:
        name = rf"w_{{{neuron + 1},{index + 1}}}\,{before}_{{{index + 1}}}"
        factors = rf"{form(weights[index])} \times {in_brackets(inputs[index], form)}"
        lines.append(rf"{name} &= {factors} &= {form(weights[index] * inputs[index])}")
    if len(named) < len(weights):
        others = np.setdiff1d(np.arange(len(weights)), named)
        rest = float(np.sum(weights[others] * inputs[others]))
        text = _("{count} smaller terms").format(count=len(others))
        lines.append(rf"\text{{{text}}} & &= {form(rest)}")
    lines.append(rf"b_{{{neuron + 1}}} & &= {form(layer.biases[neuron])}")
    score = walk.passes[step.layer - 1].scores[neuron]
    lines.append(rf"\hline z_{{{neuron + 1}}}^{{({step.layer})}} & &= {form(score)}")
    aligned = r" \\ ".join(line.replace("&= ", r"&\!\!= ") for line in lines)
    size = r"\small" if len(named) == len(weights) else r"\footnotesize"
    return rf"{size} \begin{{array}}{{rlr}} {aligned} \end{{array}}"


def activation_equation(walk: Walk, form: Form = four) -> str:
    """Return a = f(z) of the current neuron."""
    step = walk.step
    layer, done = walk.layers[step.layer - 1], walk.passes[step.layer - 1]
    score, output = float(done.scores[step.neuron]), float(done.outputs[step.neuron])
    name = rf"a_{{{step.neuron + 1}}}^{{({step.layer})}}"
    if layer.activation == "softmax":
        total = float(np.exp(done.scores - done.scores.max()).sum())
        shifted = float(np.exp(score - done.scores.max()))
        top = rf"\frac{{e^{{z_{{{step.neuron + 1}}} - z_{{\max}}}}}}{{\sum_j e^{{z_j - z_{{\max}}}}}}"
        return rf"{name} = {top} = \frac{{{form(shifted)}}}{{{form(total)}}} = {form(output)}"
    opened = _opened(layer.activation, score, form)
    symbol = SYMBOLS[layer.activation]
    middle = rf" = {opened}" if opened else ""
    return rf"{name} = {symbol}({form(score)}){middle} = {form(output)}"


def _opened(activation: str, score: float, form: Form) -> str:
    """Return the activation's own formula with the number in it."""
    number = in_brackets(score, form)
    match activation:
        case "relu":
            return rf"\max(0,\, {form(score)})"
        case "leaky_relu":
            slope = "" if score > 0 else rf"{LEAKY_SLOPE} \times "
            return slope + number
        case "sigmoid":
            return rf"\frac{{1}}{{1 + e^{{-{number}}}}}"
        case "gelu":
            return rf"{number} \cdot \Phi({form(score)})"
        case _:
            return ""


def matrix_equation(walk: Walk, number: int, form: Form = four) -> str:
    """Return z = W a + b of a layer, numbered from 1: shapes, then all its numbers unless it is wide."""
    layer, done = walk.layers[number - 1], walk.passes[number - 1]
    lit = walk.step.neuron if walk.step.layer == number else -1
    rows, columns = layer.weights.shape
    before = r"\mathbf x" if number == 1 else rf"\mathbf a^{{({number - 1})}}"
    parts = [
        (rf"W^{{({number})}}", rf"{rows}\times {columns}"),
        (before, f"{columns}"),
        (rf"\mathbf b^{{({number})}}", f"{rows}"),
        (rf"\mathbf z^{{({number})}}", f"{rows}"),
    ]
    w, a, b, z = (rf"\underbrace{{{letter}}}_{{{shape}}}" for letter, shape in parts)
    lines = [rf"{w}\,{a} + {b} &= {z}"]
    if rows <= MOST_ROWS and columns <= MOST_ROWS:
        weights = _matrix(layer.weights, lit, form)
        inputs, biases = _matrix(done.inputs[:, None], -1, form), _matrix(layer.biases[:, None], lit, form)
        lines.append(rf"{weights} {inputs} + {biases} &= {_matrix(done.scores[:, None], lit, form)}")
    body = r" \\[6pt] ".join(lines)
    return rf"\begin{{aligned}} {body} \end{{aligned}}"


def _matrix(values: Float64[np.ndarray, "row column"], lit: int, form: Form) -> str:
    """Return a matrix in square brackets; the lit row is bold."""
    rows = []
    for number, row in enumerate(values):
        cells = [form(value) for value in row]
        rows.append(" & ".join(rf"\mathbf{{{cell}}}" if number == lit else cell for cell in cells))
    return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"


def softmax_equations(
    scores: Float64[np.ndarray, " neuron"], temperature: float, names: Sequence[str], form: Form = four
) -> str:
    """Return softmax term by term: z / T, its exponential, the share of the sum; a line for each neuron.

    The largest score is taken off first, as torch does, so that no exponential overflows; the shares stay.
    """
    shares = activated("softmax", scores / temperature)
    shifted = (scores - scores.max()) / temperature
    powers = np.exp(shifted)
    head = r"& z_i & (z_i - z_{\max})/T & e^{(z_i - z_{\max})/T} & p_i \\ \hline"
    rows = [
        rf"\text{{{name}}} & {form(score)} & {form(scaled)} & {form(power)} & {form(share)}"
        for name, score, scaled, power, share in zip(names, scores, shifted, powers, shares, strict=True)
    ]
    total = rf"\hline \text{{{_('sum')}}} & & & {form(powers.sum())} & {form(shares.sum())}"
    return rf"\small \begin{{array}}{{lrrrr}} {head} " + r" \\ ".join([*rows, total]) + r" \end{array}"
