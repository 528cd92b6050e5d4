"""The graph's part of the page: its numbers against autograd, also after they were written out."""

import itertools
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.errors import LabError
from lab.core.lesson import Context
from lab.models.expression import graph_of
from lab.models.graph import backward, forward
from lab.topics.backpropagation import GRAPH
from lab.topics.backpropagation.check import autograd, central_difference, checks_of, relative_error
from lab.topics.backpropagation.examples import EXAMPLES
from lab.topics.backpropagation.explain import Writing, number, sentence, waiting
from lab.topics.backpropagation.graph import STEPS, worked
from lab.topics.backpropagation.settings import VALUES, Display, Settings, Source
from lab.topics.backpropagation.stage import drawing, stage
from lab.topics.backpropagation.steps import known_at, steps_of

NUMBER = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))(?:\\times10\^\{(-?\d+)\})?")
MIXED = "exp(w*x) / (1 + y**2) - relu(b)*log(1 + x*x) + sigmoid(w - y) - -tanh(b)*2**x"


def example(name):
    values = dict(zip(VALUES, EXAMPLES[name].values, strict=False))
    return Settings.checked({"example": name, **values})


def numbers(katex):
    """Return the numbers of an equation, read back; names' subscripts are not numbers."""
    plain = re.sub(r"[A-Za-z]_\{\d+\}", "", katex)
    return [float(f"{mantissa}e{power or 0}") for mantissa, power in NUMBER.findall(plain)]


def ten_settings():
    chance = np.random.default_rng(7)
    texts = [*[one.text for key, one in EXAMPLES.items() if one.text and key != "own"], MIXED, "-x / (y - 9)"]
    for _round, text in zip(range(10), itertools.cycle(texts), strict=False):
        values = dict(zip(VALUES, chance.uniform(-2, 2, 6).round(4), strict=True))
        yield Settings(example="own", expression=text, **values)
    yield from (Settings(example="network", shape=(2, 2), drawn=seed, squash="sigmoid") for seed in (1, 2))


@pytest.mark.parametrize("chosen", list(ten_settings()), ids=lambda chosen: chosen.text()[:20])
def test_the_numbers_in_the_equations_are_pytorchs(chosen):
    """To 1e-6 as they are written with nine digits; the page shows four of the same numbers."""
    found = worked(chosen)
    assert not found.trace.trouble
    graph = found.trace.graph
    leaves = {n: torch.tensor(v, dtype=torch.float64, requires_grad=True) for n, v in found.inputs.items()}
    _value, slopes = autograd(graph, found.inputs)
    writing = Writing(found.trace, digits=9)
    values = torch_values(graph, leaves)
    for place in graph.operations:
        *_names, result = numbers(writing.value(place))
        assert result == pytest.approx(values[place].item(), rel=1e-6)
    totals = {}
    for one in found.trace.contributions:
        leaf = values[one.target].detach().requires_grad_()
        moved = again(graph.nodes[one.source], values, one.position, leaf)
        (local,) = torch.autograd.grad(moved, leaf)
        assert numbers(writing.local(one))[-1] == pytest.approx(local.item(), rel=1e-6)
        upstream, written_local, product = numbers(writing.product(one))[-3:]
        assert upstream == pytest.approx(slopes[one.source], rel=1e-6)
        assert written_local == pytest.approx(local.item(), rel=1e-6)
        assert product == pytest.approx(slopes[one.source] * local.item(), rel=1e-6)
        totals.setdefault(one.target, []).append(one)
    for target, parts in totals.items():
        reach = max(abs(one.product) for one in parts)
        written = numbers(writing.total(target, tuple(parts)))[-1]
        assert written == pytest.approx(slopes[target], rel=1e-6, abs=1e-8 * reach)


def torch_values(graph, leaves):
    values = []
    for node in graph.nodes:
        if node.inputs:
            values.append(again(node, values))
        else:
            fixed = torch.tensor(node.number, dtype=torch.float64)
            values.append(leaves[node.name] if node.operation == "variable" else fixed)
    return values


