"""The race as the page shows it: settings, figures, tables, the rule of a step with its numbers."""

import re

import numpy as np
import pytest

from lab.core.errors import LabError
from lab.core.events import Diverged, Done, Finished, Started
from lab.core.lesson import Context
from lab.models.surfaces import SURFACES, surface
from lab.topics.gradient_descent.race import CHALLENGES, seconds, train
from lab.topics.gradient_descent.race_rules import RULES, rule
from lab.topics.gradient_descent.race_settings import (
    OPTIMISERS,
    SUITED,
    TITLES,
    WIDEST,
    RaceDisplay,
    RaceSettings,
)
from lab.topics.gradient_descent.race_stage import RACE, ground_of, stage
from lab.topics.gradient_descent.race_table import standings, steps_table
from lab.training.racers import DEFAULT_RATES

ALL = tuple(OPTIMISERS)


def raced(**chosen):
    chosen = RaceSettings(**chosen)
    told = list(train(chosen, Context()))
    (result,) = [one.result for one in told if isinstance(one, Done)]
    return chosen, [one for one in told if not isinstance(one, Done)], result


def drawn(display=None, **chosen):
    chosen, events, result = raced(**chosen)
    return {
        panel.id: panel for panel in stage(chosen, display or RaceDisplay(), Context(), events, result).panels
    }


def test_every_surface_has_a_title_a_rate_and_a_start_within_the_sliders():
    assert TITLES.keys() == SUITED.keys() == {*SURFACES, "bowl", "own"}
    for name in TITLES:
        one = surface(name)
        assert max(map(abs, (*one.x, *one.y, *one.start))) <= WIDEST
        assert one.title == TITLES[name]
    assert surface("bowl").start == (RaceSettings().start_x, RaceSettings().start_y)
    assert SUITED["bowl"] == RaceSettings().rate
    assert tuple(DEFAULT_RATES) == ALL


def test_events_tell_who_diverged_and_when():
    chosen, events, result = raced(surface="rosenbrock", start_x=-1.2, start_y=1.0, rate=0.01)
    assert events[0] == Started(100.0, 4)
    assert events[1:3] == [Diverged(0, 6), Diverged(1, 6)]
    assert events[-1] == Finished("epochs", 100.0)
    assert stage(chosen, RaceDisplay(), Context(), events, result).notes == (
        "Gradient descent left the window at step 2 and diverged at step 6.",
        "Momentum left the window at step 2 and diverged at step 6.",
    )
    alone = raced(surface="rosenbrock", start_x=-1.2, start_y=1.0, rate=0.01, optimisers=("sgd",))
    assert alone[1][-1] == Finished("diverged", 100.0)


def test_the_map_shows_the_true_heights_and_the_paths_point_by_point():
    chosen, _events, result = raced(condition=10.0)
    panel = drawn(condition=10.0)["race_map"]
    truth = panel.figure.data[0]
    assert truth.z[7][11] == pytest.approx((truth.x[11] ** 2 + 10 * truth.y[7] ** 2) / 2, rel=1e-6)
    assert panel.figure.layout.meta == {"steps": 100, "pick": "start"}
    paths = [trace for trace in panel.figure.data if trace.meta == {"path": "line"}]
    heads = [trace for trace in panel.figure.data if trace.meta == {"path": "head"}]
    assert len(paths) == len(heads) == 4
    for number, trace in enumerate(paths):
        np.testing.assert_array_equal(trace.x, result.positions[number, :, 0])
    assert "RMSProp with a loss of 0.000246" in drawn()["race_map"].alt
    assert chosen.unused() == ("fall", "decay", "noise", "batch", "seed")


def test_contours_are_log_spaced_and_labelled_with_true_heights():
    contour = drawn(surface="rosenbrock")["race_map"].figure.data[1]
    heights = ground_of(SURFACES["rosenbrock"]).heights
    labels = [float(text) for text in contour.colorbar.ticktext]
    assert labels[0] == pytest.approx(heights.min(), abs=1e-3)
    assert labels[-1] == pytest.approx(heights.max(), rel=1e-2)
    gaps = np.diff(labels)
    assert (gaps[1:] > 2 * gaps[:-1]).all()


