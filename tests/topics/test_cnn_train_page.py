"""The part about training, through the lab's own menu: controls, presets, going on, refusals."""

import pytest

from lab.core.lesson import Context
from lab.core.settings import controls_of
from lab.runs.desk import Desk
from lab.runs.engine import End, Job, Run
from lab.topics.cnn.settings import WIDE, Settings
from lab.topics.cnn.stage import TRAIN
from tests.contract.controls_as_strategies import extremes_of
from tests.pages import page_at

pytestmark = pytest.mark.usefixtures("_in_place")
QUICK = {"part": "train", "images": "digits8", "padding": "same", "train_images": "100", "epochs": "1"}


@pytest.fixture
def page():
    return page_at("cnn", QUICK, timeout=120)


def settings_of(page):
    return page.session_state["kept:cnn-train"]


def button(page, label):
    (found,) = [one for one in page.button if one.label == label]
    return found


def test_presets_and_going_on_set_the_settings(page):
    assert not page.exception
    assert not page.error
    button(page, "+1 epoch").click().run()
    assert settings_of(page).epochs == 2
    button(page, "+5 epochs").click().run()
    assert settings_of(page).epochs == 7
    button(page, "The text's 32 and 64 filters").click().run()
    assert settings_of(page).channels == (WIDE["channels1"], WIDE["channels2"])
    assert settings_of(page).padding == "same"
    button(page, "Narrow, 8 and 16 filters").click().run()
    assert settings_of(page).channels == (8, 16)
    button(page, "Start").click().run()
    assert settings_of(page).epochs == 0
    assert not page.exception
    assert not page.error


@pytest.fixture
def stopped(monkeypatch):
    """Let the page's first run be one that was stopped after its first epoch; return what was asked for."""
    settings = Settings.from_query(QUICK | {"epochs": "3"})[0]
    begun = []
    list(TRAIN.train(settings, Context(keep=begun.append)))
    run = Run(Job(TRAIN.name, settings))
    run.finish(End("cancelled", "The run was stopped.", begun=begun[0]))
    asked, ask = [], Desk.ask

    def answer(self, job, visitor, *, again=False, last=None):
        if job.key == run.key and not again and not any(one.key == run.key for one in asked):
            return run
        asked.append(job)
        return ask(self, job, visitor, again=again, last=last)

    monkeypatch.setattr(Desk, "ask", answer)
    return begun[0], asked


@pytest.mark.parametrize(("label", "epochs"), [("Continue", 3), ("Keep 1 epoch", 1), ("+1 epoch", 4)])
def test_a_stopped_run_is_taken_up_where_it_stood(stopped, page, label, epochs):
    begun, asked = stopped
    page.query_params["epochs"] = "3"
    page.run()
    assert [one.value for one in page.info] == ["The run was stopped."]
    asked.clear()
    button(page, label).click().run()
    assert not page.exception
    assert not page.info
    assert asked[0].context.earlier is begun.earlier
    run = page.session_state["last:cnn/train"]
    assert run.result.moments[-1] == settings_of(page).epochs == epochs


def test_run_again_begins_anew(stopped, page):
    page.query_params["epochs"] = "3"
    again = button(page.run(), "Run again")
    stopped[1].clear()
    again.click().run()
    assert stopped[1][0].context.earlier is None
    assert page.session_state["last:cnn/train"].result.moments[-1] == 3


def test_only_the_filters_of_blocks_that_there_are_have_controls(page):
    def boxes():
        return [one.label for one in page.number_input if one.label.startswith("Filters")]

    assert len(boxes()) == 2
    page.query_params.clear()
    page.query_params.update(QUICK | {"blocks": "3", "channels3": "5"})
    page.run()
    assert len(boxes()) == 3
    assert settings_of(page).channels == (8, 16, 5)


def test_what_cannot_be_trained_is_one_sentence_and_can_be_mended(page):
    page.query_params.clear()
    page.query_params.update(QUICK | {"padding": "valid"})
    page.run()
    assert not page.exception
    said = [*page.error, *page.warning]
    assert any("Blocks: expected at most 1 with kernel 3x3, no padding, on 8x8" in one.value for one in said)


def test_it_opens_at_both_ends_of_every_control(page):
    for name, control in controls_of(Settings).items():
        if name in ("epochs", "train_images", "images"):
            continue
        for value in extremes_of(control):
            page.query_params.clear()
            page.query_params.update(QUICK | {name: control.written(value)})
            page.run()
            assert not page.exception, (name, value)
