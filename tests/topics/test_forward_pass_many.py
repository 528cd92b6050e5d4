"""Batches, costs, saturation, training and drawings of the forward pass, against torch and numpy."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from lab.core.events import Done, Evaluated, Framed
from lab.core.lesson import Context
from lab.data.digits import digits
from lab.data.drawings import drawn_picture
from lab.topics.forward_pass.examples import examples_of, picked_input, shrunk
from lab.topics.forward_pass.many import batch_inputs, batch_table, cost_table, saturation_table
from lab.topics.forward_pass.network import (
    first_parameters,
    layers_of,
    passed,
    saturated,
    sizes_of,
    slopes,
    views_of,
)
from lab.topics.forward_pass.settings import Display, Pick, Settings
from lab.topics.forward_pass.train import loss_of, train
from lab.topics.forward_pass.walk import walk_of
from tests.drawings import drawn_text
from tests.topics.forward_networks import MODULES, initial, torch_network


def test_the_batch_is_the_walk_of_each_example():
    settings, parameters = initial(data="iris", output="softmax", hidden=(4,))
    display = Display(batch=6, example=148)
    walk = walk_of(settings, display, parameters)
    for layer in (1, 2):
        scores, outputs = batch_table(settings, display, walk, layer)
        for row, example in enumerate([148, 149, 150, 1, 2, 3]):
            alone = walk_of(settings, Display(example=example), parameters).passes[layer - 1]
            np.testing.assert_allclose(scores.to_numpy()[row, 1:], alone.scores, rtol=1e-12)
            np.testing.assert_allclose(outputs.to_numpy()[row, 1:], alone.outputs, rtol=1e-12)


@pytest.mark.parametrize("hidden", [(), (3,), (64, 8, 5, 2)])
def test_costs_are_those_that_torch_counts(hidden):
    settings, parameters = initial(data="digits8", hidden=hidden, output="softmax")
    display = Display(batch=7)
    walk = walk_of(settings, display, parameters)
    network = torch_network(settings, walk)
    table = cost_table(walk.layers, display.batch)
    sizes = sizes_of(settings)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.tensor(batch_inputs(settings, display, walk)))
    assert 2 * table["multiplications"].tolist()[-1] == counter.get_total_flops()
    for number, linear in enumerate(list(network)[::2]):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            linear(torch.zeros(7, sizes[number], dtype=torch.float64))
        assert 2 * table["multiplications"].tolist()[number] == counter.get_total_flops()
    assert table["parameters"].tolist()[-1] == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("name", list(MODULES))
def test_slopes_and_saturation(name):
    scores = np.linspace(-7, 7, 57)[:, None] * np.array([1.0, 0.5, 0.1])
    found = slopes(name, scores)
    values = torch.tensor(scores)
    one, step = torch.zeros(3, dtype=torch.float64), 1e-6
    expected = np.empty_like(scores)
    for neuron in range(3):
        one.zero_()[neuron] = step
        high, low = MODULES[name](values + one), MODULES[name](values - one)
        expected[:, neuron] = (high - low)[:, neuron] / (2 * step)
    away = np.abs(scores) > 1e-3  # from the corner of ReLU
    np.testing.assert_allclose(found[away], expected[away], atol=1e-8)
    fine = torch.linspace(-9, 9, 200_001, dtype=torch.float64)
    if name != "softmax":
        curve = MODULES[name](fine).numpy()
        steepest = np.abs(np.diff(curve)).max() / float(fine[1] - fine[0])
        np.testing.assert_array_equal(saturated(name, scores)[away], (np.abs(found) < 0.05 * steepest)[away])


def test_saturation_table_counts_the_data_set():
    settings, parameters = initial(hidden=(5,), activation="relu")
    layers = layers_of(settings, parameters)
    table = saturation_table(settings, layers)
    scores = examples_of(settings).inputs @ layers[0].weights.T + layers[0].biases
    assert table["saturated (%)"].tolist()[0] == pytest.approx(100 * np.mean(scores <= 0))
    assert table["spread of z"].tolist()[0] == pytest.approx(scores.std())
    assert table["saturated on every example"].tolist()[0] == np.sum(np.all(scores <= 0, axis=0))


@pytest.mark.parametrize(
    ("data", "output"), [("iris", "softmax"), ("circle", "sigmoid"), ("plane", "linear")]
)
def test_the_loss_is_that_of_the_numbers_shown(data, output):
    settings, parameters = initial(data=data, output=output)
    examples = examples_of(settings)
    inputs, count = examples.inputs[:20], np.arange(20)
    outputs = passed(layers_of(settings, parameters), inputs)[-1].outputs
    true = examples.targets[:20]
    if output == "softmax":
        expected = -np.log(outputs[count, true]).mean()
        targets = np.eye(3)[true]
    elif output == "sigmoid":
        expected = -np.log(np.where(true == 1, outputs[:, 0], 1 - outputs[:, 0])).mean()
        targets = true[:, None].astype(float)
    else:
        expected = ((outputs[:, 0] - true) ** 2).mean()
        targets = true[:, None]
    found = loss_of(settings, torch.tensor(parameters), torch.tensor(inputs), torch.tensor(targets))
    assert found.item() == pytest.approx(expected)


def test_views_cover_the_parameters_once():
    settings = Settings(hidden=(4, 3))
    sizes = sizes_of(settings)
    views = views_of(sizes, torch.arange(100.0))
    flat = torch.cat([part.flatten() for pair in views for part in pair])
    assert flat.tolist() == list(range(sum((a + 1) * b for a, b in pairwise(sizes))))


def test_training_starts_from_the_first_parameters_and_helps():
    events = list(train(Settings(), Context()))
    first, last = [event.parameters[0] for event in events if isinstance(event, Framed)]
    np.testing.assert_array_equal(first, first_parameters(Settings()).numpy())
    done = events[-1]
    assert isinstance(done, Done)
    np.testing.assert_array_equal(last, done.result.parameters)
    (scores,) = [event.scores for event in events if isinstance(event, Evaluated)]
    assert scores["test_accuracy"][0] > 0.95
    (before,) = [e for e in train(Settings(weights="initial"), Context()) if isinstance(e, Evaluated)]
    assert before.scores["test_accuracy"][0] < 0.8


@given(st.integers(0, 2**32 - 1))
def test_a_drawing_survives_its_text(seed):
    pixels = np.random.default_rng(seed).integers(0, 4, (28, 28)).astype(np.uint8)
    text = drawn_text(pixels)
    assert Pick(drawing=text).drawing == text
    np.testing.assert_array_equal(drawn_picture(text), pixels / 3)


def test_a_drawing_is_centred_and_standardised():
    pixels = np.zeros((28, 28), np.uint8)
    pixels[2:12, 3:7] = 3
    pick = Pick(source="drawn", drawing=drawn_text(pixels))
    values = picked_input(Settings(data="digits28"), pick).reshape(28, 28)
    found = digits(28)
    ink = (1 - found.mean) / found.spread
    assert values[9:19, 12:16] == pytest.approx(ink, rel=1e-6)
    assert np.sum(values > 0) == 40
    whole = picked_input(Settings(data="digits8"), pick).reshape(8, 8)
    small = digits(8)
    assert whole.max() == pytest.approx((1 - small.mean) / small.spread, rel=1e-6)


@pytest.mark.parametrize("span", [8, 16, 21, 28])
def test_shrinking_keeps_the_ink(span):
    image = np.random.default_rng(span).random((span, span))
    small = shrunk(image, 8)
    assert small.mean() == pytest.approx(image.mean())
    if span % 8 == 0:
        blocks = image.reshape(8, span // 8, 8, span // 8).mean(axis=(1, 3))
        np.testing.assert_allclose(small, blocks)
