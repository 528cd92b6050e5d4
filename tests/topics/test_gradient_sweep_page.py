"""The parts "sweep" and "batches" of the page open at every end of their controls, without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lab.core.settings import controls_of
from lab.topics.gradient_descent.batches_settings import BatchDisplay, BatchSettings
from lab.topics.gradient_descent.sweep_settings import MapDisplay, SweepDisplay, SweepSettings
from tests.contract.controls_as_strategies import extremes_of

ROOT = Path(__file__).parents[2]
QUICK = {
    "sweep": {"sweep_steps": "5"},
    "batches": {"batch_data": "iris", "batch_epochs": "1", "batch_networks": "1"},
}


@pytest.fixture(autouse=True)
def _in_place(monkeypatch):
    """Compute all runs in the test's own thread, at a desk of its own."""
    from lab.ui.desk import desk  # noqa: PLC0415

    monkeypatch.setenv("LAB_IN_PLACE_SECONDS", "inf")
    desk.cache_clear()
    yield
    desk.cache_clear()


def opened(query):
    page = AppTest.from_file(str(ROOT / "lab" / "ui" / "shell.py"), default_timeout=60)
    page.query_params.update(query)
    page.switch_page(str(ROOT / "pages" / "gradient_descent.py"))
    return page.run()


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
