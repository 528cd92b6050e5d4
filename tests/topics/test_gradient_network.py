"""The race on a network: paths against plain loops of torch.optim, planes and curvature by definition."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lab.core.events import Diverged, Evaluated, Finished, Started, Stepped
from lab.core.lesson import Context
from lab.models.mlp import MLP
from lab.topics.gradient_descent.network import edge, walkers
from lab.topics.gradient_descent.network_data import problem
from lab.topics.gradient_descent.network_planes import MOMENTS, planes, seen_from
from lab.topics.gradient_descent.network_settings import OPTIMIZERS, NetworkDisplay, NetworkSettings
from lab.topics.gradient_descent.network_stage import NETWORK, stage
from lab.topics.playground.settings import Settings
from lab.topics.playground.train import architecture_of, data_of, examples_of, recipe_of, seeds_of
from lab.topics.playground.train import train as playground
from lab.training.architecture import unpacked
from lab.training.ensemble import Ensemble
from lab.training.supervised import Plan
from tests.topics.network_races import race_of

QUICK = {"net_steps": 20, "net_grid": 11, "net_hidden": (5, 4), "net_data": "moons"}


def raced(**chosen):
    settings = NetworkSettings(**{**QUICK, **chosen})
    return settings, *race_of(settings)


def module(task, parameters):
    """Return a fresh module with these parameters."""
    sizes = [task.architecture.inputs, *task.architecture.hidden, task.architecture.outputs]
    made = MLP(sizes, generator=torch.Generator(), activation=torch.tanh, dtype=torch.float64)
    linear = [layer for layer in made.layers if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for layer, (weights, biases) in zip(linear, unpacked(task.architecture, parameters), strict=True):
            layer.weight.copy_(weights.T)
            layer.bias.copy_(biases)
    return made


def theirs(name, model, settings):
    weights = list(model.parameters())
    return {
        "sgd": lambda: torch.optim.SGD(weights, settings.net_rate),
        "momentum": lambda: torch.optim.SGD(weights, settings.net_rate, momentum=0.9),
        "nesterov": lambda: torch.optim.SGD(weights, settings.net_rate, momentum=0.9, nesterov=True),
        "adagrad": lambda: torch.optim.Adagrad(weights, settings.net_adaptive_rate),
        "rmsprop": lambda: torch.optim.RMSprop(weights, settings.net_adaptive_rate),
        "adamw": lambda: torch.optim.AdamW(weights, settings.net_adaptive_rate),
        "adadelta": lambda: torch.optim.Adadelta(weights),
        "adam": lambda: torch.optim.Adam(weights, settings.net_adaptive_rate),
    }[name]()


@pytest.mark.parametrize("batch", [0, 30])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_path_is_that_of_a_plain_loop(name, batch):
    settings, _events, race = raced(net_optimizers=("sgd", name), net_batch=batch, net_rate=0.1)
    task = problem(settings)
    model, first = module(task, task.start), module(task, task.start)
    optimizer = theirs(name, model, settings)
    racer = race.names.index(name)
    everything = torch.arange(len(task.inputs))
    rows, epoch = [], 0
    for step in range(settings.net_steps + 1):
        loss = cross_entropy(model(task.inputs), task.targets).item()
        assert race.losses[racer, step] == pytest.approx(loss, rel=1e-9)
        pairs = zip(model.parameters(), first.parameters(), strict=True)
        walked = np.sqrt(sum((a - b).square().sum().item() for a, b in pairs))
        assert race.walked[racer, step] == pytest.approx(walked, rel=1e-7, abs=1e-12)
        if step == settings.net_steps:
            break
        if not rows:
            epoch += 1
            order = Plan(epochs=0, seed=settings.net_seed).order(epoch, len(everything))
            rows = list(torch.from_numpy(order).split(batch)) if batch else [everything]
        some = rows.pop(0)
        optimizer.zero_grad()
        cross_entropy(model(task.inputs[some]), task.targets[some]).backward()
        optimizer.step()
    for share, examples, targets in (
        (race.train_accuracy[racer], task.inputs, task.targets),
        (race.test_accuracy[racer], task.test_inputs, task.test_targets),
    ):
        assert share == (model(examples).argmax(1) == targets.argmax(1)).double().mean().item()


@pytest.mark.parametrize("loss", ["cross_entropy", "half_squared_error"])
@pytest.mark.parametrize("data", ["spiral", "iris"])
def test_it_is_the_playgrounds_first_network(data, loss):
    shared = {"data": data, "hidden": (4, 3), "loss": loss, "initial": "xavier", "seed": 5}
    mine = NetworkSettings(
        **{f"net_{name}": value for name, value in shared.items()}, net_batch=10, net_steps=10
    )
    other = Settings(**shared, networks=2, epochs=0, batches=10, learning_rate=0.4)
    points = data_of(other, Context())
    shape = architecture_of(other, points)
    task = problem(mine)
    assert task.architecture == shape
    first = Ensemble(shape, recipe_of(other), seeds_of(other, 1), initial="xavier")
    np.testing.assert_allclose(task.start, first.snapshot()[0], rtol=1e-6)
    examples = examples_of(other, points, shape, "cpu")
    np.testing.assert_allclose(task.inputs, examples.train_inputs, rtol=1e-6)
    np.testing.assert_array_equal(task.targets, examples.train_targets)
    told = [event for event in playground(other, Context()) if isinstance(event, Evaluated)]
    _events, race = race_of(mine.changed(net_optimizers=("sgd",), net_grid=11))
    assert race.losses[0, 10] == pytest.approx(told[-1].scores["train_loss"][0], rel=1e-4)
    assert race.test_accuracy[0] == pytest.approx(told[-1].scores["test_accuracy"][0], abs=1e-6)


def test_the_planes_go_through_the_chosen_end_and_tell_the_loss_of_every_place():
    settings, _events, race = raced(net_optimizers=("sgd", "adam"), net_centre="adam")
    task, racing = problem(settings), walkers(settings, problem(settings))
    for one in racing:
        for step in range(settings.net_steps + 1):
            one.measured(step)
            one.step(None)
    paths = [torch.stack(one.path) for one in racing]
    chosen = planes(settings, task, paths, [False, False], 1)
    for name, window in chosen.items():
        shown = race.slices[name]
        np.testing.assert_allclose(shown.positions[1, -1], 0, atol=1e-9)
        assert shown.beneath[1, -1] == pytest.approx(race.losses[1, -1], rel=1e-9)
        assert shown.distances[1, -1] == pytest.approx(0, abs=1e-9)
        for row, column in ((0, 0), (10, 4), (3, 9)):
            there = window.plane.centre + window.x[column] * window.plane.axes[0]
            model = module(task, there + window.y[row] * window.plane.axes[1])
            loss = cross_entropy(model(task.inputs), task.targets).item()
            assert shown.heights[row, column] == pytest.approx(loss, rel=1e-9)
        x, y = shown.positions[0, 7]
        beneath = window.plane.centre + x * window.plane.axes[0] + y * window.plane.axes[1]
        loss = cross_entropy(module(task, beneath)(task.inputs), task.targets).item()
        assert shown.beneath[0, 7] == pytest.approx(loss, rel=1e-9)
        assert shown.distances[0, 7] == pytest.approx(float((paths[0][7] - beneath).norm()), rel=1e-6)
    apart = torch.cat(paths).numpy() - paths[1][-1].numpy()
    spreads = np.linalg.svd(apart, compute_uv=False) ** 2
    shares = race.slices["pca"].shares
    assert shares is not None
    np.testing.assert_allclose(shares, spreads[:2] / spreads.sum(), rtol=1e-6)
    assert settings.net_steps < MOMENTS


def test_the_window_holds_the_paths_and_is_never_nothing():
    _settings, _events, race = raced(net_optimizers=("sgd", "momentum"))
    shown = race.slices["pca"]
    for axis, grid in enumerate((shown.x, shown.y)):
        assert grid[0] < shown.positions[..., axis].min() < shown.positions[..., axis].max() < grid[-1]
        assert (np.diff(grid) > 0).all()
    _settings, _events, flat = raced(net_initial="zeros", net_optimizers=("sgd",))  # moves along a line
    assert np.ptp(flat.slices["pca"].y) > 0
    assert flat.slices["pca"].shares == pytest.approx((1, 0), abs=1e-9)


def test_curvature_is_the_whole_hessians():
    settings, events, race = raced(net_optimizers=("sgd", "adam"), net_rate=0.3)
    assert list(race.sharpness) == ["sgd", "adam"]
    assert race.measured[[0, -1]].tolist() == [0, 20]
    for racer in walkers(settings, problem(settings)):
        for step in range(21):
            racer.measured(step)
            if step in race.measured:
                here = racer.parameters.detach()
                whole = torch.as_tensor(torch.autograd.functional.hessian(racer.loss, here))
                place, largest = list(race.measured).index(step), float(torch.linalg.eigvalsh(whole)[-1])
                found = race.sharpness[racer.name][place]
                assert found <= (1 + 1e-9) * largest
                assert found == pytest.approx(largest, rel=0.02) or not race.settled[racer.name][place]
            racer.step(None)
    assert race.settled["sgd"].mean() > 0.9
    chart = stage(settings, NetworkDisplay(), Context(), events, race).panels[1].figure
    assert [trace.name for trace in chart.data] == ["Gradient descent", "edge of Gradient descent", "Adam"]


def test_what_has_not_come_to_rest_is_drawn_hollow_and_counted():
    settings, events, race = raced(net_optimizers=("sgd", "adagrad"))
    for number, event in enumerate(event for event in events if isinstance(event, Evaluated)):
        if "settled" in event.scores:
            event.scores["settled"][:] = (number != 4, number < 7)  # type: ignore[index]
    panel = stage(settings, NetworkDisplay(), Context(), events).panels[1]
    marks = {trace.name: trace.marker.symbol for trace in panel.figure.data if trace.mode == "lines+markers"}
    hollow = {name: [one.endswith("-open") for one in symbols] for name, symbols in marks.items()}
    assert hollow["Gradient descent"] == [step == 4 for step in race.measured]
    assert hollow["AdaGrad"] == [step >= 7 for step in race.measured]
    count = sum(map(sum, hollow.values()))
    assert f"Hollow marks, {count} of them" in panel.alt
    told = replace(race, settled={"sgd": race.measured != 4, "adagrad": race.measured < 7})
    assert told.table("pca")["curvatures not settled"].tolist() == [sum(one) for one in hollow.values()]


def test_edges_are_those_of_a_quadratic():
    settings = NetworkSettings(net_rate=0.1)
    for name, expected in (("sgd", 20.0), ("momentum", 38.0), ("nesterov", 38 / 2.8), ("adam", None)):
        assert edge(settings, name) == (expected if expected is None else pytest.approx(expected))
        if expected is None:
            continue
        for curvature, grows in ((0.97 * expected, False), (1.03 * expected, True)):
            place = nn.Parameter(torch.ones(1, dtype=torch.float64))
            momentum = {
                "sgd": {},
                "momentum": {"momentum": 0.9},
                "nesterov": {"momentum": 0.9, "nesterov": True},
            }
            optimizer = torch.optim.SGD([place], 0.1, **momentum[name])
            for _step in range(400):
                place.grad = curvature * place.detach()
                optimizer.step()
            assert (abs(place.item()) > 1) == grows


def test_what_diverges_is_named_and_others_keep_their_plane():
    wild = {"net_activation": "linear", "net_hidden": (8, 8, 8), "net_rate": 10.0, "net_adaptive_rate": 0.01}
    settings, events, race = raced(**wild, net_data="spiral", net_optimizers=("sgd", "adam"))
    (overflow,) = [event for event in events if isinstance(event, Diverged)]
    step = overflow.step
    assert race.diverged == (step, 0)
    assert np.isfinite(race.losses[0, :step]).all()
    assert np.isnan(race.losses[0, step:]).all()
    assert np.isfinite(race.losses[1]).all()
    assert np.isnan(race.train_accuracy[0])
    assert race.names[race.centre] == "adam"
    shown = race.slices["pca"]
    assert abs(shown.positions[0, step - 1]).max() > 10 * np.ptp(shown.x)  # it is shown leaving, not clamped
    drawn = stage(settings, NetworkDisplay(), Context(), events, race)
    assert drawn.notes[0] == f"Gradient descent diverged at step {step}."
    _settings, events, alone = raced(**wild, net_data="spiral", net_optimizers=("sgd",))
    assert events[-1] == Finished("diverged", 20.0)
    assert alone.losses.shape == (1, 21)


def test_losses_and_curvature_come_while_it_trains():
    settings, events, race = raced()
    assert isinstance(events[0], Started)
    told = [event for event in events if isinstance(event, Evaluated)]
    assert len(told) == settings.net_steps + 1
    shares = [event.share for event in events if isinstance(event, Stepped)]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1
    early = stage(settings, NetworkDisplay(), Context(), events[:4])
    assert [panel.id for panel in early.panels] == ["network_loss", "network_sharpness"]
    late = stage(settings, NetworkDisplay(net_plane="random", net_log_height=True), Context(), events, race)
    assert [panel.id for panel in late.panels][2:] == ["network_map", "network_landscape", "network_truth"]
    played = [panel.figure.layout.meta for panel in late.panels if panel.id != "network_sharpness"]
    assert all(meta["steps"] == settings.net_steps for meta in played)
    assert NETWORK.seconds(settings) < NETWORK.seconds(NetworkSettings())


def test_tables_hold_what_was_computed():
    settings, _events, race = raced()
    ends, steps = race.table("pca"), race.path_table("pca")
    np.testing.assert_array_equal(ends["final loss"], race.losses[:, -1])
    assert len(steps) == len(race.names) * (settings.net_steps + 1)
    last = steps[steps["step"] == settings.net_steps]
    np.testing.assert_array_equal(last["loss"], ends["final loss"])
    np.testing.assert_array_equal(last["distance from the plane"], ends["distance from the plane"])


def test_no_place_is_computed_in_one_go():
    settings = NetworkSettings(**QUICK)
    task = problem(settings)
    path = task.start[None]
    window = planes(settings, task, [path], [False], 0)["pca"]
    shares = list(seen_from(window, task, [path], 1))
    assert len(shares) > 1
    assert shares[-1] == 1
