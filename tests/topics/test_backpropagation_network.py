"""The look into a network: equations, tables, curves and notes against torch, and every claim of its text."""

import math
import re
from functools import cache

import numpy as np
import pytest
import torch
from torch.nn import functional

from lab.core.events import Diverged, Done
from lab.core.lesson import Context
from lab.core.stage import Stage
from lab.topics.backpropagation import network_equations as equations
from lab.topics.backpropagation.network import NETWORK, data, first_layers, look, trained
from lab.topics.backpropagation.network_result import GREEN_BELOW, Place
from lab.topics.backpropagation.network_settings import (
    ACTIVATIONS,
    DATA_SETS,
    INITIALS,
    NetworkDisplay,
    NetworkSettings,
)
from lab.topics.backpropagation.network_stage import network_stage

SEEDS = (1, 2, 3)
NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)(?:\\cdot10\^\{(-?\d+)\})?")
TORCH = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "gelu": functional.gelu,
    "linear": lambda z: z,
}


@cache
def looked(**values):
    return look(NetworkSettings(**values))


def random_settings(number):
    generator = np.random.default_rng(number)
    hidden = tuple(int(size) for size in generator.integers(1, 9, generator.integers(0, 5)))
    return NetworkSettings(
        net_data=str(generator.choice(list(DATA_SETS))),
        net_hidden=hidden,
        net_activation=str(generator.choice(list(ACTIVATIONS))),
        net_initial=str(generator.choice(list(INITIALS))),
        net_rate=float(generator.choice([0.01, 0.1, 0.5])),
        net_epochs=int(generator.choice([0, 1, 20])),
        net_seed=number,
        net_example=int(generator.integers(1, 121)),
        net_layer=int(generator.integers(1, 6)),
        net_to=int(generator.integers(1, 9)),
        net_from=int(generator.integers(1, 9)),
    )


class Torch:
    """The same network in torch, with z and weights that know their gradients."""

    def __init__(self, settings, found):
        self.inputs, self.labels, _names, _classes = data(settings.net_data, settings.net_seed)
        self.activation = TORCH[settings.net_activation]
        self.parameters = [torch.tensor(p, requires_grad=True) for layer in found.layers for p in layer]

    def loss(self, rows, parameters=None):
        parameters = parameters or self.parameters
        hidden, self.scores, self.activations = self.inputs[rows], [], []
        for number in range(0, len(parameters), 2):
            self.activations.append(hidden)
            z = functional.linear(hidden, *parameters[number : number + 2])
            if z.requires_grad:
                z.retain_grad()
            self.scores.append(z)
            hidden = self.activation(z)
        return functional.cross_entropy(self.scores[-1], self.labels[rows])


def result_of(katex):
    """Return the number after the last equals sign."""
    match = NUMBER.fullmatch(katex.removesuffix(r"\end{aligned}").rpartition("=")[2])
    assert match
    return float(match[1]) * 10.0 ** int(match[2] or 0)


@pytest.mark.parametrize("number", range(10))
def test_the_numbers_in_the_equations_are_torchs(number):
    settings = random_settings(number)
    found = look(settings)
    layer, to, source = found.place
    theirs = Torch(settings, found)

    row = settings.net_example - 1
    loss = theirs.loss(slice(row, row + 1))
    loss.backward()
    weights, delta = theirs.parameters[2 * layer], theirs.scores[layer].grad
    assert weights.grad is not None
    assert delta is not None
    assert found.example_loss == pytest.approx(loss.item(), rel=1e-6, abs=1e-15)
    assert result_of(equations.delta(found, 17)) == pytest.approx(delta[0, to].item(), rel=1e-6, abs=1e-15)
    told = equations.example_gradient(found, 17)
    assert result_of(told) == pytest.approx(weights.grad[to, source].item(), rel=1e-6, abs=1e-15)
    factors = [text.strip("()") for text in re.split(r"\\cdot(?!10)", told.split("=")[2])]
    parts = [result_of("=" + text) for text in factors]
    assert parts[0] == pytest.approx(delta[0, to].item(), rel=1e-6, abs=1e-15)
    assert parts[1] == pytest.approx(theirs.activations[layer][0, source].item(), rel=1e-6, abs=1e-15)

    for parameter in theirs.parameters:
        parameter.grad = None
    before = theirs.loss(slice(None))
    before.backward()
    assert weights.grad is not None
    slope = weights.grad[to, source].item()
    assert found.loss == pytest.approx(before.item(), rel=1e-6, abs=1e-15)
    assert result_of(equations.mean_gradient(found, 17)) == pytest.approx(slope, rel=1e-6, abs=1e-15)
    new = weights[to, source].item() - settings.net_rate * slope
    assert result_of(equations.update(found, 17)) == pytest.approx(new, rel=1e-6, abs=1e-15)

    _check_changes(settings, found, theirs, before)


