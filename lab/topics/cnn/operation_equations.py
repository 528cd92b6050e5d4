"""The operation's formulas with this case's numbers, as KaTeX."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lab.core.labels import _
from lab.models.convolution import Sliding, Terms
from lab.topics.cnn.operation import Maps, Place, Sizes
from lab.topics.cnn.operation_settings import OperationSettings

MOST_TERMS = 3
"""A kernel with more columns is written by the sums of its rows, else a line would not fit a page."""


def size_equations(sliding: Sliding, before: tuple[int, int], name: str) -> list[str]:
    """Return the formula of the output's size, then its numbers: once for a square, else rows and columns.

    Args:
        sliding: of the kernel or of the pooling's window.
        before: rows and columns of what it slides over.
        name: the letter of the size, such as `o`.
    """
    formula = rf"{name} = \left\lfloor \frac{{n + 2p - d\,(k-1) - 1}}{{s}} \right\rfloor + 1"
    square = before[0] == before[1]
    letters = (name,) if square else (rf"{name}_{{\text{{rows}}}}", rf"{name}_{{\text{{columns}}}}")
    return [
        formula,
        *(_size(sliding, length, letter) for length, letter in zip(before, letters, strict=False)),
    ]


def _size(sliding: Sliding, length: int, letter: str) -> str:
    over = rf"{length} + 2\cdot{sliding.padding} - {sliding.dilation}\cdot({sliding.size}-1) - 1"
    share = rf"\left\lfloor \frac{{{over}}}{{{sliding.stride}}} \right\rfloor"
    return rf"{letter} = {share} + 1 = {sliding.output_size(length)}"


def sum_equations(found: Terms, row: int, column: int, relu: bool) -> list[str]:
    """Return the sum behind a pixel of the convolution: in letters, then every product, then the sum.

    Args:
        found: its terms.
        row: of the pixel, from 0.
        column: likewise.
        relu: whether ReLU comes after it.
    """
    side = len(found.weights)
    pixel = f"z_{{{row + 1},{column + 1}}}"
    letters = rf"{pixel} = b + \sum_{{u=1}}^{{{side}}}\sum_{{v=1}}^{{{side}}} w_{{u,v}}\, x_{{i_u,\,j_v}}"
    where = rf"i = ({_places(found.rows)}), \quad j = ({_places(found.columns)})"
    lines = [rf"{pixel} = {number(found.bias)}"]
    for values, weights in zip(found.values, found.weights, strict=True):
        lines.append(_row_of_products(values, weights))
    lines.append(rf"= {number(found.total)}")
    numbers = r"\begin{aligned}" + r"\\ ".join(f"&{line}" for line in lines) + r"\end{aligned}"
    equations = [letters, where, numbers]
    if relu:
        after = max(found.total, 0.0)
        equations.append(rf"a_{{{row + 1},{column + 1}}} = \max(0,\ {number(found.total)}) = {number(after)}")
    return equations


def _row_of_products(values: np.ndarray, weights: np.ndarray) -> str:
    if len(values) > MOST_TERMS:
        return rf"\quad {{}}+ {number(float(values @ weights))}"
    products = " + ".join(
        rf"{number(weight)}\cdot {number(value)}" for weight, value in zip(weights, values, strict=True)
    )
    return rf"\quad {{}}+ {products}"


def pool_equations(settings: OperationSettings, maps: Maps, place: Place) -> list[str]:
    """Return how a pooled pixel comes from its window."""
    assert maps.output is not None
    assert maps.pooled is not None
    window = maps.output[np.ix_(place.output_rows, place.output_columns)]
    pixel, result = f"p_{{{place.row + 1},{place.column + 1}}}", number(maps.pooled[place.row, place.column])
    listed = [", ".join(map(number, row)) for row in window]
    if settings.conv_pool == "max":
        inside = r",\\ &".join(listed)
        return [rf"\begin{{aligned}}{pixel} = \max(&{inside}) = {result}\end{{aligned}}"]
    inside = r"\\ &{}+ ".join(" + ".join(map(number, row)) for row in window)
    count = settings.conv_pool_size**2
    return [rf"\begin{{aligned}}{pixel} = \tfrac{{1}}{{{count}}}\,(&{inside}) = {result}\end{{aligned}}"]


def number(value: float) -> str:
    """Return a number with four digits, in brackets if it is negative.

    Example:
        >>> number(-0.25), number(1 / 3), number(0.0)
        ('(-0.25)', '0.3333', '0')
    """
    text = f"{value + 0.0:.4g}"
    if "e" in text:
        mantissa, power = text.split("e")
        text = rf"{mantissa}\cdot 10^{{{int(power)}}}"
    return f"({text})" if text.startswith("-") else text


def _places(places: Sequence[int] | np.ndarray) -> str:
    """Return places numbered from 1."""
    return ", ".join(str(int(place) + 1) for place in places)


def costs(settings: OperationSettings, sizes: Sizes) -> tuple[int, int, int]:
    """Return the kernel's weights, the products of a pass, and the weights of a dense layer instead."""
    weights = int(settings.conv_size) ** 2
    pixels, outputs = (rows * columns for rows, columns in (sizes.picture, sizes.output))
    return weights, weights * outputs, pixels * outputs


def terms_table(found: Terms) -> pd.DataFrame:
    """Return one row for each cell of the kernel, places numbered from 1."""
    rows, columns = np.meshgrid(found.rows, found.columns, indexing="ij")
    return pd.DataFrame(
        {
            _("row"): rows.ravel() + 1,
            _("column"): columns.ravel() + 1,
            _("value"): found.values.ravel(),
            _("weight"): found.weights.ravel(),
            _("product"): found.products.ravel(),
        }
    )
