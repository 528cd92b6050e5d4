"""Pictures are drawn upright, with every cell's value, and frames stand around whole cells."""

from typing import Any

import numpy as np

from lab.figures.images import BRIGHTNESS, SIGNED, Cells, Look, image
from lab.figures.theme import GREEN

VALUES = np.arange(12.0).reshape(3, 4) / 11


def drawn(cells: Cells) -> Any:
    return image(cells)


def ends(shape):
    return shape.x0, shape.x1, shape.y0, shape.y1


def test_rows_go_down_and_cells_are_square_and_counted_from_1():
    chart = drawn(Cells(VALUES, "Brightness"))
    np.testing.assert_allclose(chart.data[0].z, VALUES, atol=1e-7)
    assert chart.data[0].y.tolist() == [1, 2, 3]
    assert chart.layout.yaxis.range[0] > chart.layout.yaxis.range[1]
    assert chart.layout.yaxis.scaleanchor == "x"
    assert not chart.layout.shapes


def test_colours_tell_the_sign_only_where_there_are_two():
    grey, signed = drawn(Cells(VALUES, "u")).data[0], drawn(Cells(VALUES - 0.3, "u")).data[0]
    assert [list(one) for one in grey.colorscale] == BRIGHTNESS
    assert [list(one) for one in signed.colorscale] == SIGNED
    assert signed.zmin == -signed.zmax


def test_a_plain_map_has_a_range_of_colours():
    flat = drawn(Cells(np.zeros((3, 3)), "u")).data[0]
    assert flat.zmin < flat.zmax


def test_the_frame_holds_what_is_looked_at_and_the_padding_is_dashed():
    look = Look(np.array([-1, 1]), np.array([0, 2]), each=True)
    chart = drawn(Cells(VALUES, "u", look, padding=1, pick="place"))
    padding, white, green, *marks = chart.layout.shapes
    assert padding.line.dash == "dash"
    assert ends(padding) == (-0.5, 5.5, -0.5, 4.5)
    assert ends(white) == ends(green) == (0.5, 3.5, -0.5, 2.5)
    assert green.line.color == GREEN
    assert [ends(mark) for mark in marks] == [
        (0.5, 1.5, -0.5, 0.5),
        (2.5, 3.5, -0.5, 0.5),
        (0.5, 1.5, 1.5, 2.5),
        (2.5, 3.5, 1.5, 2.5),
    ]
    assert chart.layout.meta == {"pick": "place"}
    assert chart.layout.xaxis.range[0] < -0.5 < 5.5 < chart.layout.xaxis.range[1]


def test_a_frame_beyond_the_picture_is_still_in_sight():
    far = np.array([0, 3, 6, 9])
    chart = drawn(Cells(VALUES, "u", Look(far, far)))
    assert chart.layout.xaxis.range[1] > 10.5
    assert chart.layout.yaxis.range[0] > 10.5
