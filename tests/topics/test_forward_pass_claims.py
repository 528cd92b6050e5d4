"""Every claim in the text of the forward pass, asserted on the run it speaks of."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from lab.core.events import Framed
from lab.core.lesson import Context
from lab.data.digits import digits
from lab.topics.forward_pass.examples import examples_of, picked_input
from lab.topics.forward_pass.many import cost_table, saturation_table
from lab.topics.forward_pass.network import activated, layers_of, passed
from lab.topics.forward_pass.settings import Display, Edit, Pick, Settings
from lab.topics.forward_pass.train import train
from lab.topics.forward_pass.walk import walk_of
from tests.drawings import drawn_text


@cache
def parameters(settings_json):
    events = train(Settings.model_validate_json(settings_json), Context())
    return [event.parameters[0] for event in events if isinstance(event, Framed)][-1]


def network(**values):
    settings = Settings(**values)
    return settings, layers_of(settings, parameters(settings.key()))


def walk(settings, **values):
    return walk_of(settings, Display(**values), parameters(settings.key()))


def test_another_point_changes_numbers_but_no_weight():
    settings = Settings()
    one, other = walk(settings), walk(settings, example=2)
    for first, second in zip(one.layers, other.layers, strict=True):
        np.testing.assert_array_equal(first.weights, second.weights)
    for first, second in zip(one.passes, other.passes, strict=True):
        assert (first.outputs != second.outputs).all()


def test_a_weight_moves_its_neuron_and_later_layers_and_an_output_bias_only_the_answer():
    settings = Settings()
    plain = walk(settings)
    weight = walk(settings, edits=Pick().edited(Edit(1, 0, 0, 2.0)).edits)
    changed = plain.passes[0].outputs != weight.passes[0].outputs
    assert changed.tolist() == [True, False, False, False]
    assert (plain.passes[1].outputs != weight.passes[1].outputs).all()
    bias = walk(settings, edits=Pick().edited(Edit(3, 0, -1, 2.0)).edits)
    for layer in (0, 1):
        np.testing.assert_array_equal(plain.passes[layer].outputs, bias.passes[layer].outputs)
    assert plain.passes[2].outputs != bias.passes[2].outputs


def test_linear_layers_are_one_matrix_and_one_bias():
    settings, layers = network(activation="linear", output="linear", hidden=(5, 4, 3))
    matrix, bias = np.eye(2), np.zeros(2)
    for layer in layers:
        matrix, bias = layer.weights @ matrix, layer.weights @ bias + layer.biases
    inputs = examples_of(settings).inputs
    outputs = passed(layers, inputs)[-1].outputs
    np.testing.assert_allclose(outputs, inputs @ matrix.T + bias, atol=1e-12)
    line = np.linspace([-3.0, 1.0], [2.0, 4.0], 20)
    np.testing.assert_allclose(np.diff(passed(layers, line)[-1].outputs, 2, axis=0), 0, atol=1e-12)


def test_zeros_say_one_half_to_everything():
    settings, layers = network(initial="zeros", weights="initial")
    passes = passed(layers, examples_of(settings).inputs)
    assert all((done.scores == 0).all() for done in passes)
    assert (passes[-1].outputs == 0.5).all()


@pytest.mark.parametrize(("side", "low", "high"), [(28, 0.8, 1.0), (8, 0.4, 0.6)])
def test_most_drawn_digits_are_recognised_but_only_half_by_the_network_of_other_data(side, low, high):
    """Handwritten digits that no network has seen, in the sheet's four greys and moved off its middle."""
    settings, layers = network(data=f"digits{side}", output="softmax", hidden=(16,))
    found = digits(28)
    images = found.test_images[:200]
    right = 0
    for image, label in zip(images, found.test_labels, strict=False):
        grey = np.roll(np.round(image / 85).astype(np.uint8), (2, -3), (0, 1))
        values = picked_input(settings, Pick(source="drawn", drawing=drawn_text(grey)))
        right += passed(layers, values)[-1].outputs.argmax() == label
    assert low < right / len(images) <= high


def test_temperature_evens_out_and_sharpens_but_keeps_the_order():
    settings, layers = network(data="digits28", output="softmax", hidden=(16,))
    scores = passed(layers, examples_of(settings).inputs[:50])[-1].scores
    cold, plain, hot = (activated("softmax", scores / t) for t in (0.1, 1.0, 10.0))
    for shares in (cold, hot):
        np.testing.assert_array_equal(shares.argsort(axis=1)[:, -3:], plain.argsort(axis=1)[:, -3:])
    assert np.median(cold.max(axis=1)) > 0.99
    assert np.median(hot.max(axis=1)) < 0.3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_uniform_weights_saturate_784_inputs_and_xaviers_do_not(seed):
    values = {"data": "digits28", "hidden": (16,), "weights": "initial", "seed": seed}
    share = {
        rule: saturation_table(*network(initial=rule, **values))["saturated (%)"].tolist()[0]
        for rule in ("tfp_uniform", "xavier")
    }
    assert share["tfp_uniform"] > 50
    assert share["xavier"] < 25


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_deep_sigmoids_say_the_same_to_everyone(seed):
    deep = {"hidden": (8, 8, 8, 8), "activation": "sigmoid", "weights": "initial", "seed": seed}
    settings, layers = network(**deep)
    passes = passed(layers, examples_of(settings).inputs)
    spreads = [done.outputs.std(axis=0).mean() for done in passes[:-1]]
    assert all(second < first for first, second in pairwise(spreads))
    assert np.ptp(passes[-1].outputs) < 0.05


def test_nearly_all_multiplications_are_in_the_first_layer_of_an_image_network():
    _settings, layers = network(data="digits28", output="softmax", hidden=(16,), weights="initial")
    first, second, total = cost_table(layers, 1)["multiplications"].tolist()
    assert (first, second, total) == (784 * 16, 160, 784 * 16 + 160)
