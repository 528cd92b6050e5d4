"""The field that a value sees: by formula, and by what torch's gradients reach."""

import pytest
import torch

from lab.models.convnet import ConvArchitecture, ConvNet
from lab.models.receptive import receptive_field

CASES = [
    (ConvArchitecture(28, (4, 6), activation="tanh", pool="average"), "conv1", 5, 7),
    (ConvArchitecture(28, (4, 6), activation="tanh", pool="average"), "pool1", 12, 0),
    (ConvArchitecture(28, (4, 6), activation="tanh", pool="average"), "act2", 3, 10),
    (ConvArchitecture(28, (4, 6), activation="tanh", pool="average"), "pool2", 4, 2),
    (ConvArchitecture(28, (3, 3, 3), kernel=5, padding=2, activation="tanh", pool="average"), "conv3", 0, 6),
    (ConvArchitecture(28, (3, 3, 3), kernel=5, padding=2, activation="tanh", pool="average"), "pool3", 2, 1),
    (ConvArchitecture(8, (3,), kernel=3, padding=1, activation="sigmoid", pool="average"), "pool1", 3, 0),
]


@pytest.mark.parametrize(("architecture", "layer", "row", "column"), CASES)
def test_the_field_is_what_gradients_reach(architecture, layer, row, column):
    network = ConvNet(architecture, torch.Generator().manual_seed(1)).eval()
    images = torch.rand(
        1, 1, architecture.side, architecture.side, generator=torch.Generator().manual_seed(2)
    )
    images.requires_grad_()
    value = dict(network.stages(images))[layer][0, 0, row, column]
    (slope,) = torch.autograd.grad(value, images)
    reached = slope[0, 0] != 0
    rows, columns = receptive_field(architecture, layer, row, column).inside(architecture.side)
    expected = torch.zeros_like(reached)
    expected[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    assert torch.equal(reached, expected)


@pytest.mark.parametrize("layer", ["dense", "scores", "pool", "act_dense"])
def test_a_dense_layer_has_no_field(layer):
    with pytest.raises(ValueError, match="expected one of a block"):
        receptive_field(ConvArchitecture(28, (4,)), layer, 0, 0)
