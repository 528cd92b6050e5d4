"""How one value inside the network comes about, as KaTeX with its numbers."""

import numpy as np

from lab.core.labels import _
from lab.topics.cnn.display import Display
from lab.topics.cnn.inside import Inside, Norm, Terms

MOST_SUMS, IN_A_ROW = 16, 4
MOST_PRODUCTS = 25
"""Products of one input channel that are written out: a kernel of 5 x 5."""


def equations(seen: Inside, display: Display) -> list[str]:
    """Return how the chosen value comes about."""
    terms, value = seen.terms, f"{seen.terms.value:.4f}"
    if terms.kernel is None:
        return [rf"{_function(seen)} = {value}"]
    source = min(display.in_source, len(terms.patch)) - 1
    found = [_lines(r"z = \sum_c s_c + b", _sums(terms), f" + ({terms.bias:.4f}) = {value}")]
    if terms.patch[source].size <= MOST_PRODUCTS:
        rows = [
            " + ".join(rf"{x:.2f}\cdot({w:.2f})" for x, w in zip(inputs, weights, strict=True))
            for inputs, weights in zip(terms.patch[source], terms.kernel[source], strict=True)
        ]
        found.insert(0, _lines(f"s_{{{source + 1}}}", rows, f" = {terms.sums[source]:.4f}"))
    return found


def _function(seen: Inside) -> str:
    """Return the function of values that are not weighed, with their numbers."""
    inputs = [f"{one:.4f}" for one in seen.terms.patch.ravel()]
    if seen.terms.norm is not None:
        return _normalised(inputs[0], seen.terms.norm)
    if seen.spot.kind == "pool":
        joined = r",\; ".join(inputs)
        return rf"\mathrm{{pool}}({joined})"
    return f"f({inputs[0]})"


def _normalised(value: str, norm: Norm) -> str:
    """Return the formula of batch normalisation, then its numbers."""
    root = rf"\sqrt{{{norm.variance:.4f} + 10^{{{np.log10(norm.epsilon):.0f}}}}}"
    numbers = rf"{norm.scale:.4f}\cdot\frac{{{value} - ({norm.mean:.4f})}}{{{root}}} + ({norm.shift:.4f})"
    return rf"\gamma\,\frac{{x-\mu}}{{\sqrt{{\sigma^2+\varepsilon}}}} + \beta = {numbers}"


def _sums(terms: Terms) -> list[str]:
    """Return the sums of the input channels, a few to a line; of many the largest, then the others as one."""
    sums = terms.sums
    if len(sums) <= MOST_SUMS:
        written = [f"({one:.4f})" for one in sums]
    else:
        largest = np.sort(np.argsort(-np.abs(sums), kind="stable")[: MOST_SUMS - 1])
        written = [rf"\underset{{{place + 1}}}{{({sums[place]:.4f})}}" for place in largest]
        others = _("{count} others").format(count=len(sums) - len(largest))
        rest = sums.sum() - sums[largest].sum()
        written.append(rf"\underset{{\text{{{others}}}}}{{({rest:.4f})}}")
    return [" + ".join(written[first : first + IN_A_ROW]) for first in range(0, len(written), IN_A_ROW)]


def _lines(left: str, parts: list[str], right: str) -> str:
    """Return an equation whose right side is a sum over several lines."""
    return rf"\begin{{aligned}}{left} = {{}}&" + r"\\&+ ".join(parts) + right + r"\end{aligned}"
