"""The convolutional network against torch's functional layers, its table against torch's own counter."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from lab.models.convnet import (
    ConvArchitecture,
    ConvNet,
    DenseTwin,
    GeneratorDropout,
    filters_of,
    twin_width,
)

FUNCTIONS = {
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
}
POOLS = {"max": functional.max_pool2d, "average": functional.avg_pool2d}
FEW = settings(max_examples=25, deadline=None)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@st.composite
def architectures(draw):
    """Return any small architecture that its images are large enough for."""
    blocks = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)))
    kernel, same = draw(st.sampled_from([1, 3, 5])), draw(st.booleans())
    side = draw(st.integers(8, 28))
    left = side
    for _ in blocks:
        left = (left if same else left - kernel + 1) // 2
    if left < 1:
        side = 28 + 8 * len(blocks)
    return ConvArchitecture(
        side=side,
        blocks=blocks,
        kernel=kernel,
        padding=kernel // 2 if same else 0,
        batch_norm=draw(st.booleans()),
        dropout=draw(st.sampled_from([0.0, 0.5])),
        dense=draw(st.sampled_from([0, 7])),
        classes=draw(st.integers(2, 10)),
        activation=draw(st.sampled_from(list(FUNCTIONS))),
        pool=draw(st.sampled_from(list(POOLS))),
    )


def functional_scores(architecture, weights, images):
    """Return the scores by torch's functions alone, from the weights by name."""
    act = FUNCTIONS[architecture.activation]
    values = images
    for number in range(len(architecture.blocks)):
        name = f"blocks.{number}"
        conv = weights[f"{name}.conv.weight"], weights[f"{name}.conv.bias"]
        values = functional.conv2d(values, *conv, padding=architecture.padding)
        if architecture.batch_norm:
            learned = weights[f"{name}.norm.weight"], weights[f"{name}.norm.bias"]
            known = weights[f"{name}.norm.running_mean"], weights[f"{name}.norm.running_var"]
            values = functional.batch_norm(values, *known, *learned)
        values = POOLS[architecture.pool](act(values), 2)
    values = values.flatten(1)
    if architecture.dense:
        values = act(functional.linear(values, weights["dense.weight"], weights["dense.bias"]))
    return functional.linear(values, weights["output.weight"], weights["output.bias"])


@given(architecture=architectures(), seed=st.integers(0, 99))
@FEW
@torch.no_grad()
def test_it_computes_what_torchs_functions_compute(architecture, seed):
    network = ConvNet(architecture, generator(seed)).eval()
    for name, value in network.named_buffers():
        if "running" in name:
            value.uniform_(0.5, 1.5, generator=generator(seed))
    images = torch.randn(3, 1, architecture.side, architecture.side, generator=generator(seed + 1))
    wanted = functional_scores(architecture, network.state_dict(), images)
    scale = wanted.abs().max().clamp(min=1)
    torch.testing.assert_close(network(images) / scale, wanted / scale, atol=1e-5, rtol=0)
    fast = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    found = fast(images.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(found / scale, wanted / scale, atol=1e-5, rtol=0)


@given(architecture=architectures())
@FEW
@torch.no_grad()
def test_the_table_has_the_shapes_and_counts_of_torch(architecture):
    network = ConvNet(architecture, generator()).eval()
    images = torch.zeros(1, 1, architecture.side, architecture.side)
    table, stages = architecture.table(), network.stages(images)
    assert [row.name for row in table] == [name for name, _ in stages]
    assert [row.shape for row in table] == [tuple(made.shape[1:]) for _, made in stages]
    torch.testing.assert_close(stages[-1][1], network(images))
    assert architecture.parameters == sum(one.numel() for one in network.parameters())
    with FlopCounterMode(display=False) as counted:
        network(images)
    assert sum(row.flops for row in table) == counted.get_total_flops()


def test_the_texts_network():
    wide = ConvArchitecture(28, (32, 64))
    rows = {row.name: row for row in wide.table()}
    assert rows["conv1"].parameters == 320
    assert rows["conv2"].parameters == 18_496
    assert rows["pool2"].shape == (64, 5, 5)
    assert rows["dense"].parameters == 1600 * 128 + 128
    assert wide.parameters == 225_034


def test_first_weights_are_hes_with_biases_of_zero_and_leave_the_shared_generator_alone():
    before = torch.get_rng_state()
    network = ConvNet(ConvArchitecture(28, (64, 64), kernel=5), generator(3))
    first, second = (one.detach() for one in filters_of(network))
    assert first.shape == (64, 1, 5, 5)
    assert float(first.std()) == pytest.approx((2 / 25) ** 0.5, rel=0.05)
    assert float(second.std()) == pytest.approx((2 / (64 * 25)) ** 0.5, rel=0.02)
    assert all(not value.any() for name, value in network.named_parameters() if name.endswith("bias"))
    again = ConvNet(ConvArchitecture(28, (64, 64), kernel=5), generator(3))
    assert torch.equal(first, filters_of(again)[0])
    DenseTwin(network.architecture, generator(3))
    assert torch.equal(before, torch.get_rng_state())


@given(architecture=architectures())
@FEW
def test_the_twin_has_nearly_as_many_parameters(architecture):
    twin = DenseTwin(architecture, generator())
    count = sum(one.numel() for one in twin.parameters())
    neuron = architecture.side**2 + 1 + architecture.classes
    assert abs(count - architecture.parameters) <= neuron / 2 + 1 or twin_width(architecture) == 1


def test_dropout_follows_its_generator_and_does_nothing_once_trained():
    layer = GeneratorDropout(0.3)
    values = torch.ones(200, 500)
    layer.generator.manual_seed(5)
    one = layer(values)
    layer.generator.manual_seed(5)
    assert torch.equal(one, layer(values))
    assert not torch.equal(one, layer(values))
    assert float((one == 0).float().mean()) == pytest.approx(0.3, abs=0.01)
    assert np.unique(one.numpy()) == pytest.approx([0, 1 / 0.7])
    assert torch.equal(layer.eval()(values), values)


@pytest.mark.parametrize(("side", "blocks"), [(28, ()), (8, (4, 4)), (3, (1,))])
def test_images_that_are_too_small_are_refused(side, blocks):
    with pytest.raises(ValueError, match=f"images of {side} pixels"):
        ConvArchitecture(side, blocks)
