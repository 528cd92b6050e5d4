"""Every claim of the text about the race, run."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lab.core.events import Done
from lab.core.lesson import Context
from lab.core.settings import controls_of
from lab.models.formulas import FUNCTIONS
from lab.models.surfaces import hessian, surface
from lab.topics.gradient_descent.race import train
from lab.topics.gradient_descent.race_settings import OPTIMISERS, SUITED, RaceSettings
from lab.training.racers import optimizer_of

ALL = tuple(OPTIMISERS)
TEXT = Path(__file__).parents[2] / "lab" / "text" / "en" / "gradient_descent_race.md"


def raced(**chosen):
    """Return a race as the page offers it: the surface brings its start and rate."""
    if "surface" in chosen:
        one = surface(chosen["surface"])
        start: dict[str, Any] = {"start_x": one.start[0], "start_y": one.start[1], "rate": SUITED[one.name]}
        chosen = start | chosen
    *_events, done = train(RaceSettings(**chosen), Context())
    assert isinstance(done, Done)
    return done.result


def last(result):
    return dict(zip(result.names, result.losses[:, -1].tolist(), strict=True))


def test_the_text_names_the_default_condition_number():
    text = TEXT.read_text(encoding="utf-8")
    assert f"curves {RaceSettings().condition:g} times" in text
    assert re.search(r"2/30 = 0\.067", text)


def test_a_narrow_valley():
    steep = float(np.linalg.eigvalsh(hessian(surface("bowl", 30.0), (0, 0)).numpy()).max())
    assert 2 / steep == pytest.approx(0.067, abs=5e-4)
    calm = raced(optimisers=("sgd",)).positions[0]
    assert (np.sign(calm[:10, 1]) == (-1.0) ** np.arange(10)).all()  # from wall to wall
    assert (calm[:, 0] < 0).all()
    assert (np.diff(calm[:, 0]) > 0).all()
    grown = raced(optimisers=("sgd",), rate=0.1)
    assert grown.left == (1,)
    assert (np.diff(np.abs(grown.positions[0, :, 1])) > 0).all()
    assert raced(optimisers=("sgd",), rate=0.2, steps=300).diverged == (220,)


def test_momentum():
    shared = {"condition": 100.0, "rate": 0.03, "steps": 50, "optimisers": ("sgd", "momentum")}
    found = raced(**shared, momentum=0.7)
    assert last(found)["momentum"] < 1e-6
    y = np.abs(found.positions[0, :, 1])
    assert (np.diff(y) > 0).all()  # gradient descent goes away from the valley
    assert last(raced(**shared, momentum=0.9))["momentum"] > 1


def test_turned_valley():
    """The same start in both valleys, seen from their own axes."""
    along, across = np.array([1, 1]) / np.sqrt(2), np.array([-1, 1]) / np.sqrt(2)
    x, y = (-3 * along + 1 * across).tolist()
    names = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")
    straight = last(raced(condition=25.0, start_x=-3.0, start_y=1.0, optimisers=names))
    turned = last(raced(surface="tilted", start_x=x, start_y=y, optimisers=names))
    for name in ("sgd", "momentum", "nesterov"):
        assert turned[name] == pytest.approx(straight[name], rel=1e-6)
    for name in ("adagrad", "rmsprop", "adam"):
        assert turned[name] > 1.3 * straight[name]
    rises = {name: turned[name] / straight[name] for name in names}
    assert max(rises, key=rises.__getitem__) == "rmsprop"


def test_to_divide_is_not_always_a_help():
    names = ("sgd", "momentum", "adagrad", "rmsprop", "adam")
    bowl = last(raced(optimisers=names))
    assert bowl["rmsprop"] < bowl["momentum"] < bowl["sgd"] < 2 * bowl["rmsprop"]
    assert bowl["adam"] == pytest.approx(0.3, abs=0.01)
    assert bowl["adagrad"] == pytest.approx(14, abs=0.5)
    steps = np.linalg.norm(raced(optimisers=("adagrad",)).updates[0], axis=1)
    assert (np.diff(steps) < 0).all()
    tilted = last(raced(surface="tilted", optimisers=names))
    assert tilted["sgd"] < min(tilted[name] for name in ("adagrad", "rmsprop", "adam")) / 1000


def test_rosenbrock():
    found = raced(surface="rosenbrock", rate=0.01, optimisers=("sgd", "momentum", "adam", "lbfgs"))
    assert found.diverged == (6, 6, 0, 0)
    adam = np.abs(found.updates[2]).max()
    assert adam < 1.1 * 0.01
    assert np.argmax(found.losses[3] < 1e-3) == 30
    assert found.evaluations[3, -1] > 100


def test_saddle():
    found = last(raced(surface="saddle", start_y=0.0, optimisers=ALL))
    assert all(loss >= 0.25 for name, loss in found.items() if name != "noisy")
    assert found["noisy"] < 0.25


def test_plateau():
    found = raced(surface="plateau", start_x=3.0, start_y=3.0, optimisers=("sgd", "adam"))
    assert found.gradients[0, 0] == pytest.approx([0.0004, 0.0004], abs=5e-5)
    assert np.abs(found.positions[0, -1] - 3).max() < 0.01
    assert last(found)["adam"] < 1e-3


def test_over_the_hills():
    found = last(raced(surface="waves", optimisers=ALL))
    assert found.pop("momentum") < 1e-3
    assert min(found.values()) > 1.7
    ends = raced(surface="waves", optimisers=ALL).positions[:, -1, 0]
    assert all(x > 3.5 for name, x in zip(ALL, ends, strict=True) if name != "momentum")
    assert last(raced(surface="rastrigin", optimisers=ALL))["momentum"] > 10


def test_kink():
    found = raced(surface="kink", rate=0.3, optimisers=("sgd",))
    ends = found.positions[0, -20:, 0]
    np.testing.assert_allclose(np.abs(np.diff(ends)), 0.3, atol=1e-9)
    np.testing.assert_allclose(ends[2:], ends[:-2], atol=1e-9)
    falling = raced(surface="kink", rate=0.3, optimisers=("sgd",), schedule="dynamic", fall=0.1)
    assert last(falling)["sgd"] < 0.001


def test_mini_batches():
    shared = {"surface": "regression", "optimisers": ("noisy",), "batch": 1, "steps": 500}
    tails = [raced(**shared, seed=seed).losses[0, -50:].mean() for seed in range(4)]
    assert np.mean(tails) > 0.74
    falling = {"schedule": "dynamic", "fall": 0.1}
    settled = [raced(**shared, **falling, seed=seed).losses[0, -50:].mean() for seed in range(4)]
    assert max(settled) < 0.66
    assert raced(surface="regression", optimisers=("sgd",)).losses[0, -1] == pytest.approx(0.656, abs=5e-4)


def test_adam_begins_with_a_step_as_long_as_the_rate():
    for name in ("bowl", "rosenbrock", "himmelblau"):
        found = raced(surface=name, rate=0.02, optimisers=("adam",))
        np.testing.assert_allclose(np.abs(found.updates[0, 0]), 0.02, rtol=1e-6)


def test_lbfgs_is_told_what_the_text_says():
    point = torch.nn.Parameter(torch.zeros(2))
    told, plain = optimizer_of("lbfgs", point, 1.0, RaceSettings().plan()), torch.optim.LBFGS([point])
    other = {name: value for name, value in told.defaults.items() if value != plain.defaults[name]}
    expected = {"max_iter": 1, "max_eval": 25, "history_size": 10, "line_search_fn": "strong_wolfe"}
    assert other == {name: value for name, value in expected.items() if value != plain.defaults[name]}
    assert told.defaults.items() >= expected.items()


def test_the_text_names_every_function_and_the_steps_to_set():
    text = TEXT.read_text(encoding="utf-8")
    assert f"`{' '.join(FUNCTIONS)}`" in text
    control: Any = controls_of(RaceSettings)["steps"]
    assert {300, 500} <= set(control.stops())


def test_lbfgs_has_no_rate_and_no_schedule():
    one = raced(surface="beale", optimisers=("lbfgs",), rate=0.001)
    other = raced(surface="beale", optimisers=("lbfgs",), rate=1.0, schedule="cosine")
    np.testing.assert_array_equal(one.positions, other.positions)
