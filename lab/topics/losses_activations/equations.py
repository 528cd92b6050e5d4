"""Equations in KaTeX with a run's numbers in them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Equation:
    r"""A KaTeX text with places `<name>` for numbers, and the numbers.

    Attributes:
        text: with a place for each number, which may stand in several.
        values: the numbers, unrounded.

    Example:
        >>> Equation(r"f(<z>) = <f>", {"z": -2.0, "f": 0.000012345}).katex()
        'f(-2) = 1.234\\cdot 10^{-5}'
    """

    text: str
    values: Mapping[str, float] = field(hash=False)

    def katex(self, digits: int = 4) -> str:
        """Return the text with each number in so many significant digits."""
        return re.sub(r"<(\w+)>", lambda place: number(self.values[place[1]], digits), self.text)


def number(value: float, digits: int = 4) -> str:
    r"""Return a number in KaTeX.

    Example:
        >>> number(0.5), number(-123456.0)
        ('0.5', '-1.235\\cdot 10^{5}')
    """
    text = f"{value + 0.0:.{digits}g}"
    mantissa, _sign, exponent = text.partition("e")
    return mantissa + (rf"\cdot 10^{{{int(exponent)}}}" if exponent else "")