def _check_changes(settings, found, theirs, before):
    """Compare both pairs of a predicted and a true change with an update made by torch."""
    layer, to, source = found.place
    for told, chosen in ((equations.predicted_change, None), (equations.predicted_change_alone, found.place)):
        moved, predicted = [], 0.0
        for number, parameter in enumerate(theirs.parameters):
            gradient = parameter.grad
            if chosen:
                kept = torch.zeros_like(gradient)
                if number == 2 * layer:
                    kept[to, source] = gradient[to, source]
                gradient = kept
            predicted -= settings.net_rate * gradient.square().sum().item()
            moved.append(parameter.detach() - settings.net_rate * gradient)
        true = (theirs.loss(slice(None), moved) - before).item()
        _symbols, prediction, outcome = told(found, 17).removesuffix(r"\end{aligned}").split(r"\\")[-3:]
        assert result_of(prediction) == pytest.approx(predicted, rel=1e-6, abs=1e-15)
        assert result_of(outcome) == pytest.approx(true, rel=1e-6, abs=1e-14)


@pytest.mark.parametrize("number", range(3))
def test_the_page_shows_four_digits_of_the_same_numbers(number):
    found = look(random_settings(number))
    for equation in (equations.delta, equations.update, equations.mean_gradient):
        assert result_of(equation(found)) == pytest.approx(result_of(equation(found, 17)), rel=1e-3)


def test_the_terms_of_delta_add_up():
    """With so few neurons that none is left out, upstream is the sum of the products shown."""
    found = looked(net_hidden=(4, 3))
    lines = equations.delta(found, 17).removesuffix(r"\end{aligned}").split(r"\\")
    pairs = [
        tuple(result_of("=" + part) for part in pair)
        for pair in re.findall(r"\(?(-?[\d.e]+)\)?\\cdot\(?(-?[\d.e]+)\)?", lines[1])
    ]
    upstream = result_of("=" + re.split(r"\\cdot(?!10)", lines[2].removeprefix("&="))[0].strip("()"))
    assert len(pairs) == 3
    assert sum(one * other for one, other in pairs) == pytest.approx(upstream, rel=1e-9)


def test_shapes_are_those_of_the_matrices():
    found = looked(net_hidden=(4, 3))
    lines = equations.shapes(found)
    assert len(lines) == 1 + 3 + 2
    pattern = re.compile(r"_\{(\d+)\\times(\d+)\}")
    shapes = [[(int(a), int(b)) for a, b in pattern.findall(line)] for line in lines]
    for result, left, right in shapes[1::2]:  # dL/dW = delta a^T
        assert (left[0], right[1]) == result
        assert left[1] == right[0] == 1
    for result, left, right, slopes in shapes[2::2]:  # delta = (W^T delta) * f'
        assert (left[0], right[1]) == result == slopes
        assert left[1] == right[0]
    assert [line[0] for line in shapes[1::2]] == [layer.weights.shape for layer in reversed(found.layers)]


@pytest.mark.parametrize("number", range(5))
def test_the_check_is_green_and_can_turn_red(number):
    found = look(random_settings(number))
    assert all(said.startswith("✓") for said in found.check()["equal"])
    wrong = found.mean_autograd[0].weights
    wrong[0, 0] += 1e-5 * np.abs(wrong).max() + 1e-30
    first = found.check().iloc[0]
    assert first["equal"].startswith("✗")
    assert float(first["error to autograd"]) > GREEN_BELOW


