"""Products with the Hessian and its largest eigenvalue, against the whole matrix and closed forms."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.models.initialise import initial_parameters
from lab.training.architecture import Architecture
from lab.training.curvature import hessian_product, largest_eigenvalue
from lab.training.differentiable import differentiable_loss
from tests.training.test_differentiable import drawn

SMALL = Architecture(2, (4, 3), 2, output="softmax", loss="cross_entropy")


def loss_of(architecture, seed=0):
    inputs, targets = drawn(architecture, seed=seed)
    return lambda place: differentiable_loss(architecture, place, inputs, targets)


def start(count, seed=5):
    return torch.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu", "relu"])
def test_products_are_those_of_the_whole_hessian(activation):
    one = Architecture(2, (4, 3), 2, activation=activation, output="softmax", loss="cross_entropy")
    loss, place = loss_of(one), initial_parameters(one.shapes, "xavier", 3)
    whole = torch.as_tensor(torch.autograd.functional.hessian(loss, place))
    product, vector = hessian_product(loss, place), start(len(place))
    np.testing.assert_allclose(product(vector), whole @ vector, rtol=1e-9, atol=1e-12)
    small = 1e-5 * vector
    gradients = [torch.func.grad(loss)(place + side * small) for side in (1, -1)]
    np.testing.assert_allclose(product(vector), (gradients[0] - gradients[1]) / 2e-5, atol=1e-6)


@given(seed=st.integers(0, 1000), large=st.sampled_from([0.3, 1.0, 3.0]))
@settings(max_examples=25, deadline=None)
def test_power_iteration_finds_the_largest_of_all_eigenvalues(seed, large):
    loss, place = loss_of(SMALL, seed), large * initial_parameters(SMALL.shapes, "xavier", seed)
    values = torch.linalg.eigvalsh(torch.as_tensor(torch.autograd.functional.hessian(loss, place)))
    found = largest_eigenvalue(hessian_product(loss, place), start(len(place)), most=5000, tolerance=1e-4)
    assert found.value == pytest.approx(float(values[-1]), rel=1e-3)


def test_at_the_tolerance_of_a_race_it_is_right_to_two_percent():
    loss = loss_of(SMALL)
    for seed in range(20):
        place = initial_parameters(SMALL.shapes, "xavier", seed)
        values = torch.linalg.eigvalsh(torch.as_tensor(torch.autograd.functional.hessian(loss, place)))
        found = largest_eigenvalue(hessian_product(loss, place), start(len(place)))
        assert found.value == pytest.approx(float(values[-1]), rel=0.02)
        assert found.products <= 60
        assert found.converged


def test_a_linear_model_has_the_hessian_of_its_inputs():
    one = Architecture(3, (), 1)
    inputs, targets = drawn(one, examples=40)
    found = largest_eigenvalue(
        hessian_product(
            lambda place: differentiable_loss(one, place, inputs, targets), torch.zeros(4).double()
        ),
        start(4),
        most=1000,
        tolerance=1e-6,
    )
    rows = np.column_stack([inputs.numpy(), np.ones(40)])
    assert found.value == pytest.approx(np.linalg.eigvalsh(rows.T @ rows / 40)[-1], rel=1e-9)


def test_a_large_negative_eigenvalue_is_not_taken_for_the_largest():
    matrix = torch.diag(torch.tensor([2.0, -9.0, 1.0], dtype=torch.float64))
    found = largest_eigenvalue(lambda v: matrix @ v, start(3), most=500, tolerance=1e-6)
    assert found.value == pytest.approx(2.0)
    assert abs(float(found.vector[0])) == pytest.approx(1.0)


@pytest.mark.parametrize("most", [3, 500])
@pytest.mark.parametrize("sign", [1, -1])
def test_it_says_whether_the_search_came_to_rest(most, sign):
    matrix = sign * torch.diag(torch.tensor([1.0, 0.99, -0.5], dtype=torch.float64))
    found = largest_eigenvalue(lambda v: matrix @ v, start(3), most=most, tolerance=1e-3)
    residual = float((matrix @ found.vector - found.value * found.vector).norm())
    assert found.converged == (most == 500)
    assert residual <= 1e-3 * abs(found.value) or not found.converged


def test_what_has_no_number_is_told_as_such_and_a_flat_loss_has_curvature_0():
    assert np.isnan(largest_eigenvalue(lambda v: v * float("inf"), start(3)).value)
    assert largest_eigenvalue(torch.zeros_like, start(3)).value == 0
