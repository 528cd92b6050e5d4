"""The numbers of the forward pass against torch, and the settings that hold a learner's changes."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lab.core.errors import SettingError
from lab.topics.forward_pass.equations import (
    activation_equation,
    four,
    matrix_equation,
    named_terms,
    softmax_equations,
    sum_equation,
)
from lab.topics.forward_pass.settings import ACTIVATIONS, Display, Edit, Pick, Settings, edits_in
from lab.topics.forward_pass.walk import first_step_of, walk_of
from tests.topics.forward_networks import initial, torch_network


def random_case(seed):
    """Return settings and a display drawn at random."""
    random = np.random.default_rng(seed)
    data = random.choice(["circle", "iris", "moons", "spiral3", "digits8"])
    hidden = tuple(int(size) for size in random.integers(1, 9, random.integers(0, 5)))
    names = [str(name) for name in random.choice(list(ACTIVATIONS), max(len(hidden), 1))]
    own = ",".join(f"{k}:{name}" for k, name in enumerate(names[: len(hidden)], 1))
    settings, parameters = initial(
        data=str(data),
        hidden=hidden,
        activations=own,
        output=str(random.choice(["linear", "sigmoid", "softmax"])),
        initial=str(random.choice(["xavier", "he", "tfp_uniform"])),
        seed=seed,
    )
    edits = (Edit(1, 0, 0, 0.75), Edit(1, 0, -1, -1.25), Edit(0, 0, 1, 2.5))
    pick = Pick(example=int(random.integers(1, 150))).edited(*edits)
    return settings, Display(**dict(pick), step=int(random.integers(1, 60))), parameters


@pytest.mark.parametrize("seed", range(10))
def test_every_number_of_the_walk_and_its_equations_is_torchs(seed):
    settings, display, parameters = random_case(seed)
    walk = walk_of(settings, display, parameters)
    values = torch.tensor(walk.inputs)
    modules = list(torch_network(settings, walk))
    for done, linear, activation in zip(walk.passes, modules[::2], modules[1::2], strict=True):
        scores = linear(values)
        values = activation(scores)
        np.testing.assert_allclose(done.scores, scores, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(done.outputs, values, rtol=1e-12, atol=1e-12)
    check_equations(settings, walk, modules)


def check_equations(settings, walk, modules):
    """Read the unrounded numbers back from the equations, at the current step."""
    step = walk.step
    before = torch.tensor(walk.inputs)
    for module in modules[: 2 * (step.layer - 1)]:
        before = module(before)
    linear, activation = modules[2 * (step.layer - 1) : 2 * step.layer]
    scores = linear(before)
    form = repr_of_float
    found = [numbers_in(line) for line in sum_equation(walk, form).split(r"\\")]
    assert found[-1][-1] == pytest.approx(float(scores[step.neuron]), rel=1e-6, abs=1e-12)
    named = named_terms(walk)
    for index, numbers in zip(named, found, strict=False):
        weight, value = float(linear.weight[step.neuron, index]), float(before[index])
        assert numbers[-3:] == pytest.approx([weight, value, weight * value], rel=1e-6, abs=1e-12)
    assert sum(numbers[-1] for numbers in found[:-1]) == pytest.approx(found[-1][-1], rel=1e-6, abs=1e-9)
    output = float(activation(scores)[step.neuron])
    said = numbers_in(activation_equation(walk, form))
    assert said[-1] == pytest.approx(output, rel=1e-6, abs=1e-12)
    bold = [
        float(one)
        for one in re.findall(r"\\mathbf\{(-?[\d.]+e[+-]\d+)\}", matrix_equation(walk, step.layer, form))
    ]
    if len(scores) <= 8 and len(before) <= 8:
        row = [*linear.weight[step.neuron], linear.bias[step.neuron], scores[step.neuron]]
        assert bold == pytest.approx([float(one) for one in row], rel=1e-6)


def repr_of_float(value):
    return f"{float(value):.17e}"


def numbers_in(text):
    return [float(one) for one in re.findall(r"-?\d+\.\d+e[+-]\d+", text)]


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
def test_softmax_is_opened_up_truly(temperature):
    scores = np.array([1.5, -0.5, 700.0, 699.0])
    lines = softmax_equations(scores, temperature, list("abcd"), repr_of_float).split(r"\\")
    shares = torch.softmax(torch.tensor(scores) / temperature, 0)
    rows = [numbers_in(line) for line in lines[1:-1]]
    assert [row[-1] for row in rows] == pytest.approx(shares.tolist(), rel=1e-6)
    powers = [row[-2] for row in rows]
    total, whole = numbers_in(lines[-1])
    assert [power / total for power in powers] == pytest.approx(shares.tolist(), rel=1e-6)
    assert whole == pytest.approx(1.0)


def test_long_sums_show_the_largest_terms_and_add_the_others_up():
    settings, parameters = initial(data="digits8", hidden=(3,))
    walk = walk_of(settings, Display(step=1), parameters)
    terms = walk.layers[0].weights[0] * walk.inputs
    named = named_terms(walk)
    assert sorted(named) == sorted(np.argsort(-np.abs(terms), kind="stable")[:6])
    rest = numbers_in(sum_equation(walk, repr_of_float).split(r"\\")[6])
    assert rest[-1] == pytest.approx(terms.sum() - terms[named].sum())


def test_an_edit_changes_everything_after_it_and_nothing_before():
    settings, parameters = initial(hidden=(3, 2))
    plain = walk_of(settings, Display(), parameters)
    pick = Pick().edited(Edit(2, 1, 2, 4.0))
    edited = walk_of(settings, Display(**dict(pick)), parameters)
    assert edited.layers[1].weights[1, 2] == 4.0
    np.testing.assert_array_equal(plain.passes[0].outputs, edited.passes[0].outputs)
    assert plain.passes[1].scores[0] == edited.passes[1].scores[0]
    assert plain.passes[1].scores[1] != edited.passes[1].scores[1]
    assert plain.passes[2].outputs != edited.passes[2].outputs
    change = (4.0 - plain.layers[1].weights[1, 2]) * plain.passes[0].outputs[2]
    assert edited.passes[1].scores[1] - plain.passes[1].scores[1] == pytest.approx(change)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 63), st.integers(-1, 783), st.floats(-1e5, 1e5)),
        max_size=9,
    )
)
def test_edits_survive_the_url(places):
    edits = [
        Edit(layer, neuron if layer else 0, source if layer else max(source, 0), round(value, 6))
        for layer, neuron, source, value in places
    ]
    pick = Pick().edited(*edits)
    again, faults = Pick.from_query(pick.to_query())
    assert not faults
    assert again == pick
    last = {(e.layer, e.neuron, e.source): e.value for e in edits}
    assert {(e.layer, e.neuron, e.source): e.value for e in again.hand_edits()} == pytest.approx(last)


def test_what_cannot_be_used_is_said_in_a_sentence():
    with pytest.raises(SettingError, match="Numbers set by hand"):
        Pick().edited(Edit(1, 0, 0, 1e12))
    with pytest.raises(SettingError, match="Output: expected linear"):
        Settings(data="plane", output="softmax")
    with pytest.raises(SettingError, match="Drawn digit"):
        Pick(drawing="<script>")
    assert list(edits_in("")) == []


def test_edits_of_places_that_are_not_there_are_passed_over():
    settings, parameters = initial(hidden=())
    text = "w5.0.0=1,b1.63=2,w1.0.700=3,x700=4"
    plain, edited = (walk_of(settings, Display(edits=one), parameters) for one in ("", text))
    np.testing.assert_array_equal(plain.passes[-1].outputs, edited.passes[-1].outputs)


def test_the_walk_visits_each_neuron_twice_and_jumps():
    settings, parameters = initial(hidden=(3, 2), data="iris", output="softmax")
    walk = walk_of(settings, Display(step=999), parameters)
    assert walk.place == len(walk.steps) - 1 == 2 * (3 + 2 + 3)
    assert all(walk.reached(number, "activate").all() for number in (1, 2, 3))
    begin = first_step_of(walk.steps, 2)
    there = walk_of(settings, Display(step=begin), parameters)
    assert (there.step.layer, there.step.neuron, there.step.phase) == (2, 0, "sum")
    assert there.reached(1, "activate").all()
    assert not there.reached(2, "activate").any()
    assert there.reached(2, "sum").tolist() == [True, False]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_four_significant_digits(value):
    text = four(value).replace(r"\cdot 10^{", "e").replace("}", "")
    assert float(text) == float(f"{value:.4g}")
