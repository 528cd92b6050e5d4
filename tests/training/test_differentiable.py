"""The differentiable loss is that of the ensemble engine, and of PyTorch's own modules."""

import numpy as np
import pytest
import torch

from lab.models.initialise import initial_parameters
from lab.training.architecture import Architecture, losses_of
from lab.training.differentiable import FUNCTIONS, differentiable_loss
from lab.training.ensemble import Ensemble, Recipe


def drawn(architecture, examples=20, seed=0):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(examples, architecture.inputs, generator=generator, dtype=torch.float64)
    targets = torch.rand(examples, architecture.outputs, generator=generator, dtype=torch.float64)
    if architecture.output == "softmax":
        targets = targets / targets.sum(1, keepdim=True)
    return inputs, targets


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("loss", ["cross_entropy", "half_squared_error"])
def test_loss_and_gradient_are_those_of_the_engine(activation, loss):
    output = "softmax" if loss == "cross_entropy" else "tanh"
    one = Architecture(3, (5, 4), 2, activation=activation, output=output, loss=loss)
    inputs, targets = drawn(one)
    ensemble = Ensemble(one, Recipe(), [7], initial="xavier", dtype=torch.float64)
    place = initial_parameters(one.shapes, "xavier", 7).requires_grad_()
    loss_here = differentiable_loss(one, place, inputs, targets)
    (gradient,) = torch.autograd.grad(loss_here, place)
    np.testing.assert_allclose(loss_here.item(), losses_of(one, place.detach(), inputs, targets), rtol=1e-12)
    theirs = ensemble.gradients(inputs, targets)[0].numpy()
    np.testing.assert_allclose(gradient.numpy(), theirs, rtol=1e-9, atol=1e-12)


def test_another_loss_is_refused():
    one = Architecture(2, (), 1, loss="mean_squared_error")
    with pytest.raises(ValueError, match="mean_squared_error"):
        differentiable_loss(one, torch.zeros(3), torch.zeros(1, 2), torch.zeros(1, 1))
