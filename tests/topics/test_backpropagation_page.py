"""The page: its parts, the walk, examples, and typed expressions."""

import pytest

from lab.topics.backpropagation import graph
from lab.topics.backpropagation.examples import EXAMPLES
from tests.pages import faults, page_at

pytestmark = pytest.mark.usefixtures("_in_place")


def opened(**query):
    return page_at("backpropagation", query)


def said(page):
    return " ".join(one.value for one in page.markdown)


@pytest.mark.parametrize("query", [{"part": "network"}, {"part": "depth", "depth": "2", "epochs": "1"}])
def test_every_part_opens(query):
    assert not faults(opened(**query))


def test_the_walk_goes_on_is_undone_and_ends():
    page = opened(example="join", v1="3", v2="-2")
    assert "The variables have their values" in said(page)
    page.button("graph:Next").click().run()
    assert "n1 = x × x" in said(page)
    assert page.query_params["step"] == "1"
    page.button("graph:Back").click().run()
    assert "The variables have their values" in said(page)
    page.button("graph:End").click().run()
    assert page.button("graph:Next").disabled
    assert any("All 3 paths into x" in one.value for one in page.caption)
    page.slider("graph:track").set_value(4).run()
    assert "The result is n3 = 3." in said(page)
    assert not faults(page)


def test_a_step_computes_nothing_again(monkeypatch):
    calls, worked = [], graph.worked
    monkeypatch.setattr(graph, "worked", lambda chosen: calls.append(chosen) or worked(chosen))
    page = opened(example="micrograd", v1="-4", v2="2")
    assert len(calls) == 1
    for _step in range(3):
        page.button("graph:Next").click().run()
    assert len(calls) == 1
    page.slider("graph-values.v1").set_value(-3.0).run()
    assert len(calls) == 2
    assert not faults(page)


def test_an_example_brings_its_values():
    page = opened()
    page.selectbox("graph-source.example").select("lecture").run()
    assert [page.slider(f"graph-values.v{n}").value for n in range(1, 6)] == list(EXAMPLES["lecture"].values)
    assert page.slider("graph-values.v5").label == "Value of b"
    assert page.query_params["v5"] == "6.881373587019543"
    assert not faults(page)


def test_a_typed_expression_is_taken_and_keeps_what_it_knows():
    page = opened(v1="0.8", v2="-1.2")
    page.text_input("graph:typed").set_value("x1 * 2 + new").run()
    assert [page.slider(f"graph-values.v{n}").label for n in (1, 2)] == ["Value of x1", "Value of new"]
    assert [page.slider(f"graph-values.v{n}").value for n in (1, 2)] == [-1.2, 1.0]
    again = opened(**dict(page.query_params))
    assert again.text_input("graph:typed").value == "x1 * 2 + new"
    assert [again.slider(f"graph-values.v{n}").value for n in (1, 2)] == [-1.2, 1.0]


@pytest.mark.parametrize("text", ["", "(", "x ? 1", "é", "__import__('os').system('ls')", "x" * 299, "a^b"])
def test_a_mistake_is_one_sentence_and_the_graph_stays(text):
    page = opened(example="join")
    page.text_input("graph:typed").set_value(text).run()
    (fault,) = faults(page)
    assert fault.startswith("Expression: expected ")
    assert "at column" in fault
    assert page.text_input("graph:typed").value == text
    page.text_input("graph:typed").set_value("x + 1").run()
    assert not faults(page)


def test_a_mistake_in_a_link_is_one_sentence():
    (fault,) = faults(opened(example="own", expression="2*(x+"))
    assert "got the end at column 6" in fault


def test_trouble_is_told_and_can_be_mended():
    page = opened(example="own", expression="log(x)", v1="-1", step="9")
    assert "It stops here: n1 = log(x) has no value" in said(page)
    assert not faults(page)
    page.slider("graph-values.v1").set_value(2.0).run()
    assert "It stops here" not in said(page)
