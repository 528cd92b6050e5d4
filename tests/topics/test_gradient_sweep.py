"""The sweep and the map against closed forms, torch.optim and one another."""

import json
import time
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from lab.core.errors import LabError
from lab.core.events import Diverged, Done
from lab.core.lesson import Context
from lab.models.surfaces import SURFACES
from lab.topics.gradient_descent import sweep
from lab.topics.gradient_descent.edges import best_momentum, bottom, predicted_edge
from lab.topics.gradient_descent.map_stage import MAP
from lab.topics.gradient_descent.sweep import ground
from lab.topics.gradient_descent.sweep_map import needed_steps
from lab.topics.gradient_descent.sweep_settings import (
    OPTIMIZERS,
    RATES,
    MapDisplay,
    SweepDisplay,
    SweepSettings,
)
from lab.topics.gradient_descent.sweep_stage import SWEEP, chosen_rates, shown_rate

EDGED = ("sgd", "momentum", "nesterov")


def swept(chosen) -> Any:
    """Return a sweep; of which fields are None depends on its settings."""
    return sweep.swept(chosen)


def mapped(**values) -> Any:
    done = list(MAP.train(SweepSettings(**values), Context()))[-1]
    assert isinstance(done, Done)
    return done.result


def panels(one, chosen, display) -> Any:
    *events, done = one.train(chosen, Context())
    assert isinstance(done, Done)
    stage = one.stage(chosen, display, Context(), events, done.result)
    return {panel.id: panel for panel in stage.panels}, stage.notes, done.result


def within_one_cell(rates, first_above, edge):
    """Whether the edge lies between the last rate below and the first above, or in the cell beside."""
    predicted = np.searchsorted(rates, edge)
    return abs(int(first_above) - int(predicted)) <= 1


@settings(max_examples=60, deadline=None)
@given(
    condition=st.floats(1, 1000),
    optimizer=st.sampled_from(EDGED),
    momentum=st.floats(0, 0.9),
    low=st.floats(1e-5, 1e-4),
)
def test_the_observed_edge_is_within_one_cell_of_the_predicted(condition, optimizer, momentum, low):
    told = swept(
        SweepSettings(
            sweep_condition=condition,
            sweep_optimizer=optimizer,
            sweep_momentum=momentum,
            sweep_low=low,
            sweep_decades=6,
        )
    )
    factor = {"sgd": 1, "momentum": 1 + momentum, "nesterov": (1 + momentum) / (1 + 2 * momentum)}[optimizer]
    assert told.predicted == pytest.approx(2 * factor / condition)
    assert told.edge is not None
    assert within_one_cell(told.rates, told.edge, told.predicted)


@pytest.mark.parametrize("optimizer", EDGED)
@pytest.mark.parametrize(("surface", "curvature"), [("tilted", 25), ("parabola", 1), ("regression", 2)])
def test_other_bowls_have_their_edges_too(surface, curvature, optimizer):
    told = swept(SweepSettings(sweep_surface=surface, sweep_optimizer=optimizer, sweep_momentum=0.5))
    assert told.predicted == pytest.approx({"sgd": 2, "momentum": 3, "nesterov": 1.5}[optimizer] / curvature)
    assert within_one_cell(told.rates, told.edge, told.predicted)


@pytest.mark.parametrize("optimizer", EDGED)
@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.9])
def test_at_the_edge_the_step_matrix_has_an_eigenvalue_of_minus_one(optimizer, momentum):
    curvature = 7.0
    rate = predicted_edge(optimizer, momentum, curvature)
    assert rate is not None
    m = 0.0 if optimizer == "sgd" else momentum
    kept, pull = (m * m, (1 + m) * curvature) if optimizer == "nesterov" else (m, curvature)
    for share, below in ((0.999, True), (1.001, False)):
        step = np.array([[1 - share * rate * pull, -share * rate * kept], [curvature, m]])
        assert (np.abs(np.linalg.eigvals(step)).max() < 1) == below
    step = np.array([[1 - rate * pull, -rate * kept], [curvature, m]])
    assert np.abs(np.linalg.eigvals(step) + 1).min() < 1e-9