def test_the_table_holds_every_parameter_and_its_update():
    found = looked(net_hidden=(4, 3), net_epochs=10)
    table = found.table()
    assert len(table) == sum(layer.weights.size + layer.biases.size for layer in found.layers)
    row = table.query("layer == 2 and parameter == 'w 3←4'").iloc[0]
    assert row["value"] == found.layers[1].weights[2, 3]
    assert row["mean gradient"] == found.mean_gradient[1].weights[2, 3]
    assert row["gradient, example 1"] == found.example_gradient[1].weights[2, 3]
    assert row["new value"] == pytest.approx(row["value"] - 0.5 * row["mean gradient"], rel=1e-12)
    bias = table.query("layer == 3 and parameter == 'b 2'").iloc[0]
    assert bias["mean gradient"] == found.mean_gradient[2].biases[1]


def test_an_epoch_is_one_step_of_torchs_gradient_descent():
    settings = NetworkSettings(net_epochs=15, net_data="moons", net_activation="relu", net_rate=0.3)
    inputs, labels, _names, _classes = data("moons", 1)
    tensors = [
        p.clone().requires_grad_() for layer in first_layers(settings) for p in (layer.weights, layer.biases)
    ]
    optimizer = torch.optim.SGD(tensors, lr=0.3)
    for _epoch in range(15):
        hidden = inputs
        for number in (0, 2, 4):
            z = functional.linear(hidden, *tensors[number : number + 2])
            hidden = torch.relu(z)
        optimizer.zero_grad()
        functional.cross_entropy(z, labels).backward()
        optimizer.step()
    layers, overflow = trained(settings)
    assert overflow == 0
    for mine, theirs in zip([p for one in layers for p in (one.weights, one.biases)], tensors, strict=True):
        torch.testing.assert_close(mine, theirs.detach(), rtol=1e-10, atol=1e-13)


def test_a_place_beyond_the_network_is_its_last():
    found = looked(net_layer=5, net_to=16, net_from=64, net_hidden=(4, 3))
    assert found.place == Place(2, 2, 2)


def test_the_largest_gradient_is_the_largest():
    found = looked(net_hidden=(4, 3))
    largest = found.largest()
    size = abs(found.mean_gradient[largest.layer].weights[largest.to, largest.source])
    assert size == max(np.abs(one.weights).max() for one in found.mean_gradient)


def test_an_overflow_is_taken_back_and_told():
    settings = NetworkSettings(net_rate=100, net_epochs=200, net_activation="linear", net_hidden=(16,) * 4)
    items = list(NETWORK.train(settings, Context()))
    events = [item for item in items if not isinstance(item, Done)]
    (diverged,) = [event for event in events if isinstance(event, Diverged)]
    done = items[-1]
    assert isinstance(done, Done)
    found = done.result
    assert diverged.step == found.overflow > 1
    before, none = trained(settings.changed(net_epochs=found.overflow - 1))
    assert none == 0
    np.testing.assert_array_equal(found.layers[0].weights, before[0].weights)
    assert all(np.isfinite(layer.weights).all() for layer in found.layers)
    notes = network_stage(settings, NetworkDisplay(), Context(), events, found).notes
    assert f"Epoch {found.overflow} overflowed" in notes[-1]


@pytest.mark.parametrize("averaged", ["example", "mean"])
def test_maps_and_curves_show_the_result(averaged):
    settings = NetworkSettings()
    found = look(settings)
    stage = network_stage(settings, NetworkDisplay(averaged=averaged), Context(), [], found)
    panels = {panel.id: panel for panel in stage.panels}
    gradient = found.example_gradient if averaged == "example" else found.mean_gradient
    for number, one in enumerate(gradient, start=1):
        (heat,) = panels[f"gradient-{number}"].figure.data
        np.testing.assert_array_equal(heat.z, one.weights)
        assert -heat.zmin == heat.zmax == np.abs(one.weights).max()
    for panel, change in (("change-all", found.all_weights), ("change-one", found.one_weight)):
        curves = {trace.name: trace for trace in panels[panel].figure.data}
        np.testing.assert_array_equal(curves["predicted fall, g·Δw"].y, -change.predicted)
        fell = change.true < 0
        np.testing.assert_array_equal(curves["true fall"].y[fell], -change.true[fell])
        assert np.isnan(curves["true fall"].y[~fell]).all()
        np.testing.assert_array_equal(curves["true rise"].y[change.true > 0], change.true[change.true > 0])
    assert network_stage(settings, NetworkDisplay(), Context(), []) == Stage()


