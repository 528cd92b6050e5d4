"""The drawing of a network: every number at its neuron, every weight in its line."""

from typing import Any

import numpy as np
import pytest

from lab.figures.matrices import Matrix, matrices
from lab.figures.networks import Column, Network, network, short
from lab.figures.theme import BLUE, ORANGE


def column(values, side=0, reached=True):
    values = np.asarray(values, float)
    return Column("layer", values, np.full(len(values), reached), side)


def drawn(lit=(1, 0), hidden=False) -> Any:
    weights = np.array([[1.0, -0.4], [0.3, 0.9], [-0.05, -1.0]])
    columns = [column([2.0, -1.0]), column([0.5, 0.25, -3.0], reached=False)]
    return network(Network(columns, [weights], lit, ("a", "b", "c"), hidden))


def texts(chart):
    return [text for trace in chart.data if trace.mode == "text" for text in trace.text]


def test_each_neuron_shows_its_number_and_the_lit_one_its_weights():
    said = texts(drawn())
    assert said[:5] == ["2.00", "-1.00", "0.50", "0.25", "-3.00"]
    assert said[5:] == ["1.00", "-0.40"]


def test_numbers_to_come_can_be_left_out():
    assert texts(drawn(lit=(0, 0), hidden=True)) == ["2.00", "-1.00", "?", "?", "?"]


def test_there_is_a_line_for_each_weight_coloured_by_its_sign():
    lines = [trace for trace in drawn().data if trace.mode == "lines"]
    counts = {BLUE: 0, ORANGE: 0}
    for trace in lines:
        counts[trace.line.color] += int(np.isnan(np.asarray(trace.x)).sum())
    assert counts == {BLUE: 3, ORANGE: 3}
    widths = {trace.line.width for trace in lines if trace.line.color == BLUE}
    assert max(widths) > min(widths)


def test_the_shapes_stand_under_every_bundle_and_the_frame_is_at_the_lit_neuron():
    chart = drawn(lit=(1, 2))
    assert "W 3×2<br>b 3" in [note.text for note in chart.layout.annotations]
    frame = chart.layout.shapes[-1]
    assert (frame.x0 + frame.x1) / 2 == pytest.approx(1)
    assert (frame.y0 + frame.y1) / 2 == pytest.approx(-1)


def test_an_image_has_a_cell_for_each_pixel_the_first_one_top_left():
    image = np.arange(784.0)
    weights = np.ones((1, 784))
    chart: Any = network(Network([column(image, side=28), column([0.1])], [weights], (1, 0)))
    (cells,) = [trace for trace in chart.data if trace.type == "histogram2d"]
    np.testing.assert_array_equal(cells.z, image)
    assert cells.x[0] == min(cells.x)
    assert cells.y[0] == max(cells.y)
    assert len(set(zip(cells.x, cells.y, strict=True))) == 784


def test_matrices_show_each_number_in_its_row():
    cells = np.array([[1.0, 2.0], [3.0, -4.0], [5.0, 6.0]])
    chart: Any = matrices([Matrix("W", cells, lit=1), Matrix("a", np.array([[7.0], [8.0]]))])
    first, said = chart.data[0], chart.data[1]
    np.testing.assert_array_equal(first.z, cells.ravel())
    assert list(said.text) == ["1.00", "2.00", "3.00", "-4.00", "5.00", "6.00"]
    assert said.y[0] == said.y[1] > said.y[2]
    (frame,) = chart.layout.shapes
    assert frame.y0 < said.y[2] < frame.y1


@pytest.mark.parametrize("value", [0.0, -9.999, 12.34, -999.4, 123456.0, -1e-9])
def test_short_numbers_are_short_and_near(value):
    assert len(short(value)) <= 6
    assert float(short(value)) == pytest.approx(value, rel=0.2, abs=0.005)