def test_other_rules_and_flat_ground_have_no_edge():
    assert all(predicted_edge(name, 0.9, 5.0) is None for name in OPTIMIZERS if name not in EDGED)
    assert predicted_edge("sgd", 0.0, 0.0) is None
    assert swept(SweepSettings(sweep_surface="kink", sweep_steps=5)).predicted is None


@settings(max_examples=20, deadline=None)
@given(st.floats(1.1, 500))
def test_the_best_rate_and_momentum_have_the_smallest_factor(condition):
    found = best_momentum(np.array([1.0, condition]))
    assert found is not None

    def factor(rate, momentum):
        matrices = [np.array([[1 - rate * c, -rate * momentum], [c, momentum]]) for c in (1.0, condition)]
        return max(np.abs(np.linalg.eigvals(one)).max() for one in matrices)

    best = factor(*found)
    root = np.sqrt(condition)
    assert best == pytest.approx((root - 1) / (root + 1), rel=1e-3)
    for rate in (0.9, 1.1):
        for momentum in (0.9, 1.1):
            assert factor(rate * found[0], momentum * found[1]) > best
    assert best_momentum(np.array([0.0, 1.0])) is None


def test_final_losses_on_the_bowl_are_the_closed_form():
    told = swept(SweepSettings(sweep_condition=30.0, sweep_steps=60))
    curvatures, start = np.array([1.0, 30.0]), np.array(ground(SweepSettings()).start)
    factors = 1 - told.rates[:, None] * curvatures
    expected = (curvatures / 2 * (factors**60 * start) ** 2).sum(axis=1)
    sound = told.diverged == 0
    np.testing.assert_allclose(told.losses[-1, sound], expected[sound], rtol=1e-6, atol=1e-13)


def test_a_diverged_rate_is_told_at_its_first_step_without_a_number():
    chosen = SweepSettings(sweep_surface="rosenbrock", sweep_steps=30)
    events = list(SWEEP.train(chosen, Context()))
    told = swept(chosen)
    lost = {event.network: event.step for event in events if isinstance(event, Diverged)}
    assert lost == {number: step for number, step in enumerate(told.diverged.tolist()) if step}
    assert lost
    for number, step in lost.items():
        assert np.isfinite(told.losses[:step, number]).all()
        assert np.isnan(told.losses[step:, number]).all()
        place = torch.tensor(told.positions[step - 1, number], requires_grad=True)
        loss = ground(chosen).value(place[0], place[1])
        (slope,) = torch.autograd.grad(loss, place)
        after = place - told.rates[number] * slope
        assert not (after.isfinite().all() and ground(chosen).value(after[0], after[1]).isfinite())


@pytest.mark.parametrize("surface", ["bowl", "tilted", "regression", "parabola"])
def test_shares_of_the_directions_add_up_to_the_loss(surface):
    told = swept(SweepSettings(sweep_surface=surface, sweep_steps=50, sweep_optimizer="momentum"))
    for rate in (0, 20, told.best):
        np.testing.assert_allclose(told.shares(rate).sum(axis=1), told.gaps()[:, rate], rtol=1e-9, atol=1e-13)


def test_the_bottom_is_the_minimum_nearest_to_the_end():
    one = SURFACES["himmelblau"]
    assert bottom(one, (-3.0, 3.0)).place == one.minima[1]
    tilted = bottom(SURFACES["tilted"], (1.0, 1.0))
    np.testing.assert_allclose(tilted.curvatures, [1, 25])
    assert bottom(SURFACES["parabola"], (0.0, 0.0)).curvatures.tolist() == [1.0]


WAVE: Any = brentq(lambda x: x / 5 + 3 * np.sin(3 * x), 1.8, 2.4)
DIPS: list[Any] = [
    brentq(lambda x: x + 10 * np.pi * np.sin(2 * np.pi * x), at - 0.2, at + 0.2) for at in (2, 3)
]
UPPER, _HILL, LOWER = np.sort(np.roots([4, 0, -4, 0.3]).real)[::-1]