def again(node, values, position=-1, leaf=None):
    """Return the node's value by PyTorch, one of its inputs replaced by `leaf`, the others held."""
    short = {"subtract": "sub", "multiply": "mul", "divide": "div", "power": "pow", "negate": "neg"}
    function = getattr(torch, short.get(node.operation) or node.operation)
    taken = [leaf if place == position else values[source] for place, source in enumerate(node.inputs)]
    return function(*taken)


@given(value=st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=200)
def test_a_number_can_be_read_back(value):
    assert numbers(number(value, 17)) == [value]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_green(name):
    found = worked(example(name))
    assert found.checks
    assert all(one.green for one in found.checks)
    assert {one.verdict for one in found.checks} == {"agrees"}
    frame = found.table()
    assert len(frame) == sum(found.trace.graph.active)
    np.testing.assert_allclose(frame["Chain rule, this page"], frame["Autograd"], rtol=1e-9)


def test_a_wrong_chain_rule_is_not_green():
    """The check can fail: gradients that are a thousandth off are told, whatever h is."""
    from dataclasses import replace  # noqa: PLC0415

    chosen = example("neuron")
    trace = worked(chosen).trace
    wrong = replace(trace, gradients=tuple(1.001 * one for one in trace.gradients))
    for h in (1e-9, 1e-5, 0.1):
        checks = checks_of(wrong, chosen.inputs(), h)
        assert not any(one.green for one in checks)
        assert {one.verdict for one in checks} == {"differs"}


def test_finite_differences_are_second_order():
    """Halving h quarters the error, as Taylor's theorem says; and exact for a square."""
    trace = worked(example("neuron")).trace
    inputs = example("neuron").inputs()
    place = trace.graph.variables["x1"]
    errors = [abs(central_difference(trace, inputs, place, h) - trace.gradients[place]) for h in (0.02, 0.01)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.01)
    square = backward(forward(graph_of("x*x"), {"x": 3.0}))
    assert central_difference(square, {"x": 3.0}, 0, 0.1) == pytest.approx(6, rel=1e-13)


@pytest.mark.parametrize(
    ("text", "x", "h", "verdict"),
    [
        ("relu(x)", 0.0, 1e-5, "kink"),
        ("relu(x)", 1e-6, 1e-5, "kink"),
        ("log(x)", 1e-6, 1e-5, "outside"),
        ("exp(x)", 1.0, 1e-12, "rounding"),
        ("exp(x)", 1.0, 0.1, "bend"),
        ("exp(x)", 1.0, 1e-5, "agrees"),
    ],
)
def test_it_says_why_a_finite_difference_is_off(text, x, h, verdict):
    trace = backward(forward(graph_of(text), {"x": x}))
    check = checks_of(trace, {"x": x}, h)[0]
    assert check.verdict == verdict
    assert check.green == (verdict == "agrees")
    assert check.autograd_error == 0


def test_relative_errors():
    assert relative_error(2.0, 2.0) == 0
    assert relative_error(0.0, 1e-30) == 1
    assert relative_error(1.0, float("nan")) == float("inf")
    assert relative_error(-3.0, 3.0) == 2


def test_the_walk_visits_every_node_and_sums_where_paths_join():
    found = worked(example("join"))
    steps, writing = steps_of(found.trace), Writing(found.trace)
    kinds = [step.kind for step in steps]
    assert kinds == ["start"] + 3 * ["forward"] + ["seed"] + 3 * ["backward"]
    x = found.trace.graph.variables["x"]
    last = len(found.trace.graph.nodes) - 1
    sums = [known_at(found.trace, steps, number).gradient(x, last) for number in range(len(steps))]
    assert sums == [None, None, None, None, None, None, -2.0, 4.0]  # x*y first: -2, then x*x adds 3 twice
    assert "1 of 3 paths" in waiting(writing, known_at(found.trace, steps, 6), x)
    assert "All 3 paths" in waiting(writing, known_at(found.trace, steps, 7), x)
    assert [known_at(found.trace, steps, n).complete >= {x} for n in (5, 6, 7)] == [False, False, True]


