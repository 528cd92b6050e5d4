"""Every claim in the text about the graph, asserted on the numbers it speaks of."""

import numpy as np
import pytest
import torch

from lab.topics.backpropagation.check import checks_of
from lab.topics.backpropagation.examples import EXAMPLES
from lab.topics.backpropagation.graph import STEPS, worked
from lab.topics.backpropagation.settings import VALUES, Settings


def typed(expression, *values):
    given = dict(zip(VALUES, values, strict=False))
    return worked(Settings.checked({"example": "own", "expression": expression, **given}))


def example(name, **values):
    given = dict(zip(VALUES, EXAMPLES[name].values, strict=False)) | values
    return worked(Settings.checked({"example": name, **given}))


def slopes(found):
    return {name: found.trace.gradients[place] for name, place in found.trace.graph.variables.items()}


def test_plus_hands_on_and_times_swaps():
    found = example("neuron")
    nodes = found.trace.graph.nodes
    for one in found.trace.contributions:
        kind, value = nodes[one.source].operation, found.trace.values
        if kind == "add":
            assert one.local == 1
        if kind == "multiply":
            (other,) = (place for place in nodes[one.source].inputs if place != one.target)
            assert one.local == value[other]
    assert slopes(example("neuron", v2=0.0))["w1"] == 0


def test_saturation_starves_every_gradient():
    found = example("neuron", v5=10.0)
    assert found.trace.result > 0.999999
    assert all(abs(slope) < 1e-6 for slope in slopes(found).values())
    (local,) = (o.local for o in found.trace.contributions if o.source == len(found.trace.values) - 1)
    assert 0 < local < 1e-6


def test_three_paths_join():
    found = example("join")
    x = found.trace.graph.variables["x"]
    parts = [one.product for one in found.trace.contributions if one.target == x]
    assert sorted(parts) == sorted([-2.0, 3.0, 3.0])
    assert slopes(found)["x"] == sum(parts) == 4
    assert parts[-1] != 4  # what a program that overwrites would say


def test_softmax_minus_one_hot():
    found = example("softmax")
    p = torch.softmax(torch.tensor(EXAMPLES["softmax"].values, dtype=torch.float64), 0)
    np.testing.assert_allclose([slopes(found)[name] for name in "abc"], p.numpy() - [1, 0, 0], rtol=1e-12)
    assert sum(slopes(found).values()) == pytest.approx(0, abs=1e-15)


def test_relu_switches_off_and_its_kink_is_not_green():
    assert set(slopes(typed("relu(w*x + b)", 1, -2, 1)).values()) == {0.0}
    kink = typed("relu(x)", 0.0)
    (check,) = (one for one in kink.checks if not kink.trace.graph.nodes[one.place].inputs)
    assert (check.ours, check.autograd) == (0, 0)
    assert check.difference == pytest.approx(0.5, rel=1e-9)
    assert not check.green


def test_what_breaks():
    assert typed("log(x)", -0.05).trace.trouble
    root = typed("x**0.5", 0.0)
    assert root.trace.result == 0
    assert root.trace.trouble
    assert root.trace.trouble.backward


@pytest.mark.parametrize("name", ["neuron", "loss", "softmax"])
def test_the_error_has_a_valley(name):
    found = example(name)
    for one in found.around:
        if one.name in ("y",):
            continue
        best = int(np.argmin(one.errors))
        assert 1e-8 < STEPS[best] < 1e-2
        assert one.errors[0] > 1e3 * one.errors[best]
        assert one.errors[-1] > 1e3 * one.errors[best]
    ends = [checks_of(found.trace, found.inputs, h) for h in (1e-12, 0.1)]
    assert {one.verdict for one in ends[0]} >= {"rounding"}
    assert {one.verdict for one in ends[1]} >= {"bend"}
    errors = found.around[0].errors[-4:]
    slope = np.polyfit(np.log10(STEPS[-4:]), np.log10(errors), 1)[0]
    assert slope == pytest.approx(2, abs=0.05)


def test_each_edge_is_walked_once():
    for name in EXAMPLES:
        trace = example(name).trace
        graph = trace.graph
        edges = [
            (place, position)
            for place in graph.operations
            for position in range(len(graph.nodes[place].inputs))
        ]
        wanted = [(p, i) for p, i in edges if graph.active[graph.nodes[p].inputs[i]]]
        assert sorted((one.source, one.position) for one in trace.contributions) == wanted
