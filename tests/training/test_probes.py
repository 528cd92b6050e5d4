"""What the probes tell, against the same numbers computed without hooks, and closed forms."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from lab.models.deep import DeepArchitecture, DeepNetwork
from lab.training.probes import first_overflow, layer_statistics, recording, root_mean_square

LABELS = torch.tensor([0, 1, 2, 1, 0, 2, 2, 1])


def network(**values):
    architecture = DeepArchitecture(
        **({"inputs": 4, "depth": 5, "width": 6, "outputs": 3, "initial": "he"} | values)
    )
    return DeepNetwork(architecture, torch.Generator().manual_seed(0))


def inputs(features=4):
    return torch.randn(8, features, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def probed(net, given_inputs):
    with recording(list(net.hidden)) as seen:
        functional.cross_entropy(net(given_inputs), LABELS).backward()
    return seen


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("normalisation", ["none", "batch", "layer"])
def test_statistics_are_those_of_a_pass_without_hooks(normalisation, residual):
    net = network(normalisation=normalisation, residual=residual, activation="tanh")
    seen = probed(net, inputs())
    weights = [layer.linear.weight for layer in net.layers()]
    found = layer_statistics(seen, weights)

    outputs = [inputs()]
    for layer in net.layers():
        outputs.append(layer(outputs[-1]))
    loss = functional.cross_entropy(net.output(outputs[-1]), LABELS, reduction="none")
    slopes = torch.autograd.grad(loss.sum(), outputs[1:], retain_graph=True)
    gradients = torch.autograd.grad(loss.mean(), weights)

    def rms(array):
        return np.sqrt(np.mean(np.square(array.detach().numpy())))

    np.testing.assert_allclose(found.gradient, [rms(one) for one in gradients], rtol=1e-10)
    np.testing.assert_allclose(found.slope, [rms(one) for one in slopes], rtol=1e-10)
    spreads = [np.sqrt(np.mean(np.var(one.detach().numpy(), axis=0))) for one in outputs[1:]]
    np.testing.assert_allclose(found.spread, spreads, rtol=1e-10)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_a_linear_networks_slopes_follow_the_singular_values(factor):
    """With W = factor times an orthogonal matrix, each layer multiplies the slope's length by factor."""
    net = network(inputs=6, depth=9, activation="linear")
    generator = torch.Generator().manual_seed(2)
    for layer in net.layers():
        random = torch.randn(6, 6, dtype=torch.float64, generator=generator)
        layer.linear.weight.data = factor * torch.linalg.qr(random).Q
    found = layer_statistics(probed(net, inputs(6)), [layer.linear.weight for layer in net.layers()])
    expected = found.slope[-1] * factor ** np.arange(8, -1, -1.0)
    np.testing.assert_allclose(found.slope, expected, rtol=1e-12)
    np.testing.assert_allclose(found.spread[1:] / found.spread[:-1], factor, rtol=1e-12)


def test_in_general_it_is_the_product_of_the_matrices():
    net = network(activation="linear")
    seen = probed(net, inputs())
    product = net.output.weight.detach().numpy()
    last = seen.slopes[4].numpy() @ np.linalg.pinv(product)  # p - y, over the examples
    for number in range(4, -1, -1):
        np.testing.assert_allclose(seen.slopes[number].numpy(), last @ product, rtol=1e-9)
        product = product @ net.layers()[number].linear.weight.detach().numpy()


def test_hooks_are_gone_after_the_block_and_after_an_error():
    net = network()
    layers = list(net.hidden)
    with recording(layers):
        assert all(layer._forward_hooks for layer in layers)
    with pytest.raises(RuntimeError), recording(layers):
        net(torch.zeros(2, 99, dtype=torch.float64))
    with pytest.raises(ValueError, match="mine"), recording(layers):
        raise ValueError("mine")
    assert not any(layer._forward_hooks for layer in layers)


def test_a_backward_pass_after_the_block_is_not_heard():
    net = network()
    with recording(list(net.hidden)) as seen:
        loss = functional.cross_entropy(net(inputs()), LABELS)
    loss.backward()
    assert set(seen.outputs) == set(range(5))
    assert not seen.slopes


def test_recording_changes_neither_outputs_nor_gradients():
    watched, alone = network(), network()
    probed(watched, inputs())
    functional.cross_entropy(alone(inputs()), LABELS).backward()
    for mine, other in zip(watched.parameters(), alone.parameters(), strict=True):
        assert mine.grad is not None
        assert other.grad is not None
        assert torch.equal(mine.grad, other.grad)


def test_statistics_need_a_backward_pass():
    net = network()
    with recording(list(net.hidden)) as seen:
        net(inputs())
    with pytest.raises(ValueError, match="call backward first"):
        layer_statistics(seen, [layer.linear.weight for layer in net.layers()])


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=20), st.integers(-250, 250))
def test_the_root_mean_square_holds_at_every_power_of_ten(values, power):
    plain = float(np.sqrt(np.mean(np.square(np.array(values)))))
    if plain == 0 or min(abs(v) for v in values if v) < 1e-30:
        return
    scaled = torch.tensor(values, dtype=torch.float64) * 10.0**power
    assert root_mean_square(scaled).item() == pytest.approx(plain * 10.0**power, rel=1e-9)


def test_of_nothing_but_zeros_it_is_zero_and_overflow_stays_overflow():
    assert root_mean_square(torch.zeros(3)).item() == 0
    assert root_mean_square(torch.tensor([1.0, float("inf")])).item() == float("inf")


def test_the_first_layer_that_overflows_is_named():
    net = network(activation="linear")
    with torch.no_grad():
        net.layers()[2].linear.weight.mul_(1e200)
        net.layers()[3].linear.weight.mul_(1e200)
        with recording(list(net.hidden)) as seen:
            net(inputs())
    assert first_overflow(seen) == 3
    with recording(list(net.layers()[:3])) as seen:
        net(inputs())
    assert first_overflow(seen) is None
