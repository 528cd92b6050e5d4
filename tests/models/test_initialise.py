import math

import pytest
import torch

from lab.models.initialise import initial_parameters, initial_weights
from lab.training.ensemble import Architecture, Ensemble, Recipe, unpacked

RULES = ["tfp_uniform", "xavier", "he", "zeros"]


@pytest.mark.parametrize(("initial", "bound"), [("tfp_uniform", 0.5), ("xavier", math.sqrt(6 / (60 + 200)))])
def test_uniform_weights_fill_their_range_with_the_right_variance(initial, bound) -> None:
    weights = initial_weights(60, 200, initial, torch.Generator().manual_seed(0))
    assert 0.99 * bound < weights.abs().max() <= bound
    assert weights.mean().item() == pytest.approx(0, abs=0.02 * bound)
    assert weights.var().item() == pytest.approx(bound**2 / 3, rel=0.03)


def test_xavier_equals_torch_in_range() -> None:
    theirs = torch.nn.init.xavier_uniform_(
        torch.empty(200, 60, dtype=torch.float64), generator=torch.Generator().manual_seed(0)
    )
    ours = initial_weights(60, 200, "xavier", torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours.flatten(), theirs.flatten())


def test_he_weights_are_normal_with_variance_two_over_fan_in() -> None:
    weights = initial_weights(50, 400, "he", torch.Generator().manual_seed(0))
    assert weights.var().item() == pytest.approx(2 / 50, rel=0.03)
    inside = (weights.abs() < math.sqrt(2 / 50)).double().mean().item()
    assert inside == pytest.approx(math.erf(math.sqrt(0.5)), abs=0.01)


@pytest.mark.parametrize("initial", RULES)
def test_biases_are_constant(initial) -> None:
    architecture = Architecture(3, (4, 2), 1)
    parameters = initial_parameters(architecture.shapes, initial, seed=1)
    for _, biases in unpacked(architecture, parameters):
        assert (biases == (0.1 if initial == "tfp_uniform" else 0.0)).all()


def test_zeros_are_zero() -> None:
    assert not initial_parameters([(3, 4), (4, 1)], "zeros", seed=1).any()


@pytest.mark.parametrize("initial", RULES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_network_does_not_depend_on_its_neighbours_or_precision(initial, dtype) -> None:
    architecture = Architecture(3, (4, 2), 1)
    seeds = [5, 3, 11, 3]
    together = Ensemble(architecture, Recipe(), seeds, initial=initial, dtype=dtype).snapshot()
    for row, seed in zip(together, seeds, strict=True):
        assert torch.equal(row, initial_parameters(architecture.shapes, initial, seed).to(dtype))
    if initial != "zeros":
        assert not torch.equal(together[0], together[1])


def test_drawing_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    initial_parameters([(3, 4)], "he", seed=1)
    assert torch.equal(before, torch.random.get_rng_state())