def test_one_colour_scale_is_that_of_the_largest():
    found = looked()
    stage = network_stage(NetworkSettings(), NetworkDisplay(one_scale=True), Context(), [], found)
    scales = {panel.figure.data[0].zmax for panel in stage.panels if panel.id.startswith("gradient")}
    assert scales == {max(np.abs(one.weights).max() for one in found.mean_gradient)}


# What the text claims.


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu"])
@pytest.mark.parametrize("which", ["all_weights", "one_weight"])
def test_the_difference_falls_with_the_square_of_the_rate(activation, which):
    change = getattr(looked(net_activation=activation), which)
    small = (change.steps > 1e-3) & (change.steps < 2e-2)
    error = np.abs(change.true - change.predicted)[small]
    slope = np.polyfit(np.log10(change.steps[small]), np.log10(error), 1)[0]
    assert slope == pytest.approx(2, abs=0.02)
    tenfold = error[-1] / error[-1 - 12]  # twelve points to a power of ten
    assert tenfold == pytest.approx(100, rel=0.1)


def test_where_the_promise_breaks_on_the_irises():
    here = looked().all_weights
    assert here.holds_up_to() == pytest.approx(0.3, abs=0.03)
    assert -here.predicted_here == pytest.approx(0.205, abs=5e-4)
    assert -here.true_here == pytest.approx(0.175, abs=5e-4)
    far = looked(net_rate=10.0)
    assert -far.all_weights.predicted_here == pytest.approx(4.1, abs=0.05)
    assert far.loss == pytest.approx(1.07, abs=0.005)
    assert far.all_weights.true_here > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_after_training_the_prediction_holds_further(seed):
    before, after = looked(net_seed=seed), looked(net_seed=seed, net_epochs=200)
    assert after.all_weights.holds_up_to() > 30 * before.all_weights.holds_up_to()
    for one, other in zip(after.mean_gradient, before.mean_gradient, strict=True):
        assert one.norm() < 0.1 * other.norm()


def test_one_weight_alone_holds_further():
    found = looked()
    assert found.place == Place(0, 0, 0)
    assert found.one_weight.holds_up_to() == pytest.approx(4.6, abs=0.1)
    assert found.one_weight.holds_up_to() > 14 * found.all_weights.holds_up_to()


def test_one_example_pulls_harder_than_the_mean():
    for epochs, factor in ((0, 1), (200, 3)):
        found = looked(net_epochs=epochs)
        for one, mean in zip(found.example_gradient, found.mean_gradient, strict=True):
            assert one.norm() > factor * mean.norm()


def test_relu_turns_neurons_off_for_an_example():
    found = looked(net_activation="relu", net_initial="he")
    assert not found.deltas[1].any()
    assert not found.example_gradient[0].weights.any()
    assert not found.example_gradient[1].weights.any()
    assert found.mean_gradient[0].norm() > 0.1
    assert found.mean_gradient[1].norm() > 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_sigmoid_layers_starve_the_first(seed):
    gradient = looked(net_activation="sigmoid", net_hidden=(8, 8, 8, 8), net_seed=seed).mean_gradient
    assert gradient[-1].norm() > 50 * gradient[0].norm()


def test_limits_are_said_in_words():
    assert math.isnan(looked(net_activation="relu", net_initial="he").one_weight.holds_up_to())
    settings = NetworkSettings(net_activation="relu", net_initial="he")
    notes = network_stage(settings, NetworkDisplay(), Context(), [], look(settings)).notes
    assert "there is no slope to predict a fall from" in notes[2]
    assert "w 1←1 of layer 1" in notes[2]