@pytest.mark.parametrize("log", [False, True])
def test_the_landscape_carries_the_paths_on_its_surface(log):
    panel = drawn(RaceDisplay(race_log_height=log), condition=10.0)["race_landscape"]
    _chosen, _events, result = raced(condition=10.0)
    ground, line = panel.figure.data[0], panel.figure.data[1]
    heights = ground_of(surface("bowl", 10.0)).heights
    low, high = panel.figure.layout.scene.zaxis.range
    known = np.asarray(ground.z, float)
    assert low < known.min() <= known.max() < high
    if not log:
        np.testing.assert_allclose(known, heights, rtol=1e-6)
        above = np.asarray(line.z) - result.losses[0]
        np.testing.assert_allclose(above, 0.01 * heights.max(), rtol=1e-3)
    assert line.meta == {"path": "line"}


def test_what_runs_away_is_drawn_leaving_and_stays_finite():
    panels = drawn(surface="rosenbrock", start_x=-1.2, start_y=1.0, rate=0.01, optimisers=ALL)
    for panel in panels.values():
        for trace in panel.figure.data:
            numbers = [trace[name] for name in "xyz" if name in trace]
            assert not any(np.isinf(np.asarray(one, float)).any() for one in numbers)
    axis = panels["race_loss"].figure.layout.yaxis
    assert axis.type == "log"
    assert axis.range[1] < 5  # a hundred times the start at most, though losses reach 1e200
    sgd = next(t for t in panels["race_map"].figure.data if t.name == "Gradient descent")
    assert np.nanmax(np.abs(sgd.y)) > 1e10


def test_a_curve_is_drawn_as_a_curve():
    panels = drawn(surface="waves", start_x=5.0, start_y=3.0, rate=0.1, schedule="cosine")
    assert list(panels) == ["race_curve", "race_loss", "race_rates"]
    _chosen, _events, result = raced(surface="waves", start_x=5.0, start_y=3.0, rate=0.1, schedule="cosine")
    best = int(np.argmin(result.losses[:, -1]))
    told = f"{OPTIMISERS[result.names[best]]} with a loss of {result.losses[best, -1]:.3g}"
    assert told in panels["race_curve"].alt
    assert (result.positions[:, :, 1] == 0).all()


def test_negative_losses_get_a_linear_axis():
    figure = drawn(surface="own", formula="x - y**2")["race_loss"].figure
    assert figure.layout.yaxis.type == "linear"


def test_a_start_without_a_value_or_outside_is_told():
    for asked, words in (
        ({"surface": "own", "formula": "log(x)*y"}, "no finite value at the start"),
        ({"surface": "plateau", "start_x": 7.0}, "outside of the window"),
    ):
        chosen, events, result = raced(**asked)
        assert words in stage(chosen, RaceDisplay(), Context(), events, result).notes[0]


def test_the_table_holds_each_step_and_agrees_with_itself():
    _chosen, _events, result = raced(optimisers=ALL)
    for name in ALL:
        frame = steps_table(result, name)
        assert len(frame) == 101
        moved = frame[["x", "y"]].diff().to_numpy()[1:]
        np.testing.assert_allclose(moved, frame[["update x", "update y"]].to_numpy()[1:], atol=1e-12)
        if name != "noisy":  # the slope of x^2 / 2 is x
            np.testing.assert_allclose(frame["gradient (before) x"][1:], frame["x"][:-1], atol=1e-300)
        heights = (frame["x"] ** 2 + 30 * frame["y"] ** 2) / 2
        np.testing.assert_allclose(frame["loss"], heights, rtol=1e-9, atol=1e-300)
    adam = steps_table(result, "adam")
    assert "mean gradient, corrected x" in adam
    assert adam["evaluations"].iloc[-1] == 100
    ranks = standings(result, OPTIMISERS)
    assert ranks["loss at the end"].tolist() == result.losses[:, -1].tolist()


