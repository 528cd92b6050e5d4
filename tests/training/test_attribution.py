"""Attributions against what their definitions say: autograd, a Riemann sum, a plain loop."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch.nn.functional import interpolate

from lab.models.convnet import ConvArchitecture, ConvNet
from lab.training.attribution import (
    METHODS,
    attributions,
    randomised,
    rank_correlation,
    score_gap,
    share_inside,
    weighted_layers,
)

BLACK, LABEL = -0.4, 3


@pytest.fixture(params=[("relu", (8, 16)), ("tanh", (4,)), ("leaky_relu", (4, 4))], ids=str)
def network(request):
    activation, blocks = request.param
    built = ConvNet(
        ConvArchitecture(28, blocks, activation=activation), torch.Generator().manual_seed(3)
    ).eval()
    with torch.no_grad():
        for name, values in built.named_parameters():
            if name.endswith("bias"):
                values.normal_(0, 0.1, generator=torch.Generator().manual_seed(len(name)))
    return built


@pytest.fixture
def image():
    return torch.randn(1, 28, 28, generator=torch.Generator().manual_seed(4))


def gradient(network, image):
    values = image[None].clone().requires_grad_()
    (slope,) = torch.autograd.grad(network(values)[0, LABEL], values)
    return slope[0, 0]


def test_saliency_and_its_product_are_autograds(network, image):
    maps = attributions(network, image, LABEL, black=BLACK, methods=METHODS[:2])
    slope = gradient(network, image).numpy()
    np.testing.assert_allclose(maps["saliency"], np.abs(slope), atol=1e-6)
    np.testing.assert_allclose(maps["input_x_gradient"], slope * image[0].numpy(), atol=1e-6)


def test_integrated_gradients_are_a_riemann_sum_and_complete(network, image):
    ours = attributions(network, image, LABEL, black=BLACK, methods=["integrated_gradients"])
    black = torch.full_like(image, BLACK)
    parts = (np.arange(400) + 0.5) / 400
    slopes = [gradient(network, black + float(part) * (image - black)) for part in parts]
    mean = torch.stack(slopes).mean(dim=0)
    by_hand = (mean * (image - black)[0]).numpy()
    found = ours["integrated_gradients"]
    assert np.abs(found - by_hand).max() < 0.03 * np.abs(by_hand).max()
    gap = score_gap(network, image, LABEL, BLACK)
    with torch.no_grad():
        direct = network(image[None])[0, LABEL] - network(black[None])[0, LABEL]
    assert gap == pytest.approx(direct.item(), rel=1e-4, abs=1e-5)
    assert found.sum() == pytest.approx(gap, rel=0.02, abs=0.01)


def test_grad_cam_is_its_formula(network, image):
    ours = attributions(network, image, LABEL, black=BLACK, methods=["grad_cam"])["grad_cam"]
    stages = dict(network.stages(image[None].clone().requires_grad_()))
    maps = stages[f"act{len(network.blocks)}"]
    (slope,) = torch.autograd.grad(stages["scores"][0, LABEL], maps)
    weighted = (slope.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1, keepdim=True).relu()
    wide = interpolate(weighted, size=(28, 28), mode="bilinear")[0, 0].detach().numpy()
    np.testing.assert_allclose(ours, wide, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(
    "side", [2, 3, 5, 7, 8]
)  # 5 and 8 leave a rest at the rim, which a cut square covers
def test_occlusion_is_the_mean_loss_of_score_over_the_windows_that_cover_a_pixel(network, image, side):
    ours = attributions(network, image, LABEL, black=BLACK, methods=["occlusion"], window=side)["occlusion"]
    score = network(image[None])[0, LABEL]
    total, times = np.zeros((28, 28)), np.zeros((28, 28))
    step = max(2, side // 2)
    starts = range(0, 28 - side + step, step)
    for row in starts:
        for column in starts:
            covered = image[None].clone()
            covered[..., row : row + side, column : column + side] = BLACK
            total[row : row + side, column : column + side] += float(score - network(covered)[0, LABEL])
            times[row : row + side, column : column + side] += 1
    assert times.all()
    np.testing.assert_allclose(ours, total / times, atol=1e-5)


def test_one_window_over_all_takes_the_whole_gap(network, image):
    whole = attributions(network, image, LABEL, black=BLACK, methods=["occlusion"], window=28)["occlusion"]
    np.testing.assert_allclose(whole, score_gap(network, image, LABEL, BLACK), rtol=1e-3, atol=1e-5)


def test_a_method_that_is_not_known_is_refused(network, image):
    with pytest.raises(ValueError, match="expected one of saliency"):
        attributions(network, image, LABEL, black=BLACK, methods=["gaze"])


def test_layers_are_randomised_from_the_last_on(network):
    layers = weighted_layers(network)
    for count in range(len(layers) + 1):
        other = randomised(network, count, torch.Generator().manual_seed(9)).state_dict()
        for name, values in network.state_dict().items():
            place = next(k for k, layer in enumerate(layers) if name.startswith(layer))
            kept = place < len(layers) - count
            if name.endswith("weight"):
                assert torch.equal(values, other[name]) == kept, name


@pytest.mark.parametrize("seed", range(5))
def test_rank_correlation_is_scipys(seed):
    one, other = np.random.default_rng(seed).normal(size=(2, 6, 6)).round(1).astype(np.float32)
    theirs: Any = spearmanr(np.abs(one).ravel(), np.abs(other).ravel())
    assert rank_correlation(one, other) == pytest.approx(theirs.statistic)
    assert rank_correlation(one, -one) == pytest.approx(1)
    assert np.isnan(rank_correlation(one, np.zeros_like(one)))


def test_shares_inside_a_corner():
    values = np.zeros((8, 8), np.float32)
    values[0, 0], values[5, 5] = -3, 1
    assert share_inside({"a": values}, 0, 2) == {"a": 0.75}
