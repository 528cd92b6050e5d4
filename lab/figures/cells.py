"""A recurrent cell as two SVGs: the chain of its steps, and the inside of one step with its numbers.

Vectors stand as rows of small cells: blue above zero, orange below, the stronger the farther from zero, and
the number in each. As in `lab.figures.graphs`, text follows the colours of the page (`currentColor`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from jaxtyping import Float

from lab.core.labels import _
from lab.figures.theme import BLUE, GREEN, ORANGE

NUMBER_WIDE, NUMBER_HIGH, EDGE = 44, 22, 10
LINK_WIDE, LINK_HIGH, LINK_GAP = 76, 40, 36
ACROSS, DOWN, TITLE_HIGH, LEAST_WIDE = 64, 66, 24, 96


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """One step of the chain.

    Attributes:
        symbol: what is read; empty for the state before the first step.
        hidden: the hidden state after it.
        step: the step that a click goes to.
        lit: whether it is the step that is shown.
        edited: whether its state was set by hand.
    """

    symbol: str
    hidden: Float[np.ndarray, " unit"]
    step: int
    lit: bool = False
    edited: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A vector inside a cell.

    Attributes:
        title: what it is, such as `f = σ(z_f)`.
        values: its numbers; none for what is read, which its title tells.
        column: where it stands, from the left.
        row: and from the top; halves are allowed.
        inputs: keys of the nodes it is computed from; they stand further left.
        gate: whether it is a gate, whose frame is green.
    """

    title: str
    values: Float[np.ndarray, " unit"]
    column: int
    row: float
    inputs: Sequence[str] = ()
    gate: bool = False


def chain_svg(links: Sequence[Link], name: str, alt: str) -> str:
    """Return the cell unrolled over its steps, from the state before the first.

    Args:
        links: the first has no symbol.
        name: of the cell, such as "LSTM".
        alt: the drawing in words.
    """
    units = len(links[0].hidden)
    top = EDGE + 18 + units * NUMBER_HIGH + 22  # of the boxes; the states stand above them
    wide = len(links) * (LINK_WIDE + LINK_GAP) - LINK_GAP + 2 * EDGE
    drawn = [
        _link(link, name, number, EDGE + number * (LINK_WIDE + LINK_GAP), top)
        for number, link in enumerate(links)
    ]
    return _svg("".join(drawn), wide, top + LINK_HIGH + 62, alt)


def _link(link: Link, name: str, number: int, left: float, top: float) -> str:
    middle, colour = left + LINK_WIDE / 2, BLUE if link.lit else "currentColor"
    title = f"h{_low(number)}" + (" ✎" if link.edited else "")
    state = _text(middle, EDGE + 12, title, weight=700 if link.lit else 600)
    state += _numbers(link.hidden[:, None], middle - NUMBER_WIDE / 2, EDGE + 18, link.edited)
    said = ", ".join(f"{value:.2f}" for value in link.hidden)
    spoken = _("state after step {number}: {said}").format(number=number, said=said)
    if not link.symbol:
        inner = _text(middle, top + LINK_HIGH / 2 + 4, _("start"), size=12)
        box = _box((left, top), (LINK_WIDE, LINK_HIGH), colour, link.lit, corner=20)
    else:
        spoken = _("step {number} reads {symbol}; ").format(number=number, symbol=link.symbol) + spoken
        inner = _text(middle, top + LINK_HIGH / 2 + 5, name, size=14, weight=700)
        box = _box((left, top), (LINK_WIDE, LINK_HIGH), colour, link.lit)
        symbol = f"x{_low(number)} = {link.symbol}"
        inner += _text(middle, top + LINK_HIGH + 46, symbol, weight=700 if link.lit else 400)
        inner += _arrow(middle, top + LINK_HIGH + 30, middle, top + LINK_HIGH, colour)
        inner += _arrow(left - LINK_GAP, top + LINK_HIGH / 2, left, top + LINK_HIGH / 2, colour)
    inner += _arrow(middle, top, middle, top - 20, colour)
    attributes = f'data-step="{link.step}" data-node="{number}" tabindex="0" role="button"'
    lit = ' data-lit=""' if link.lit else ""
    return f'<g {attributes}{lit} aria-label="{escape(spoken)}">{box}{inner}{state}</g>'