@pytest.mark.parametrize("name", EXAMPLES)
def test_going_on_only_adds_and_ends_with_the_true_gradients(name):
    found = worked(example(name))
    steps = steps_of(found.trace)
    assert len(steps) == 2 + len(found.trace.graph.operations) + sum(
        found.trace.graph.active[place] for place in found.trace.graph.operations
    )
    before, known = frozenset(), known_at(found.trace, steps, 0)
    for place in range(len(steps)):
        known = known_at(found.trace, steps, place)
        assert before <= known.values
        before = known.values
        for one in known.now:  # what is handed back is complete
            assert one.source in known.complete
        assert sentence(Writing(found.trace), known).endswith(".")
    last = len(found.trace.graph.nodes) - 1
    for node, active in enumerate(found.trace.graph.active):
        assert known.gradient(node, last) == (found.trace.gradients[node] if active else None)


def test_trouble_is_told_where_it_happens():
    chosen = Settings(example="own", expression="exp(x) + log(x)*2", v1=-1)
    found = worked(chosen)
    steps = steps_of(found.trace)
    assert steps[-1].kind == "forward"
    said = sentence(Writing(found.trace), known_at(found.trace, steps, len(steps) - 1))
    assert "n2 = log(x) has no value, for only positive numbers have a logarithm, and its input is -1" in said
    (panel,) = stage(chosen, Display(), Context(), [object()], found).panels  # type: ignore[list-item]
    assert panel.id == "slope"
    back = worked(Settings(example="own", expression="x**0.5 + x", v1=0))
    steps = steps_of(back.trace)
    assert steps[-1].kind == "backward"
    assert "infinite" in sentence(Writing(back.trace), known_at(back.trace, steps, len(steps) - 1))


def test_the_drawing_shows_what_is_known_and_no_more():
    found = worked(example("neuron"))
    steps, writing = steps_of(found.trace), Writing(found.trace)
    start, end = (drawing(found, writing, steps, number) for number in (0, len(steps) - 1))
    result = f"{found.trace.result:.4g}"
    assert f"value {result};" not in start
    assert f"value {result}; gradient 1" in end
    for name, place in found.trace.graph.variables.items():
        value, slope = found.trace.values[place], found.trace.gradients[place]
        assert f'aria-label="{name}; value {value:.4g}; gradient {slope:.4g}"' in end
        assert f'aria-label="{name}; value {value:.4g}; gradient ?"' in start


def test_the_curves_are_those_of_torch():
    chosen = example("loss")
    found = worked(chosen)
    for one in found.around:
        moved = {**chosen.inputs(), one.name: one.x}
        w, x, b, y = (torch.as_tensor(moved[name], dtype=torch.float64) for name in "wxby")
        np.testing.assert_allclose(one.result, ((torch.tanh(w * x + b) - y) ** 2).numpy(), rtol=1e-12)
        if one.name != "y":  # by y it is a parabola, for which any h is exact but for rounding
            assert 1e-7 < STEPS[np.argmin(one.errors)] < 1e-3
            assert one.errors[0] > 1e-6 < one.errors[-1]


def test_the_network_is_torchs():
    chosen = Settings(example="network", shape=(2, 2), squash="relu", drawn=4, v1=0.5, v2=-1.5, v3=2)
    a = {name: torch.tensor(value, dtype=torch.float64) for name, value in chosen.inputs().items()}

    def layer(weight, bias, values, size):
        rows = [[a[f"{weight}{j}{i}"] for i in range(1, len(values) + 1)] for j in range(1, size + 1)]
        matrix = torch.stack([torch.stack(row) for row in rows])
        return torch.relu(matrix @ values + torch.stack([a[f"{bias}{j}"] for j in range(1, size + 1)]))

    hidden = layer("u", "c", layer("w", "b", torch.stack([a["x1"], a["x2"]]), 2), 2)
    loss = (torch.stack([a["v1"], a["v2"]]) @ hidden + a["d"] - a["y"]) ** 2
    assert worked(chosen).trace.result == pytest.approx(loss.item(), rel=1e-12)


def test_bad_expressions_from_a_link_are_one_sentence():
    chosen, faults = Source.from_query({"example": "own", "expression": "2 * (x +"})
    assert chosen == Source()
    assert [str(fault) for fault in faults] == [
        "Expression: expected a number, a name or (, got the end at column 9"
    ]
    with pytest.raises(LabError):
        Source.checked({"expression": "é"})
    assert GRAPH.settings is Settings