def columns(frame, title, parts="xy"):
    return frame[[f"{title} {part}" for part in parts]].to_numpy()


def test_the_table_of_nesterov_follows_its_rule():
    chosen, _events, result = raced(optimisers=("nesterov",), surface="himmelblau", rate=0.01, momentum=0.8)
    frame, velocity = steps_table(result, "nesterov"), np.zeros(2)
    g, v, moved = (columns(frame, title) for title in ("gradient (before)", "velocity", "update"))
    for k in range(1, chosen.steps + 1):
        velocity = 0.8 * velocity + g[k]
        np.testing.assert_allclose(v[k], velocity, rtol=1e-10)
        np.testing.assert_allclose(moved[k], -0.01 * (g[k] + 0.8 * velocity), rtol=1e-7, atol=1e-13)


def test_the_table_of_adamw_follows_its_rule():
    chosen, _events, result = raced(optimisers=("adamw",), surface="himmelblau", rate=0.05, decay=0.3)
    frame, mean, square = steps_table(result, "adamw"), np.zeros(2), np.zeros(2)
    titles = ("gradient (before)", "mean gradient", "mean square", "update")
    g, m, v, moved = (columns(frame, title) for title in titles)
    for k in range(1, chosen.steps + 1):
        mean, square = 0.9 * mean + 0.1 * g[k], 0.999 * square + 0.001 * g[k] ** 2
        np.testing.assert_allclose((m[k], v[k]), (mean, square), rtol=1e-9)
        corrected = mean / (1 - 0.9**k), square / (1 - 0.999**k)
        np.testing.assert_allclose(columns(frame, "mean gradient, corrected")[k], corrected[0], rtol=1e-9)
        np.testing.assert_allclose(columns(frame, "mean square, corrected")[k], corrected[1], rtol=1e-9)
        before = frame[["x", "y"]].to_numpy()[k - 1]
        expected = -0.05 * (0.3 * before + corrected[0] / (np.sqrt(corrected[1]) + 1e-8))
        np.testing.assert_allclose(moved[k], expected, rtol=1e-6, atol=1e-12)


def test_the_table_of_lbfgs_follows_the_two_loops():
    """Nocedal and Wright, algorithm 7.4, with the one pair that is known at the second step."""
    _chosen, _events, result = raced(optimisers=("lbfgs",), surface="beale", start_x=1.0, start_y=1.5)
    frame = steps_table(result, "lbfgs")
    g, d, moved = (columns(frame, title) for title in ("gradient (before)", "direction", "update"))
    np.testing.assert_allclose(d[1], -g[1])
    s, y = moved[1], g[2] - g[1]
    alpha = s @ g[2] / (y @ s)
    scaled = (g[2] - alpha * y) * (y @ s) / (y @ y)
    np.testing.assert_allclose(d[2], -(scaled + s * (alpha - y @ scaled / (y @ s))), rtol=1e-9)
    for k in range(1, 6):
        assert moved[k] @ d[k] / (np.linalg.norm(moved[k]) * np.linalg.norm(d[k])) == pytest.approx(1)
    assert (np.diff(frame["evaluations"].iloc[:6]) >= 1).all()


def test_the_table_of_what_diverged_ends_at_its_last_finite_step():
    _chosen, _events, result = raced(surface="rosenbrock", start_x=-1.2, start_y=1.0, rate=0.01)
    frame = steps_table(result, "sgd")
    assert frame["step"].tolist() == [0, 1, 2, 3, 4, 5]
    assert np.isfinite(frame[["x", "y", "loss"]].to_numpy()).all()
    assert standings(result, OPTIMISERS)["diverged"].iloc[0] == "at step 6"


