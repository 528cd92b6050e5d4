"""The race's part of the page, driven through Streamlit: surfaces bring starts, formulas are read, undo."""

from typing import Any

import pytest

from lab.core.controls import Hidden
from lab.core.settings import controls_of
from lab.models.surfaces import SURFACES
from lab.topics.gradient_descent.race_settings import OPTIMISERS, RaceDisplay, RaceReading, RaceSettings
from tests.contract.controls_as_strategies import extremes_of
from tests.pages import page_at

TYPED = "race:typed"
pytestmark = pytest.mark.usefixtures("_in_place")


def opened(**query):
    page = page_at("gradient_descent", {"part": "race", "steps": "10"} | query)
    assert not page.exception
    return page


def written(name, value, model) -> str:
    control: Any = controls_of(model)[name]
    return control.written(value)


def settings_of(page):
    return page.session_state["kept:race"]


def test_it_opens_at_every_end_of_every_control():
    page = opened()
    for model in (RaceSettings, RaceDisplay, RaceReading):
        for name, control in controls_of(model).items():
            for value in () if isinstance(control, Hidden) else extremes_of(control):
                page.query_params.clear()
                page.query_params.update({"part": "race", "steps": "10", name: written(name, value, model)})
                page.run()
                assert not page.exception, (name, value)
                assert not page.error, (name, value)


def test_another_surface_brings_its_start_and_undo_brings_the_old_one_back():
    page = opened(start_x="-3.0", rate="0.02")
    page.selectbox(key="race.surface").set_value("beale").run()
    assert (settings_of(page).start_x, settings_of(page).start_y) == SURFACES["beale"].start
    assert settings_of(page).rate == 0.005
    page.button(key="undo:race").click().run()
    old = settings_of(page)
    assert (old.surface, old.start_x, old.rate) == ("bowl", -3.0, 0.02)
    assert not page.exception


def test_a_link_decides_for_itself_where_to_start():
    page = opened(surface="beale", start_x="2.0")
    assert (settings_of(page).surface, settings_of(page).start_x) == ("beale", 2.0)


def test_controls_that_decide_nothing_are_hidden_and_come_back_as_they_were():
    page = opened(momentum="0.5")
    assert settings_of(page).momentum == 0.5
    page.session_state["race.optimisers"] = ["sgd"]
    page.run()
    labels = [slider.label for slider in page.select_slider]
    assert "Momentum" not in labels
    page.session_state["race.optimisers"] = ["sgd", "nesterov"]
    page.run()
    assert settings_of(page).momentum == 0.5
    assert settings_of(page).optimisers == ("sgd", "nesterov")
    assert "Momentum" in [slider.label for slider in page.select_slider]


def test_a_formula_is_taken_or_answered_in_a_sentence():
    page = opened(surface="own")
    page.text_input(key=TYPED).set_value("x**2 + 3*abs(y)").run()
    assert settings_of(page).formula == "x**2 + 3*abs(y)"
    page.text_input(key=TYPED).set_value("x**2 + q").run()
    (said,) = [error.value for error in page.error]
    assert said == "Expression: expected one of the variables x, y, got 'q' at column 8"
    assert [code.value for code in page.code] == ["x**2 + q\n       ^"]
    assert settings_of(page).formula == "x**2 + 3*abs(y)"
    page.text_input(key=TYPED).set_value("__import__('os')").run()
    assert "at column 1" in page.error[0].value
    page.text_input(key=TYPED).set_value("x**4").run()
    assert not page.error
    assert not page.code
    assert "f(x) = x^{4}" in page.latex[0].value


def test_no_optimiser_at_all_is_said():
    page = opened()
    page.session_state["race.optimisers"] = []
    page.run()
    assert not page.exception
    assert "one or more of" in page.error[0].value


def test_all_ten_race_by_one_button():
    page = opened()
    assert settings_of(page).optimisers == RaceSettings().optimisers
    button = next(one for one in page.button if one.label == "All ten")
    button.click().run()
    assert settings_of(page).optimisers == tuple(OPTIMISERS)
    assert next(one for one in page.button if one.label == "All ten").disabled


def test_a_function_without_a_gradient_is_told_apart_from_one_that_runs_away():
    page = opened(surface="own", formula="sqrt(x) + y**2", start_x="0.0", race_racer="sgd")
    assert not page.exception
    (told,) = [one.value for one in page.info]
    assert told.startswith("Gradient descent had no gradient to follow at step 1")
