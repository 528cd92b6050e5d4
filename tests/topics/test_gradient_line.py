"""The line fitted by hand: loss, gradient and descent against numpy, scikit-learn and closed forms."""

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from lab.core.errors import DataError
from lab.core.events import Diverged, Done, Finished
from lab.core.lesson import Context
from lab.data.regression import diabetes
from lab.data.tables import table_key
from lab.topics.gradient_descent.line import CHALLENGES, Columns, columns_of, train
from lab.topics.gradient_descent.line_settings import LineDisplay, LineSettings
from lab.topics.gradient_descent.line_stage import stage

NUMBERS = "x,z,y\n" + "".join(f"{n},{n % 7},{3 * n + 1 + (n % 3)}\n" for n in range(40))
CLASSES = "x,z,y\n" + "".join(f"{n},{n % 7},{'ab'[n % 2]}\n" for n in range(40))


def fitted(context: Any = None, **chosen: Any) -> tuple[list[Any], Any]:
    *events, done = train(LineSettings(**chosen), context or Context())
    assert isinstance(done, Done)
    return events, done.result


def gradient_by_hand(columns, slope, intercept):
    error = slope * columns.x + intercept - columns.y
    return np.array([2 * (error * columns.x).mean(), 2 * error.mean()])


@given(slope=st.floats(-3, 3), intercept=st.floats(-3, 3), table=st.sampled_from(["bmi", "bp", "s5", "age"]))
@settings(max_examples=30, deadline=None)
def test_loss_and_gradient_are_those_of_the_formula(slope, intercept, table):
    _events, one = fitted(slope=slope, intercept=intercept, line_table=table)
    x, y = one.columns.x, one.columns.y
    assert one.losses[0] == pytest.approx(((slope * x + intercept - y) ** 2).mean(), rel=1e-9)
    np.testing.assert_allclose(
        one.gradients[0], gradient_by_hand(one.columns, slope, intercept), rtol=1e-8, atol=1e-12
    )
    small = 1e-6
    for place, step in enumerate(([small, 0], [0, small])):
        ends = [
            ((w * x + b - y) ** 2).mean() for w, b in np.array([slope, intercept]) + np.outer([1, -1], step)
        ]
        assert one.gradients[0][place] == pytest.approx((ends[0] - ends[1]) / (2 * small), abs=1e-5)


def test_the_steps_are_the_rule_by_hand():
    _events, one = fitted(slope=-2, intercept=2.5, line_rate=0.3, line_steps=30)
    line = np.array([-2, 2.5])
    for place in one.path:
        np.testing.assert_allclose(place, line, atol=1e-9)
        line = line - 0.3 * gradient_by_hand(one.columns, *line)


def test_on_the_round_bowl_steps_have_a_closed_form():
    _events, one = fitted(slope=-2, intercept=2.5, line_rate=0.8, line_steps=12)
    steps = np.arange(13)[:, None]
    closed = one.best + (1 - 0.8 * 2) ** steps * (one.path[0] - one.best)
    np.testing.assert_allclose(one.path, closed, atol=1e-9)
    assert one.edge == pytest.approx(1)


@pytest.mark.parametrize("table", ["bmi", "bp", "s5", "age"])
def test_the_best_line_is_scikit_learns_in_both_units(table):
    _events, one = fitted(line_table=table)
    frame = diabetes()
    theirs = LinearRegression().fit(frame[[table]].to_numpy(), frame["target"])
    own = one.columns.own_units(*one.best)
    np.testing.assert_allclose(own, (theirs.coef_[0], theirs.intercept_), rtol=1e-9)
    r2 = theirs.score(frame[[table]].to_numpy(), frame["target"])
    assert one.least == pytest.approx(1 - r2, rel=1e-9)
    assert one.table()["slope in own units"].iloc[2] == pytest.approx(theirs.coef_[0])


def test_a_rate_beyond_the_edge_diverges_and_is_named():
    events, one = fitted(line_rate=3, line_steps=500)
    overflow = next(event for event in events if isinstance(event, Diverged))
    assert events[-1] == Finished("diverged", 500)
    assert overflow.step == one.overflow == len(one.path)
    assert np.isfinite(one.losses).all()
    # (1 - rate x curvature)^2 = 25 multiplies what is above the least loss, until float64 has no number left
    most = np.log(sys.float_info.max / one.losses[0])
    assert one.overflow == pytest.approx(most / np.log(25), abs=3)
    chosen = LineSettings(line_rate=3, line_steps=500)
    assert "Diverged at step" in stage(chosen, LineDisplay(), Context(), events, one).notes[0]


