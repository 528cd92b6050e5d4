"""A computation graph as an SVG: boxes with name, value and gradient; edges with local derivatives.

Not a Plotly figure: it is text in boxes, which must stay readable on a phone (there it scrolls) and
follow the colours of the page (`currentColor`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from lab.core.labels import _
from lab.figures.layers import layered
from lab.figures.theme import BLUE, ORANGE

WIDE, HIGH, ACROSS, DOWN, EDGE = 124, 58, 196, 74, 12
Light = Literal["", "forward", "backward"]
COLOURS = {"": "currentColor", "forward": BLUE, "backward": ORANGE}


@dataclass(frozen=True, slots=True)
class Box:
    """A node as it is drawn.

    Attributes:
        title: what it is, such as `n1 = w × x`.
        value: its value as text; empty while it is not known.
        gradient: its gradient as text; empty while it is not known.
        inputs: numbers of the boxes it is computed from.
        light: whether it is the node of this step, and in which direction.
        step: the step that a click goes to; -1 if there is none.
        given: whether it is a variable or a constant, not computed.
        partial: whether its gradient still lacks some paths.
    """

    title: str
    value: str
    gradient: str
    inputs: Sequence[int]
    light: Light = ""
    step: int = -1
    given: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """What is written on an edge, and how it is lit."""

    text: str = ""
    light: Light = ""


def graph_svg(boxes: Sequence[Box], marks: dict[tuple[int, int], Mark], alt: str) -> str:
    """Return the drawing.

    Args:
        boxes: the nodes; each stands after its inputs.
        marks: by (from, to), what is shown on an edge.
        alt: the drawing in words.
    """
    places, between = layered([box.inputs for box in boxes])
    rows = [height for _layer, height in places.values()]
    rows += [height for points in between.values() for _layer, height in points]
    lowest = min(rows)
    width = int(max(layer for layer, _height in places.values()) * ACROSS + WIDE + 2 * EDGE)
    height = int((max(rows) - lowest) * DOWN + HIGH + 2 * EDGE)

    def at(place: tuple[float, float]) -> tuple[float, float]:
        return EDGE + place[0] * ACROSS, EDGE + (place[1] - lowest) * DOWN

    edges = [
        _edge([at(places[one]), *map(at, between[one, other]), at(places[other])], marks.get((one, other)))
        for one, other in between
    ]
    drawn = [_box(box, number, *at(places[number])) for number, box in enumerate(boxes)]
    least = round(0.85 * width)
    style = f"width:100%;min-width:{least}px;max-width:{width}px;height:auto;display:block"
    drawing = "".join(edges + drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" style="{style}" '
        f'role="group" aria-label="{escape(alt)}" font-family="inherit" fill="currentColor">{drawing}</svg>'
    )


def _edge(points: Sequence[tuple[float, float]], mark: Mark | None) -> str:
    """Return a curve from the right side of a box to the left side of another, with its mark."""
    mark = mark or Mark()
    start, end = (points[0][0] + WIDE, points[0][1] + HIGH / 2), (points[-1][0], points[-1][1] + HIGH / 2)
    path = f"M{start[0]:.0f} {start[1]:.1f}"
    last = start
    for x, y in points[1:-1]:  # pass through where another box of that layer would stand
        path += _curve(last, (x, y + HIGH / 2)) + f"H{x + WIDE:.0f}"
        last = (x + WIDE, y + HIGH / 2)
    path += _curve(last, (end[0] - 7, end[1]))
    colour, wide = COLOURS[mark.light], 3 if mark.light else 1.4
    faint = 1 if mark.light else 0.45
    line = f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{wide}" opacity="{faint}"/>'
    tip = f"M{end[0]:.0f} {end[1]:.1f}l-8 -4.5v9z"
    if mark.light == "backward":
        tip = f"M{start[0]:.0f} {start[1]:.1f}l8 -4.5v9z"
    line += f'<path d="{tip}" fill="{colour}" opacity="{max(faint, 0.7)}"/>'
    return line + _label(mark, last, end)


def _curve(one: tuple[float, float], other: tuple[float, float]) -> str:
    middle = (one[0] + other[0]) / 2
    return f"C{middle:.0f} {one[1]:.1f} {middle:.0f} {other[1]:.1f} {other[0]:.0f} {other[1]:.1f}"


def _label(mark: Mark, last: tuple[float, float], end: tuple[float, float]) -> str:
    """Return the mark in the middle of the last stretch, with a halo that parts it from the line."""
    if not mark.text:
        return ""
    x, y = (last[0] + end[0]) / 2, (last[1] + end[1]) / 2 + 4
    weight = 700 if mark.light else 400
    return (
        f'<text x="{x:.0f}" y="{y:.1f}" text-anchor="middle" font-size="12" font-weight="{weight}" '
        f'class="halo">{escape(mark.text)}</text>'
    )


def _box(box: Box, number: int, x: float, y: float) -> str:
    colour = COLOURS[box.light]
    wide, faint = (3, 1) if box.light else (1.2, 0.55)
    tint = f'fill="{colour}" fill-opacity="{0.16 if box.light else 0.04}"'
    corner = 14 if box.given else 4
    spoken = f"{box.title}; {_('value')} {box.value or '?'}; {_('gradient')} {box.gradient or '?'}"
    attributes = f' data-step="{box.step}" tabindex="0" role="button"' if box.step >= 0 else ' role="img"'
    lit = ' data-lit=""' if box.light else ""
    more = _(" so far") if box.partial else ""
    lines = [
        (18, 13, 600, box.title),
        (35, 12, 400, box.value),
        (51, 12, 400, box.gradient + more if box.gradient else ""),
    ]
    text = "".join(
        f'<text x="{x + 24 if rank else x + WIDE / 2:.0f}" y="{y + down:.1f}" font-size="{size}" '
        f'font-weight="{weight}" text-anchor="{"start" if rank else "middle"}">{escape(said)}</text>'
        for rank, (down, size, weight, said) in enumerate(lines)
        if said
    )
    signs = _sign(x, y + 31, BLUE, bool(box.value)) + _sign(x, y + 47, ORANGE, bool(box.gradient))
    return (
        f'<g{attributes}{lit} data-node="{number}" aria-label="{escape(spoken)}">'
        f'<rect class="ground" x="{x:.0f}" y="{y:.1f}" width="{WIDE}" height="{HIGH}" rx="{corner}"/>'
        f'<rect x="{x:.0f}" y="{y:.1f}" width="{WIDE}" height="{HIGH}" rx="{corner}" {tint} '
        f'stroke="{colour}" stroke-width="{wide}" stroke-opacity="{faint}"/>{text}{signs}</g>'
    )


def _sign(x: float, y: float, colour: str, known: bool) -> str:
    """Return a triangle: blue to the right for a value, orange to the left for a gradient."""
    if not known:
        return ""
    points = (
        f"M{x + 9:.0f} {y - 4:.1f}l9 4l-9 4z" if colour == BLUE else f"M{x + 18:.0f} {y - 4:.1f}l-9 4l9 4z"
    )
    return f'<path d="{points}" fill="{colour}"/>'
