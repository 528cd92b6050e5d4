"""Deep networks against plain torch, their first weights against their definitions."""

import math

import pytest
import torch
from torch.nn import functional

from lab.models.deep import ACTIVATIONS, DeepArchitecture, DeepNetwork, first_weights

INPUTS = torch.randn(7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def network(seed=0, **values):
    architecture = DeepArchitecture(
        **({"inputs": 5, "depth": 4, "width": 6, "outputs": 3, "initial": "he"} | values)
    )
    return DeepNetwork(architecture, torch.Generator().manual_seed(seed))


def plain(parameters, inputs, activation, normalisation, residual):
    """Return the scores, from the state of a network, with torch's functions alone."""
    depth = sum(name.endswith("linear.weight") for name in parameters)
    for number in range(depth):
        mine = {
            name.split(".", 2)[2]: p for name, p in parameters.items() if name.startswith(f"hidden.{number}.")
        }
        z = functional.linear(inputs, mine["linear.weight"], mine["linear.bias"])
        extra = mine.get("normalisation.weight"), mine.get("normalisation.bias")
        if normalisation == "batch":
            z = functional.batch_norm(z, None, None, *extra, training=True)
        elif normalisation == "layer":
            z = functional.layer_norm(z, (z.shape[1],), *extra)
        following = getattr(functional, activation)(z) if activation != "linear" else z
        inputs = inputs + following if residual and number else following
    return functional.linear(inputs, parameters["output.weight"], parameters["output.bias"])


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("normalisation", ["none", "batch", "layer"])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_the_forward_pass_is_torchs(activation, normalisation, residual):
    net = network(activation=activation, normalisation=normalisation, residual=residual)
    expected = plain(net.state_dict(), INPUTS, activation, normalisation, residual)
    torch.testing.assert_close(net(INPUTS), expected, rtol=1e-12, atol=0)


def test_the_first_layer_has_no_bridge_even_where_the_sizes_agree():
    with_bridges = network(width=5, depth=1, residual=True)
    without = network(width=5, depth=1)
    assert torch.equal(with_bridges(INPUTS), without(INPUTS))


def test_batch_normalisation_gives_each_neuron_mean_0_and_spread_1():
    net = network(normalisation="batch", activation="linear", depth=1)
    z = net.layers()[0](INPUTS)
    torch.testing.assert_close(z.mean(dim=0), torch.zeros(6, dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(
        z.var(dim=0, correction=0), torch.ones(6, dtype=torch.float64), rtol=0, atol=1e-3
    )


def test_measuring_a_network_does_not_change_it():
    net = network(normalisation="batch")
    before = {name: value.clone() for name, value in net.state_dict().items()}
    first = net(INPUTS)
    assert torch.equal(net(INPUTS), first)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


@pytest.mark.parametrize("initial", ["uniform", "normal", "xavier", "he", "torch"])
def test_first_weights_have_the_spread_of_their_rule(initial):
    inputs, outputs = 40, 500
    weights = first_weights(inputs, outputs, initial, torch.Generator().manual_seed(1))
    bound = {"uniform": 0.5, "xavier": math.sqrt(6 / (inputs + outputs)), "torch": 1 / math.sqrt(inputs)}
    spread = {"normal": 1.0, "he": math.sqrt(2 / inputs)}
    if initial in bound:
        assert 0.999 * bound[initial] < weights.abs().max() <= bound[initial]
    expected = spread.get(initial) or bound[initial] / math.sqrt(3)
    assert weights.std().item() == pytest.approx(expected, rel=0.02)
    assert weights.mean().item() == pytest.approx(0, abs=0.03 * expected)


def test_torchs_default_is_what_torch_does():
    with torch.random.fork_rng():
        torch.set_rng_state(torch.Generator().manual_seed(0).get_state())  # nn.Linear draws from this
        theirs = torch.nn.Linear(40, 500)
    mine = network(inputs=40, width=500, depth=1, initial="torch").layers()[0].linear
    for name in ("weight", "bias"):
        ours, torchs = getattr(mine, name), getattr(theirs, name)
        assert ours.std().item() == pytest.approx(torchs.std().item(), rel=0.05)
        assert ours.abs().max().item() == pytest.approx(torchs.abs().max().item(), rel=0.02)


def test_all_chance_comes_from_the_generator():
    state = torch.get_rng_state()
    one, same, other = network(4), network(4), network(5)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one(INPUTS), same(INPUTS))
    assert not torch.equal(one(INPUTS), other(INPUTS))


def test_the_layers_come_in_order():
    net = network(depth=3)
    assert [layer.linear.weight.shape for layer in net.layers()] == [(6, 5), (6, 6), (6, 6)]
    assert net.output.weight.shape == (3, 6)