def columns_in(text):
    """Return the columns of numbers that stand in an equation."""
    inside = re.findall(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", text)
    cells = [re.sub(r"\\cdot 10\^\{(-?\d+)\}", r"e\1", one).split(r"\\") for one in inside]
    return np.array([[float(cell) for cell in one] for one in cells])


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("step", [1, 2, 37])
def test_the_rule_is_written_with_this_steps_numbers(name, step):
    chosen, _events, result = raced(
        optimisers=ALL, surface="himmelblau", rate=0.01, start_x=-0.5, start_y=-1.0
    )
    lines = rule(result, name, step, chosen.plan())
    number = result.names.index(name)
    last = next(line for line in reversed(lines) if line.startswith(r"\theta"))
    np.testing.assert_allclose(columns_in(last)[-1], result.positions[number, step], rtol=6e-4)
    seen = np.concatenate([columns_in(line) for line in lines])
    before = result.positions[number, step - 1]
    assert np.isclose(seen, before, rtol=6e-4).all(1).any()
    for memory in (result.first, result.second, result.first_corrected, result.second_corrected):
        if np.isfinite(memory[number, step - 1]).all():
            assert np.isclose(seen, memory[number, step - 1], rtol=6e-4).all(1).any()


def test_each_line_of_a_rule_computes_what_it_says():
    """The last column of an equation is what the columns before it make, for the rules that only add."""
    chosen, _events, result = raced(optimisers=ALL, momentum=0.5)
    velocity, moved = (columns_in(line) for line in rule(result, "momentum", 3, chosen.plan()))
    np.testing.assert_allclose(0.5 * velocity[0] + velocity[1], velocity[2], rtol=2e-3)
    np.testing.assert_allclose(moved[0] - 0.05 * moved[1], moved[2], rtol=2e-3, atol=1e-3)
    adagrad = columns_in(rule(result, "adagrad", 3, chosen.plan())[0])
    np.testing.assert_allclose(adagrad[0] + adagrad[1], adagrad[2], rtol=1e-3)


def test_rules_of_curves_have_single_numbers_and_of_the_diverged_none():
    chosen, _events, result = raced(surface="parabola", start_x=-3.5, optimisers=ALL)
    for name in RULES:
        lines = rule(result, name, 2, chosen.plan(), flat=True)
        assert lines
        assert not any("pmatrix" in line for line in lines)
    chosen, _events, result = raced(surface="rosenbrock", start_x=-1.2, start_y=1.0, rate=0.01)
    assert rule(result, "sgd", 6, chosen.plan()) == []
    assert rule(result, "sgd", 5, chosen.plan())


def test_without_momentum_it_is_gradient_descent():
    chosen, _events, result = raced(optimisers=("sgd", "momentum", "nesterov"), momentum=0.0)
    np.testing.assert_array_equal(result.positions[0], result.positions[1])
    np.testing.assert_array_equal(result.positions[0], result.positions[2])
    assert len(rule(result, "nesterov", 4, chosen.plan())) == len(rule(result, "sgd", 4, chosen.plan())) == 1


def test_a_formula_that_cannot_be_read_is_refused():
    with pytest.raises(LabError, match="got 'z' at column 3"):
        RaceSettings.checked({"surface": "own", "formula": "x+z"})
    chosen, faults = RaceSettings.from_query({"surface": "own", "formula": "x+z"})
    assert chosen == RaceSettings()
    assert "column 3" in str(faults[0])


def test_the_default_race_is_computed_in_place():
    assert seconds(RaceSettings()) < 0.15
    assert seconds(RaceSettings(optimisers=ALL, steps=500)) < 2
    assert RACE.float64


def test_challenges_are_met_by_what_they_ask_for_only():
    narrow, hills = (one.reached for one in CHALLENGES)
    good = {"condition": 100.0, "momentum": 0.7, "rate": 0.03, "steps": 50}
    assert narrow(*raced(**good))
    assert not narrow(*raced(**{**good, "momentum": 0.9}))
    assert not narrow(*raced(**{**good, "steps": 100}))
    assert not narrow(*raced(**good, start_x=0.0))
    good = {"surface": "waves", "start_x": 5.0, "optimisers": ("sgd",), "rate": 1.0, "schedule": "cosine"}
    assert hills(*raced(**good))
    assert not hills(*raced(**{**good, "schedule": "constant"}))
    assert not hills(*raced(**{**good, "start_x": 0.1}))
