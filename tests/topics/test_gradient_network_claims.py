"""What the text about the network says, computed."""

from functools import cache

import numpy as np
import pytest
import torch
from scipy.interpolate import RegularGridInterpolator

from lab.topics.gradient_descent.network import edge, walkers
from lab.topics.gradient_descent.network_data import problem
from lab.topics.gradient_descent.network_settings import NetworkSettings
from lab.training.curvature import largest_eigenvalue
from tests.topics.network_races import race_of


@cache
def raced(**chosen):
    settings = NetworkSettings(**chosen)
    return settings, race_of(settings)[1]


def descent(rate, **chosen):
    return raced(net_optimizers=("sgd",), net_rate=rate, net_grid=11, **chosen)


def test_two_valleys():
    _settings, race = raced()
    assert race.names == ("sgd", "momentum", "adam")
    assert race.parameters == 354
    shown = race.slices["pca"]
    apart = np.linalg.norm(shown.positions[1, -1] - shown.positions[2, -1])
    assert apart == pytest.approx(19, abs=0.5)
    np.testing.assert_allclose(race.train_accuracy[1:], 249 / 250)
    assert race.walked[0, -1] < min(race.walked[1:, -1]) / 3
    assert shown.beneath[1:, -1].max() < 0.06
    between = shown.positions[1, -1] + np.linspace(0, 1, 21)[:, None] * np.diff(
        shown.positions[1:, -1], axis=0
    )
    told = RegularGridInterpolator((shown.y, shown.x), shown.heights)(between[:, ::-1])
    assert told.max() > 3


def test_how_true_the_picture_is():
    _settings, race = raced()
    shown = race.slices["pca"]
    assert race.names[race.centre] == "momentum"
    assert shown.shares is not None
    assert sum(shown.shares) == pytest.approx(0.98, abs=0.005)
    assert shown.distances[2, -1] == pytest.approx(1.8, abs=0.05)
    assert race.losses[2, -1] == pytest.approx(0.015, abs=5e-4)
    assert shown.beneath[2, -1] == pytest.approx(0.057, abs=5e-4)


def test_random_directions_do_not_see_the_paths():
    _settings, race = raced()
    shown = race.slices["random"]
    np.testing.assert_allclose(shown.distances[:, 0], 18, atol=0.5)
    assert np.ptp(shown.positions.reshape(-1, 2), axis=0).max() == pytest.approx(0.11, abs=0.005)
    middle = len(shown.x) // 2
    assert shown.heights[middle, middle] == pytest.approx(race.losses[1, -1])
    assert shown.heights[middle, middle] < 1.01 * shown.heights.min()


def test_progressive_sharpening_and_the_edge_of_stability():
    settings, race = descent(0.4)
    sharp, limit = race.sharpness["sgd"], edge(settings, "sgd")
    assert limit == 5
    assert sharp[0] == pytest.approx(3, abs=0.1)
    before = race.measured <= 140
    assert (np.diff(sharp[before]) > 0).all()
    assert sharp[before][-1] > 7
    jump = race.losses[0, 140:180]
    assert jump.max() > 1.2 * jump[0]
    late = race.measured >= 180
    assert (np.abs(sharp[late] / limit - 1) < 0.15).all()
    falls = np.diff(race.losses[0, 180:])
    assert (falls > 0).any()
    assert race.losses[0, -1] < 0.75 * race.losses[0, 180]


@pytest.mark.parametrize(("rate", "limit"), [(0.3, 6.7), (0.5, 4.0)])
def test_the_same_happens_at_other_rates(rate, limit):
    settings, race = descent(rate)
    assert edge(settings, "sgd") == pytest.approx(limit, abs=0.05)
    sharp = race.sharpness["sgd"]
    assert sharp.max() > 1.25 * limit
    late = sharp[race.measured >= 260] / limit
    burst = late[-1:] if rate == 0.5 else late[:0]
    assert (np.abs(late[: len(late) - len(burst)] - 1) < 0.16).all()
    assert (burst < 1.5).all()


def test_at_a_small_rate_the_edge_is_not_reached():
    _settings, race = descent(0.1)
    sharp = race.sharpness["sgd"]
    assert sharp.max() < 20
    assert (np.diff(sharp[2:]) > 0).all()
    assert (np.diff(race.losses[0]) < 0).all()


def test_momentum_has_another_edge():
    assert edge(NetworkSettings(), "momentum") == pytest.approx(9.5)


def test_adams_curvature_climbs_while_its_loss_falls():
    settings, race = raced()
    assert edge(settings, "adam") is None
    assert race.sharpness["adam"][-1] > 50
    assert race.losses[2, -1] < 0.1 * race.losses[2, 0]
    assert all(settled.all() for settled in race.settled.values())


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_curvature_of_the_whole_network_is_that_of_the_whole_hessian(name):
    settings, race = raced()
    task = problem(settings)
    racer = next(one for one in walkers(settings, task) if one.name == name)
    for step in range(501):
        racer.measured(step)
        if step in (0, 140, 500):
            whole = torch.as_tensor(torch.autograd.functional.hessian(racer.loss, racer.parameters.detach()))
            assert whole.shape == (354, 354)
            found = race.sharpness[name][list(race.measured).index(step)]
            assert found == pytest.approx(float(torch.linalg.eigvalsh(whole)[-1]), rel=0.02)
        racer.step(None)


def test_batches_of_ten_lead_where_it_bends_less():
    _settings, race = descent(0.4, net_batch=10)
    assert race.sharpness["sgd"][race.measured >= 20].max() < 1.5


def test_on_digits_the_curvature_falls_again():
    settings, race = descent(0.3, net_data="digits", net_hidden=(16, 16, 16))
    sharp = race.sharpness["sgd"]
    assert sharp[0] == pytest.approx(2.5, abs=0.05)
    assert sharp.max() == pytest.approx(6.0, abs=0.05)
    assert sharp.max() < edge(settings, "sgd") == pytest.approx(6.7, abs=0.05)
    assert sharp[-1] == pytest.approx(0.5, abs=0.05)
    assert race.train_accuracy[0] == 1


def test_power_iteration_ends_as_the_text_says():
    assert largest_eigenvalue.__kwdefaults__ == {"most": 60, "tolerance": 0.02}