def test_an_own_table_is_fitted_and_one_with_classes_is_refused_in_a_sentence():
    raw = NUMBERS.encode()
    context = Context(files={table_key(raw): raw})
    _events, one = fitted(context, line_table="csv", line_file=table_key(raw))
    slope, intercept = np.polyfit(np.arange(40), [3 * n + 1 + (n % 3) for n in range(40)], 1)
    np.testing.assert_allclose(one.columns.own_units(*one.best), (slope, intercept), rtol=1e-8)
    second = columns_of(LineSettings(line_table="csv_second", line_file=table_key(raw)), context)
    assert second.names == ("z", "y")
    classes = CLASSES.encode()
    with pytest.raises(DataError, match="row 2, column 'y': expected a finite number, got 'a'"):
        fitted(Context(files={table_key(classes): classes}), line_table="csv", line_file=table_key(classes))
    with pytest.raises(DataError, match="a table uploaded on this page"):
        fitted(line_table="csv")


@pytest.mark.parametrize("count", [2, 40])
def test_a_table_of_two_columns_is_fitted_and_whole_numbers_are_numbers(count):
    values = [n % count for n in range(40)]
    raw = ("x,y\n" + "".join(f"{n / 2},{value}\n" for n, value in enumerate(values))).encode()
    context, key = Context(files={table_key(raw): raw}), table_key(raw)
    _events, one = fitted(context, line_table="csv", line_file=key)
    assert one.columns.names == ("x", "y")
    expected = np.polyfit(np.arange(40) / 2, values, 1)
    np.testing.assert_allclose(one.columns.own_units(*one.best), expected, rtol=1e-8, atol=1e-12)
    with pytest.raises(DataError, match="Data: expected a table of three columns, to tell from its second"):
        fitted(context, line_table="csv_second", line_file=key)


def test_the_map_shows_the_loss_of_each_line():
    chosen = LineSettings(slope=0.5, line_steps=3)
    events, one = fitted(slope=0.5, line_steps=3)
    plane = stage(chosen, LineDisplay(), Context(), events, one).panels[1].figure
    ground = plane.data[0]
    for row, column in ((0, 0), (30, 12), (60, 45)):
        error = ground.x[column] * one.columns.x + ground.y[row] - one.columns.y
        assert ground.z[row][column] == pytest.approx((error**2).mean(), rel=1e-5)
    assert plane.layout.meta == {"pick": "line_place", "steps": 3}


def test_challenges_are_met_by_what_they_ask_for_only():
    by_hand, three = (one.reached for one in CHALLENGES)
    events, off = fitted()
    assert not by_hand(LineSettings(), events, off)
    best: dict[str, Any] = {"slope": round(float(off.best[0]), 2), "intercept": 0.0}
    assert by_hand(LineSettings(**best), *fitted(**best))
    helped: dict[str, Any] = {"line_rate": 0.5, "line_steps": 1}
    assert not by_hand(LineSettings(**helped), *fitted(**helped))
    assert three(LineSettings(**helped), *fitted(**helped))
    assert not three(LineSettings(**best, **helped), *fitted(**best, **helped))


def test_the_text_about_the_line_is_true():
    _events, done = fitted(line_rate=0.1, line_steps=100)
    np.testing.assert_allclose(done.path[-1], done.best, atol=1e-6)
    assert done.least == pytest.approx(0.656, abs=5e-4)
    assert done.columns.y.var() == pytest.approx(1)  # the loss of the level line
    _events, one_step = fitted(line_rate=0.5, line_steps=1)
    np.testing.assert_allclose(one_step.path[-1], one_step.best, atol=1e-9)
    _events, for_ever = fitted(line_rate=1, line_steps=200)
    assert for_ever.losses[-1] == pytest.approx(for_ever.losses[0], rel=1e-6)
    _events, worse = fitted(line_rate=1.01, line_steps=50)
    assert (np.diff(worse.losses) > 0).all()
    _events, age = fitted(line_table="age")
    assert abs(age.best[0]) < 0.2
    assert age.least > 0.96


def test_own_units_turn_a_line_back():
    columns = Columns(np.zeros(2), np.zeros(2), ("x", "y"), (10.0, 100.0), (2.0, 5.0))
    slope, intercept = columns.own_units(0.4, 0.2)
    assert slope * 14 + intercept == pytest.approx(100 + 5 * (0.4 * 2 + 0.2))