def inside_svg(nodes: Mapping[str, Node], alt: str) -> str:
    """Return the vectors of one step from left to right, each joined to what it is computed from.

    Args:
        nodes: by key; `inputs` name them.
        alt: the drawing in words.
    """
    units = max(len(node.values) for node in nodes.values())
    wide = max(LEAST_WIDE, units * NUMBER_WIDE + 8)
    high = TITLE_HIGH + NUMBER_HIGH + 6
    down = max(node.row for node in nodes.values())
    over = max(node.column for node in nodes.values())

    def corner(node: Node) -> tuple[float, float]:
        return EDGE + node.column * (wide + ACROSS), EDGE + node.row * DOWN

    edges = []
    for node in nodes.values():
        x, y = corner(node)
        for place, source in enumerate(node.inputs):
            apart = (place - (len(node.inputs) - 1) / 2) * 11
            start, up = corner(nodes[source])
            edges.append(_curve(start + wide, up + high / 2, x, y + high / 2 + apart))
    boxes = [_node(node, *corner(node), wide, high) for node in nodes.values()]
    width = over * (wide + ACROSS) + wide + 2 * EDGE
    return _svg("".join(edges + boxes), width, down * DOWN + high + 2 * EDGE, alt)


def _node(node: Node, x: float, y: float, wide: float, high: float) -> str:
    colour = GREEN if node.gate else "currentColor"
    said = ", ".join(f"{value:.3g}" for value in node.values)
    left = x + wide / 2 - len(node.values) * NUMBER_WIDE / 2
    drawn = _box((x, y), (wide, high), colour, node.gate, corner=14 if not node.inputs else 4)
    drawn += _text(x + wide / 2, y + (17 if len(node.values) else high / 2 + 5), node.title, weight=600)
    drawn += _numbers(node.values[None, :], left, y + TITLE_HIGH)
    return f'<g role="img" aria-label="{escape(f"{node.title}: {said}" if said else node.title)}">{drawn}</g>'


def _numbers(values: Float[np.ndarray, "row column"], x: float, y: float, edited: bool = False) -> str:
    """Return a cell for each number; a state set by hand has dashed frames."""
    frame = f'stroke="{GREEN}" stroke-dasharray="3 2" stroke-width="2"' if edited else ""
    drawn = []
    for (row, column), value in np.ndenumerate(values):
        left, top = x + column * NUMBER_WIDE, y + row * NUMBER_HIGH
        fill, strength = (BLUE if value >= 0 else ORANGE), 0.06 + 0.54 * min(1.0, abs(float(value)))
        drawn.append(
            f'<rect x="{left + 1:.1f}" y="{top + 1:.1f}" width="{NUMBER_WIDE - 2}" rx="2" '
            f'height="{NUMBER_HIGH - 2}" fill="{fill}" fill-opacity="{strength:.2f}" {frame}/>'
            + _text(left + NUMBER_WIDE / 2, top + 15.5, _short(float(value)), size=12)
        )
    return "".join(drawn)


def _short(value: float) -> str:
    """Return a number that fits into a cell.

    Example:
        >>> _short(-0.004), _short(0.5), _short(-123.4)
        ('0.00', '0.50', '-123')
    """
    text = f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _low(number: int) -> str:
    """Return a number as a subscript."""
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(number))


def _box(
    place: tuple[float, float], size: tuple[float, float], colour: str, lit: bool, corner: int = 6
) -> str:
    (x, y), (wide, high) = place, size
    shape = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.0f}" height="{high:.0f}" rx="{corner}"'
    return (
        f'<rect class="ground" {shape}/><rect {shape} fill="{colour}" fill-opacity="{0.14 if lit else 0.04}" '
        f'stroke="{colour}" stroke-width="{2.5 if lit else 1.2}" stroke-opacity="{1 if lit else 0.5}"/>'
    )


def _text(x: float, y: float, said: str, *, size: int = 13, weight: int = 400) -> str:
    look = f'text-anchor="middle" font-size="{size}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(said)}</text>'


def _arrow(x: float, y: float, to_x: float, to_y: float, colour: str) -> str:
    """Return an arrow to the right or up."""
    tip = f"M{to_x:.1f} {to_y:.1f}" + ("l-8 -4.5v9z" if to_x > x else "l-4.5 8h9z")
    line = f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="{colour}" stroke-width="1.6"/>'
    return line + f'<path d="{tip}" fill="{colour}"/>'


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    path = f"M{x:.0f} {y:.1f}C{middle:.0f} {y:.1f} {middle:.0f} {to_y:.1f} {to_x - 6:.0f} {to_y:.1f}"
    line = f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="1.4" opacity="0.5"/>'
    return line + f'<path d="M{to_x:.0f} {to_y:.1f}l-8 -4v8z" fill="currentColor" opacity="0.75"/>'


def _svg(drawing: str, wide: float, high: float, alt: str) -> str:
    style = f"width:100%;min-width:{0.85 * wide:.0f}px;max-width:{wide:.0f}px;height:auto;display:block"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high:.0f}" style="{style}" '
        f'role="group" aria-label="{escape(alt)}" font-family="inherit" fill="currentColor">{drawing}</svg>'
    )
