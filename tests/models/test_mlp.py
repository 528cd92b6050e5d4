"""The module computes what numpy does from its weights, and touches no generator but its own."""

import numpy as np
import pytest
import torch
from torch import nn

from lab.models.mlp import MLP


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def linear(model):
    return [layer for layer in model.layers if isinstance(layer, nn.Linear)]


@pytest.mark.parametrize("sizes", [(3, 2), (4, 5, 3), (2, 7, 6, 1)])
def test_it_computes_z_is_w_a_plus_b(sizes):
    model = MLP(sizes, generator=generator(1), dtype=torch.float64)
    with torch.no_grad():
        for layer in linear(model):
            layer.bias.normal_(generator=generator(2))
    inputs = torch.randn(9, sizes[0], generator=generator(3), dtype=torch.float64)
    activations = inputs.numpy()
    for number, layer in enumerate(linear(model), start=1):
        scores = activations @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        activations = np.maximum(scores, 0) if number < len(linear(model)) else scores
    np.testing.assert_allclose(model(inputs).detach().numpy(), activations, rtol=1e-12)


def test_weights_follow_the_rule_and_the_generator_alone():
    before = torch.random.get_rng_state()
    one, same = (MLP((400, 300, 10), generator=generator(5)) for _ in range(2))
    other = MLP((400, 300, 10), generator=generator(6))
    assert torch.equal(torch.random.get_rng_state(), before)
    for first, second in zip(one.parameters(), same.parameters(), strict=True):
        assert torch.equal(first, second)
    assert not torch.equal(linear(one)[0].weight, linear(other)[0].weight)
    assert linear(one)[0].weight.std().item() == pytest.approx((2 / 400) ** 0.5, rel=0.01)
    assert not linear(one)[0].bias.any()


@pytest.mark.parametrize("sizes", [(), (3,), (3, 0, 2)])
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="sizes: expected two or more"):
        MLP(sizes, generator=generator())
