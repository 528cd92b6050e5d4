"""Planes through the space of parameters, against numpy, scikit-learn and fresh modules."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA, TruncatedSVD
from torch import nn

from lab.models.initialise import initial_parameters
from lab.models.mlp import MLP
from lab.training.architecture import Architecture, unpacked
from lab.training.landscape import Plane, filter_normalised_axes, plane_losses, principal_axes
from tests.training.test_differentiable import drawn

ONE = Architecture(2, (5, 4), 3, output="softmax", loss="cross_entropy")


def cloud(count, size, seed=0):
    generator = np.random.default_rng(seed)
    return torch.from_numpy(generator.standard_normal((count, size)) * np.linspace(3, 0.1, size))


def module(architecture, parameters):
    """Return a fresh module with these parameters."""
    sizes = [architecture.inputs, *architecture.hidden, architecture.outputs]
    made = MLP(sizes, generator=torch.Generator(), activation=torch.tanh, dtype=torch.float64)
    linear = [layer for layer in made.layers if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for layer, (weights, biases) in zip(linear, unpacked(architecture, parameters), strict=True):
            layer.weight.copy_(weights.T)
            layer.bias.copy_(biases)
    return made


def test_losses_on_the_plane_are_those_of_fresh_modules():
    inputs, targets = drawn(ONE)
    centre = initial_parameters(ONE.shapes, "xavier", 1)
    plane = Plane(centre, filter_normalised_axes(ONE, centre, torch.Generator().manual_seed(3)))
    places = torch.rand(150, 2, generator=torch.Generator().manual_seed(4), dtype=torch.float64) * 4 - 2
    found = torch.cat(list(plane_losses(ONE, plane, places, inputs, targets)))
    for place, loss in zip(places[::7], found[::7], strict=True):
        scores = module(ONE, centre + place[0] * plane.axes[0] + place[1] * plane.axes[1])(inputs)
        assert float(loss) == pytest.approx(nn.functional.cross_entropy(scores, targets).item(), rel=1e-10)


@given(seed=st.integers(0, 100), size=st.integers(2, 40))
@settings(max_examples=20, deadline=None)
def test_principal_axes_are_numpys_and_scikit_learns(seed, size):
    points = cloud(30, size, seed)
    centre = points[-1]
    axes, shares = principal_axes(points, centre)
    apart = (points - centre).numpy()
    _left, spreads, directions = np.linalg.svd(apart, full_matrices=False)
    np.testing.assert_allclose(np.abs(np.sum(axes.numpy() * directions[:2], axis=1)), 1, atol=1e-9)
    np.testing.assert_allclose(shares, (spreads**2 / (spreads**2).sum())[:2], rtol=1e-9)
    if size > 2:
        theirs = TruncatedSVD(2, algorithm="arpack", random_state=0).fit(apart).components_
        np.testing.assert_allclose(np.abs(np.sum(axes.numpy() * theirs, axis=1)), 1, atol=1e-8)


def test_about_the_mean_it_is_principal_component_analysis():
    points = cloud(50, 8)
    axes, shares = principal_axes(points, points.mean(dim=0))
    theirs = PCA(2).fit(points.numpy())
    np.testing.assert_allclose(np.abs(np.sum(axes.numpy() * theirs.components_, axis=1)), 1, atol=1e-9)
    np.testing.assert_allclose(shares, theirs.explained_variance_ratio_, rtol=1e-9)


def test_no_plane_through_the_centre_comes_closer_to_the_points():
    points = cloud(30, 10)
    best = Plane(points[0], principal_axes(points, points[0])[0])
    least = best.distances(points).square().sum()
    _axes, shares = principal_axes(points, points[0])
    total = (points - points[0]).square().sum()
    assert float(least / total) == pytest.approx(1 - sum(shares), rel=1e-9)
    for seed in range(20):
        other = Plane(points[0], cloud(2, 10, seed))
        assert other.distances(points).square().sum() > least


@pytest.mark.parametrize("points", [torch.ones(1, 4).double(), torch.ones(5, 4).double()])
def test_points_that_are_all_the_same_still_have_a_plane(points):
    axes, shares = principal_axes(points, points[0])
    np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-12)
    assert shares == (0, 0)


def test_coordinates_and_places_turn_each_other_back():
    centre = initial_parameters(ONE.shapes, "he", 2)
    plane = Plane(centre, filter_normalised_axes(ONE, centre, torch.Generator().manual_seed(1)))
    places = cloud(12, 2)
    np.testing.assert_allclose(plane.coordinates(plane.points(places)), places, atol=1e-12)
    assert float(plane.distances(plane.points(places)).max()) < 1e-12
    off = cloud(12, len(centre))
    rest = off - plane.points(plane.coordinates(off))
    np.testing.assert_allclose(rest @ plane.axes.T, np.zeros((12, 2)), atol=1e-9)  # the nearest place
    np.testing.assert_allclose(plane.distances(off), rest.norm(dim=1))


def test_each_neuron_moves_by_the_length_of_its_own_weights():
    centre = initial_parameters(ONE.shapes, "xavier", 5)
    centre[:3] *= 100  # weights of the first neurons
    axes = filter_normalised_axes(ONE, centre, torch.Generator().manual_seed(0))
    for axis in axes:
        for (drawn_weights, drawn_biases), (weights, _biases) in zip(
            unpacked(ONE, axis), unpacked(ONE, centre), strict=True
        ):
            np.testing.assert_allclose(drawn_weights.norm(dim=0), weights.norm(dim=0), rtol=1e-12)
            assert not drawn_biases.any()
    again = filter_normalised_axes(ONE, centre, torch.Generator().manual_seed(0))
    np.testing.assert_array_equal(axes, again)
    assert not torch.equal(axes, filter_normalised_axes(ONE, centre, torch.Generator().manual_seed(1)))


def test_a_place_where_the_loss_overflows_is_told_as_it_is():
    inputs, targets = drawn(ONE)
    plane = Plane(torch.zeros(ONE.parameters).double(), torch.ones(2, ONE.parameters).double())
    huge = torch.tensor([[1e308, 1e308], [0.0, 0.0]], dtype=torch.float64)
    found = torch.cat(list(plane_losses(ONE, plane, huge, inputs, targets)))
    assert not np.isfinite(float(found[0]))
    assert float(found[1]) == pytest.approx(np.log(3))
