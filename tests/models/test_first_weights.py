"""First weights follow the libraries' rules and the generator alone."""

import math

import pytest
import torch
from torch import nn

from lab.models.first_weights import with_first_weights


def network():
    return nn.Sequential(nn.Conv2d(3, 40, 5), nn.ReLU(), nn.Flatten(), nn.Linear(600, 200))


def drawn(library, seed=0):
    return with_first_weights(network, library, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("library", ["keras", "torch"])
def test_weights_fill_the_range_of_the_rule_evenly(library):
    fans = {0: (75, 40 * 25), 3: (600, 200)}
    model = drawn(library)
    for place, (fan_in, fan_out) in fans.items():
        weight = dict(model.named_parameters())[f"{place}.weight"]
        bound = math.sqrt(6 / (fan_in + fan_out)) if library == "keras" else 1 / math.sqrt(fan_in)
        assert 0.99 * bound < weight.abs().max().item() <= bound
        assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.03)


def test_biases_are_zero_in_keras_and_drawn_in_torch():
    assert all(not bias.any() for name, bias in drawn("keras").named_parameters() if "bias" in name)
    biases = dict(drawn("torch").named_parameters())
    assert 0.9 / math.sqrt(600) < biases["3.bias"].abs().max().item() <= 1 / math.sqrt(600)


def test_torchs_own_first_weights_lie_in_the_same_range():
    with torch.random.fork_rng():
        torch.set_rng_state(torch.Generator().manual_seed(0).get_state())
        ours, theirs = drawn("torch"), network()
    for mine, own in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert own.abs().max().item() == pytest.approx(mine.abs().max().item(), rel=0.15)


def test_the_shared_generator_is_left_alone_and_the_seed_decides():
    before = torch.random.get_rng_state()
    one, same, other = drawn("torch"), drawn("torch"), drawn("torch", seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    for mine, again, differs in zip(one.parameters(), same.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, again)
        assert not torch.equal(mine, differs)
