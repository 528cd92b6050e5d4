"""The drawings of cells, states and medians hold the numbers they are given."""

from typing import Any, cast
from xml.etree import ElementTree

import numpy as np

from lab.figures.cells import Link, Node, chain_svg, inside_svg
from lab.figures.memory import median_curves
from lab.figures.states import gate_bars, state_map

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return [node.text for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_chain_has_a_box_per_step_that_can_be_clicked():
    states = np.array([[0.0, 0.0], [0.5, -0.25], [123.4, -0.001]])
    links = [
        Link(symbol, states[step], max(1, step), step == 1, step == 2)
        for step, symbol in enumerate(("", "<", "b"))
    ]
    svg = chain_svg(links, "GRU", "two steps & a start")
    assert [one.get("data-step") for one in ElementTree.fromstring(svg).iter(f"{SVG}g")] == ["1", "1", "2"]
    assert texts(svg).count("GRU") == 2
    assert {"x₁ = <", "x₂ = b", "0.50", "-0.25", "123", "0.00", "h₂ ✎"} <= set(texts(svg))


def test_the_inside_joins_each_vector_to_what_it_is_computed_from():
    nodes = {
        "x": Node("x₁ = a", np.empty(0), 0, 0),
        "f": Node("f = σ(z_f)", np.array([0.5, 0.75]), 1, 0, ("x",), gate=True),
        "h": Node("h₁", np.array([-1.0, 1.0]), 2, 0.5, ("f", "x")),
    }
    root = ElementTree.fromstring(inside_svg(nodes, "a cell"))
    assert [one.get("aria-label") for one in root.iter(f"{SVG}g")] == [
        "x₁ = a",
        "f = σ(z_f): 0.5, 0.75",
        "h₁: -1, 1",
    ]
    assert sum(one.get("fill") == "none" for one in root.iter(f"{SVG}path")) == 3


def test_a_map_frames_the_step_that_is_shown_and_leaves_out_what_is_no_number():
    states = np.array([[0.0, 2.0, np.inf]])
    chart: Any = state_map(states, ["a", "b", "c"], lit=1, x_title="Step", y_title="Unit")
    (cells,), (frame,) = chart.data, chart.layout.shapes
    assert cells.zmax == 2
    assert np.isnan(cells.z[0][2])
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, 0.5, 1.5)
    named: Any = state_map(states, ["a", "b", "c"], rows=["r"], lit=0, x_title="Step", y_title="Row")
    assert list(named.data[0].y) == ["r"]
    assert (named.layout.shapes[0].y0, named.layout.shapes[0].y1) == (-0.5, 0.5)


def test_bars_are_told_apart_without_colours():
    chart: Any = gate_bars({"i": np.array([0.1, 0.2]), "f": np.array([0.3, 0.4])}, y_title="Share")
    assert len({bar.marker.pattern.shape for bar in chart.data}) == 2
    assert chart.data[1].text == ("0.30", "0.40")


def test_medians_stand_over_their_own_places():
    values = {"a": np.array([[1.0, 2.0, 9.0], [0.0, 0.0, 0.0]]), "b": np.array([[1.0, 1.0, np.inf]])}
    chart: Any = median_curves(np.array([1.0, 2.0]), values, x_title="Delay", y_title="Length", log=True)
    curves = {trace.name: trace for trace in chart.data}
    assert curves["a"].y[0] == 2
    assert np.isnan(curves["a"].y[1])  # 0 has no place on a logarithmic axis
    assert len(curves["b"].x) == 1
    assert not any(np.isinf(np.asarray(trace.y, float)).any() for trace in chart.data)


def test_many_cells_stand_without_gaps():
    few, many = (
        cast("Any", state_map(np.zeros((rows, 3)), list("abc"), x_title="Step", y_title="Unit"))
        for rows in (20, 100)
    )
    assert (few.data[0].xgap, few.data[0].ygap) == (1, 1)
    assert (many.data[0].xgap, many.data[0].ygap) == (0, 0)
