"""The drawing of a graph: nothing overlaps, edges run forward, the SVG is well formed."""

from itertools import combinations
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.figures.graphs import Box, Mark, graph_svg
from lab.figures.layers import layered

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def graphs(draw):
    """Any graph in which inputs stand before their use."""
    count = draw(st.integers(1, 25))
    return [
        tuple(draw(st.lists(st.integers(0, node - 1), max_size=2))) if node else () for node in range(count)
    ]


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_boxes_and_passing_edges_keep_apart(inputs):
    places, between = layered(inputs)
    taken = [*places.values(), *(point for points in between.values() for point in points)]
    for (layer, height), (other_layer, other_height) in combinations(taken, 2):
        assert layer != other_layer or abs(height - other_height) >= 1 - 1e-9
    for (one, other), points in between.items():
        assert one in inputs[other]
        steps = [places[one][0], *(layer for layer, _height in points), places[other][0]]
        assert steps == list(range(steps[0], steps[0] + len(steps)))
    assert {(one, other) for other, sources in enumerate(inputs) for one in sources} == set(between)


def test_a_tree_has_no_crossings():
    places, _between = layered([(), (), (0, 1), (), (), (3, 4), (2, 5)])
    assert places[0][1] < places[1][1] < places[3][1] < places[4][1]
    assert places[2][1] < places[5][1]


@given(st.text(max_size=8), st.text(max_size=8))
@settings(max_examples=50)
def test_the_svg_is_well_formed_whatever_is_written(title, mark):
    title, mark = ("".join(one for one in text if one.isprintable()) for text in (title, mark))
    boxes = [Box(title, "1", "", ()), Box("f", "2", "1", (0,), light="backward", step=3)]
    tree = ElementTree.fromstring(graph_svg(boxes, {(0, 1): Mark(mark, "backward")}, title))
    assert tree.get("aria-label") == title
    clickable = [group for group in tree.iter(f"{SVG}g") if group.get("data-step")]
    assert [(group.get("data-step"), group.get("role")) for group in clickable] == [("3", "button")]
    assert mark.strip() in "".join(text.text or "" for text in tree.iter(f"{SVG}text"))
