"""The noise of batches against numpy, autograd and the formula for samples without repetition."""

from itertools import combinations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from lab.training.batch_noise import COPIES, batch_noise, predicted_noise
from lab.training.ensemble import Architecture, Ensemble, Recipe

EXAMPLES = 70


@pytest.fixture(scope="module")
def case():
    """Return a network, inputs and one-hot targets, and autograd's gradient of each example."""
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(EXAMPLES, 4, generator=generator, dtype=torch.float64)
    labels = torch.randint(3, (EXAMPLES,), generator=generator)
    targets = torch.eye(3, dtype=torch.float64)[labels]
    shape = Architecture(4, (5,), 3, output="softmax", loss="cross_entropy")
    network = Ensemble(shape, Recipe(), [8], initial="xavier", dtype=torch.float64)
    flat = network.snapshot()[0]
    single = np.stack([autograd(flat, inputs[i], labels[i]) for i in range(EXAMPLES)])
    return network, inputs, targets, single


def autograd(flat, row, label):
    """Return the gradient of one example's loss, layers written out."""
    weights = flat.clone().requires_grad_()
    first, bias, second, last = weights.split([20, 5, 15, 3])
    scores = torch.tanh(row @ first.view(4, 5) + bias) @ second.view(5, 3) + last
    (gradient,) = torch.autograd.grad(cross_entropy(scores[None], label[None]), weights)
    return gradient.numpy()


def test_full_gradient_and_formula_are_those_of_single_gradients(case):
    network, inputs, targets, single = case
    told = batch_noise(network, inputs, targets, [1, 10, EXAMPLES], seed=1)
    mean = single.mean(axis=0)
    assert told.full == pytest.approx(np.linalg.norm(mean))
    spread = np.sqrt(((single - mean) ** 2).sum(axis=1).mean())
    corrected = np.sqrt((EXAMPLES - 10) / (EXAMPLES - 1) / 10)
    np.testing.assert_allclose(told.predicted, [spread, spread * corrected, 0], atol=1e-12)


def test_drawn_batches_are_means_of_single_gradients(case):
    network, inputs, targets, single = case
    told = batch_noise(network, inputs, targets, [6], seed=5)
    generator = np.random.default_rng(5)
    batches = [generator.permutation(EXAMPLES)[:6] for _copy in range(COPIES)]
    away = [single[batch].mean(axis=0) - single.mean(axis=0) for batch in batches]
    assert told.drawn[0] == pytest.approx(np.sqrt((np.array(away) ** 2).sum(axis=1).mean()))


def test_it_falls_with_the_root_of_the_size(case):
    network, inputs, targets, _single = case
    told = batch_noise(network, inputs, targets, [1, 4, 16, EXAMPLES], seed=2)
    np.testing.assert_allclose(told.drawn[:3], told.predicted[:3], rtol=0.15)
    assert told.drawn[3] < 1e-12


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_the_formula_is_exact_over_all_batches(size):
    values = np.array([3.0, -1.0, 4.0, 1.0, -5.0])
    means = np.array([np.mean(batch) for batch in combinations(values, size)])
    expected = np.sqrt(((means - values.mean()) ** 2).mean())
    assert predicted_noise(float(values.std()), size, 5) == pytest.approx(expected, abs=1e-12)


def test_one_example_alone_has_no_noise():
    assert predicted_noise(0.0, 1, 1) == 0.0
