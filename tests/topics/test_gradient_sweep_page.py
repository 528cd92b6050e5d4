"""The parts "sweep" and "batches" of the page open at every end of their controls, without a browser."""

import pytest

from lab.core.settings import controls_of
from lab.topics.gradient_descent.batches_settings import BatchDisplay, BatchSettings
from lab.topics.gradient_descent.sweep_settings import MapDisplay, SweepDisplay, SweepSettings
from tests.contract.controls_as_strategies import extremes_of
from tests.pages import page_at

pytestmark = pytest.mark.usefixtures("_in_place")
QUICK = {
    "sweep": {"sweep_steps": "5"},
    "batches": {"batch_data": "iris", "batch_epochs": "1", "batch_networks": "1"},
}


def opened(query):
    return page_at("gradient_descent", query)


@pytest.mark.parametrize(
    ("part", "models"),
    [
        ("sweep", (SweepSettings, SweepDisplay, MapDisplay)),
        ("batches", (BatchSettings, BatchDisplay)),
    ],
)
def test_it_opens_at_every_end_of_every_control(part, models):
    page = opened({"part": part})
    assert not page.exception
    for model in models:
        for name, control in controls_of(model).items():
            if name.endswith("epochs"):
                continue
            for value in extremes_of(control):
                page.query_params.clear()
                page.query_params.update({"part": part} | QUICK[part] | {name: control.written(value)})
                page.run()
                assert not page.exception, (name, value)
                assert not page.error, (name, value)


def test_undo_takes_the_last_change_back():
    page = opened({"part": "sweep", "sweep_steps": "5"})
    page.selectbox(key="sweep.sweep_optimizer").select("adam").run()
    assert page.session_state["kept:sweep"].sweep_optimizer == "adam"
    page.button(key="undo:sweep").click().run()
    assert page.session_state["kept:sweep"].sweep_optimizer == "sgd"
    assert page.session_state["kept:sweep"].sweep_steps == 5


def test_a_click_looks_at_the_nearest_rate_and_nonsense_is_left_alone():
    from lab.ui import gradient_sweep  # noqa: PLC0415

    page = opened({"part": "sweep", "sweep_steps": "5"})
    assert page.session_state["kept:sweep_display"].sweep_shown == 0
    changed = []
    picked = gradient_sweep._picker(SweepSettings())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradient_sweep, "change", lambda *place, **values: changed.append(values))
        for x in (SweepSettings().rates()[9] * 1.01, "x", None, float("nan"), -1.0):
            picked({"x": x, "y": 1.0})
        picked(None)
    assert changed == [{"sweep_shown": 10}]


def test_ones_own_surface_is_at_first_that_of_the_race():
    page = opened(
        {"part": "race", "surface": "own", "formula": "x**4 + y**2", "start_x": "1.5", "steps": "10"}
    )
    next(button for button in page.button if button.label == "Next part").click().run()
    assert "Start x" not in [slider.label for slider in page.select_slider]
    page.selectbox(key="sweep.sweep_surface").select("own").run()
    kept = page.session_state["kept:sweep"]
    assert (kept.sweep_formula, kept.sweep_x) == ("x**4 + y**2", 1.5)
    assert "Start x" in [slider.label for slider in page.select_slider]
    assert "f(x, y) = x^{4} + y^{2}" in page.latex[0].value
    page.text_input(key="sweep:typed").set_value("x + * 2").run()
    assert [code.value for code in page.code] == ["x + * 2\n    ^"]
    assert "at column 5" in page.error[0].value
    page.text_input(key="sweep:typed").set_value("x**2").run()
    assert not [*page.error, *page.exception]
    assert page.session_state["kept:sweep"].sweep_formula == "x**2"
    assert "Start y" not in [slider.label for slider in page.select_slider]