@pytest.mark.parametrize(
    ("surface", "end", "curvatures"),
    [
        ("valleys", (0.9, 0.0), [12 * UPPER**2 - 4]),
        ("valleys", (-0.9, 0.0), [12 * LOWER**2 - 4]),
        ("waves", (2.3, 0.0), [0.2 + 9 * np.cos(3 * WAVE)]),
        ("rastrigin", (2.9, -2.1), [2 + 40 * np.pi**2 * np.cos(2 * np.pi * dip) for dip in DIPS]),
    ],
)
def test_the_bottom_is_that_of_the_valley_the_descents_are_in(surface, end, curvatures):
    found = bottom(SURFACES[surface], end)
    assert found.found
    np.testing.assert_allclose(found.curvatures, sorted(curvatures), rtol=1e-6)
    x, y = torch.tensor(found.place, requires_grad=True, dtype=torch.float64)
    one = SURFACES[surface]
    slopes = torch.autograd.grad(one.value(x, y), [x, y], allow_unused=True, materialize_grads=True)
    assert max(abs(slope.item()) for slope in slopes) < 1e-6


@pytest.mark.parametrize("start", [(1.8, 0.0), (-0.2, 0.0)])
def test_the_edge_of_an_upper_valley_is_its_own(start):
    """The learner's f with the two valleys: small rates stay in the upper one, right of the hill."""
    told = swept(
        SweepSettings(
            sweep_surface="own",
            sweep_formula="(x**2 - 1)**2 + 0.3*x + 0.4",
            sweep_x=start[0],
            sweep_low=0.01,
            sweep_decades=1,
        )
    )
    there = UPPER if start[0] > 0 else LOWER
    assert told.bottom.place[0] == pytest.approx(there, abs=1e-6)
    assert told.predicted == pytest.approx(2 / (12 * there**2 - 4))


def test_a_function_of_ones_own_is_swept_from_ones_own_start():
    chosen = SweepSettings(
        sweep_surface="own", sweep_formula="3*x**2 + y**2 - 5", sweep_x=2.0, sweep_y=-1.0, sweep_steps=40
    )
    told = swept(chosen)
    curvatures = np.array([6.0, 2.0])
    places = (1 - told.rates[:, None] * curvatures) ** 40 * np.array([2.0, -1.0])
    np.testing.assert_allclose(told.positions[-1], places, rtol=1e-9, atol=1e-12)
    assert told.predicted == pytest.approx(2 / 6)
    assert told.bottom.loss == pytest.approx(-5)
    assert within_one_cell(told.rates, told.edge, told.predicted)
    notes = panels(SWEEP, chosen, SweepDisplay())[1]
    assert "2 / 6 = 0.3333" in notes[0]
    assert set(chosen.unused()) == {"sweep_condition"}


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("x + y", "no minimum was found where the lowest racer ended"),
        ("abs(x)", "no minimum was found"),
        ("0*x + y - y", "The start is a lowest place"),
    ],
)
def test_a_function_without_a_minimum_has_no_edge_and_says_so(formula, said):
    chosen = SweepSettings(sweep_surface="own", sweep_formula=formula, sweep_steps=20)
    made, notes, told = panels(SWEEP, chosen, SweepDisplay())
    assert said in notes[0]
    assert told.predicted is None
    for panel in [*made.values(), *panels(MAP, chosen, MapDisplay())[0].values()]:
        assert json.dumps(panel.figure.to_dict(), allow_nan=False)


def test_a_start_without_a_value_is_refused_in_a_sentence():
    chosen = SweepSettings(sweep_surface="own", sweep_formula="log(x)", sweep_x=-1.0)
    for one in (SWEEP, MAP):
        with pytest.raises(LabError, match="Start: expected a place where f has a finite value, got"):
            list(one.train(chosen, Context()))


@pytest.mark.parametrize("kind", ["momentum", "nesterov"])
def test_a_row_of_the_map_is_the_sweep_of_its_momentum(kind):
    told = mapped(sweep_optimizer=kind, sweep_steps=40)
    for row in (0, 12, 36):
        momentum = float(told.momenta[row])
        single = swept(SweepSettings(sweep_optimizer=kind, sweep_momentum=momentum, sweep_steps=40))
        np.testing.assert_array_equal(told.gaps[row], single.gaps()[-1])
        np.testing.assert_array_equal(told.diverged[row], single.diverged)
        np.testing.assert_array_equal(told.needed[row], needed_steps(single.gaps()))
        assert told.edges is not None
        assert told.edges[row] == single.predicted


@pytest.mark.parametrize("condition", [1.0, 10.0, 100.0, 1000.0])
@pytest.mark.parametrize("kind", ["momentum", "nesterov"])
def test_the_edge_of_the_map_is_the_predicted_line(kind, condition):
    told = mapped(sweep_optimizer=kind, sweep_condition=condition)
    for gaps, edge in zip(told.gaps[:38], told.edges, strict=False):
        above = np.flatnonzero(~(gaps <= told.start))
        assert within_one_cell(told.rates, above[0], edge)


def test_steps_needed_are_counted_one_by_one():
    gaps = 100.0 * np.abs(np.random.default_rng(1).normal(size=(30, 7))) * 0.6 ** np.arange(30)[:, None]
    gaps[0] = 100.0
    for racer in range(7):
        late = [step for step in range(30) if not gaps[step, racer] <= 1.0]
        expected = np.nan if late[-1] == 29 else late[-1] + 1
        np.testing.assert_equal(needed_steps(gaps)[racer], expected)


def test_figures_tell_the_edge_and_tables_every_rate():
    chosen = SweepSettings(sweep_condition=10.0)
    made, notes, told = panels(SWEEP, chosen, SweepDisplay())
    assert list(made) == ["sweep-ends", "sweep-curves", "sweep-shares"]
    assert "2 / 10 = 0.2" in notes[0]
    traces = {trace.name: trace for trace in made["sweep-ends"].figure.data}
    assert list(traces["predicted edge"].x) == [0.2, 0.2]
    assert set(traces["observed edge"].x) == set(told.rates[told.edge - 1 : told.edge + 1])
    assert len(traces["diverged"].x) == (told.diverged > 0).sum()
    assert len(told.table()) == RATES
    assert list(told.table()["rate"]) == list(chosen.rates())
    for display, expected in ((0, told.best), (1, 0), (60, 59)):
        assert shown_rate(SweepDisplay(sweep_shown=display), told) == expected
    assert {told.best, told.edge, told.edge - 1} <= set(chosen_rates(told, 3))
    assert list(panels(SWEEP, SweepSettings(sweep_surface="beale"), SweepDisplay())[0]) == [
        "sweep-ends",
        "sweep-curves",
    ]


def test_the_map_is_drawn_in_both_colours():
    for colour in ("loss", "steps"):
        made, notes, told = panels(MAP, SweepSettings(), MapDisplay(sweep_colour=colour))
        assert {"predicted edge", "optimum by formula"} <= {t.name for t in made["sweep-map"].figure.data}
        assert "By formula" in notes[1]
        assert len(told.table()) == told.gaps.size


@pytest.mark.parametrize("surface", ["bowl", "kink", "rosenbrock"])
@pytest.mark.parametrize("low", [1e-6, 1e-3, 0.1])
@pytest.mark.parametrize("decades", [1, 7])
def test_figures_can_be_sent_whichever_marks_are_missing(surface, low, decades):
    chosen = SweepSettings(sweep_surface=surface, sweep_low=low, sweep_decades=decades, sweep_steps=5)
    for one in (SWEEP, MAP):
        for panel in panels(one, chosen, one.display())[0].values():
            assert json.dumps(panel.figure.to_dict(), allow_nan=False)


@pytest.mark.alone
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_sixty_rates_times_two_hundred_steps_take_less_than_half_a_second(optimizer):
    swept(SweepSettings(sweep_steps=5, sweep_optimizer=optimizer))
    took = []
    for _try in range(3):
        start = time.process_time()
        swept(SweepSettings(sweep_steps=200, sweep_optimizer=optimizer))
        took.append(time.process_time() - start)
    assert min(took) < 0.5
