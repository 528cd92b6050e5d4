"""The Playground's page: faults in one sentence, buttons that go on, and a stage one cannot trick."""

import json
import math

import pytest

from lab.core.events import Framed
from lab.data.points import points
from lab.topics.playground.settings import Display, Settings
from lab.ui import playground
from tests.pages import faults

SETTINGS = Settings(epochs=20, networks=3, edits="20:0:3=0.5")
GOOD_EDIT = {"layer": 0, "from": 1, "to": 2, "value": 0.25, "epoch": 20}


@pytest.fixture
def stage(monkeypatch):
    """Return the stage's triggers, what they set, and what they said."""
    set_to, said = [], []
    monkeypatch.setattr(playground, "set_controls", set_to.append)
    monkeypatch.setattr(playground.st, "toast", said.append)
    triggers = playground.triggers(SETTINGS, Display(shown=2), points("circle", seed=1))
    return triggers, set_to, said


def test_a_weight_is_set_for_the_network_shown_and_the_run_ends_there(stage):
    triggers, set_to, said = stage
    triggers["edit"](GOOD_EDIT | {"epoch": 12})
    assert set_to == [SETTINGS.changed(edits="20:0:3=0.5,12:1:6=0.25", epochs=12)]
    triggers["reset"](True)
    assert set_to[-1] == SETTINGS.changed(edits="")
    triggers["shape"]({"hidden": [3, 3, 3]})
    assert set_to[-1] == SETTINGS.changed(hidden=(3, 3, 3), edits="")
    assert not said


@pytest.mark.parametrize("value", [1e-5, -1e-8, 0.0, -0.0, 123456.789, 1 / 3, 1e-30])
def test_any_weight_a_learner_can_mean_is_taken(stage, value):
    triggers, set_to, said = stage
    triggers["edit"](GOOD_EDIT | {"value": value})
    (chosen,) = set_to
    assert chosen.hand_edits()[-1].value == pytest.approx(value, abs=5e-9)
    assert not said


NOT_EVENTS = [None, True, 0, -1, math.nan, math.inf, 10**400, 1e308, "", "edit", [], {}, [[]], {"hidden": 0}]
NOT_PLACES = [None, -2, 99, 10**400, math.nan, math.inf, -math.inf, 1e308, "x", "", [], {}, "9" * 5000]
NOT_WEIGHTS = [None, math.nan, math.inf, -math.inf, 1e308, 10**400, 1e6, -1e6, "x", [], {}, "1e999", "nan"]
NOT_EPOCHS = [None, -1, 2001, 10**400, math.nan, math.inf, 1e308, "x", [], {}, "-0x1"]
NOT_SHAPES = [
    None,
    5,
    "x",
    [0],
    [-1],
    [17],
    [4] * 7,
    [math.nan],
    [math.inf],
    [1e308],
    [[4]],
    [None],
    {"a": 1},
]
HOSTILE = [
    *[("edit", value) for value in NOT_EVENTS],
    *[("shape", value) for value in NOT_EVENTS],
    *[("edit", {name: one for name, one in GOOD_EDIT.items() if name != left}) for left in GOOD_EDIT],
    *[("edit", GOOD_EDIT | {key: value}) for key in ("layer", "from", "to") for value in NOT_PLACES],
    *[("edit", GOOD_EDIT | {"value": value}) for value in NOT_WEIGHTS],
    *[("edit", GOOD_EDIT | {"epoch": value}) for value in NOT_EPOCHS],
    *[("shape", {"hidden": value}) for value in NOT_SHAPES],
]


@pytest.mark.parametrize(("name", "value"), HOSTILE, ids=lambda value: repr(value)[:40])
def test_what_the_stage_should_not_have_sent_changes_nothing_and_says_so(stage, name, value):
    triggers, set_to, said = stage
    triggers[name](value)
    assert not set_to
    (sentence,) = said
    assert 20 < len(sentence) < 300


def test_two_hundred_weights_can_be_set_and_not_one_more(stage):
    many = Settings(edits=",".join(f"1:0:{index}=0.5" for index in range(200)))
    _triggers, set_to, said = stage
    triggers = playground.triggers(many, Display(), points("circle", seed=1))
    triggers["edit"](GOOD_EDIT)
    assert not set_to
    assert "Weights set by hand" in said[0]


def test_settings_that_do_not_go_together_are_one_sentence_and_can_be_mended(opened):
    page = opened(data="plane", learning_rate="0.0123", shown="2")
    page.selectbox("train.loss").set_value("cross_entropy").run()
    assert faults(page) == [
        "Loss: expected a squared error for the values of 'plane', got 'cross_entropy'",
    ]
    assert not page.get("bidi_component")
    page.selectbox("train.data").set_value("iris").run()
    assert not faults(page)
    assert page.get("bidi_component")
    assert page.query_params["loss"] == "cross_entropy"
    assert page.select_slider("train.learning_rate").value == 0.0123
    assert page.number_input("display.shown").value == 2


def test_a_weight_that_is_not_there_is_one_sentence(opened):
    page = opened(edits="2:9:3=0.5")
    (said,) = faults(page)
    assert said.startswith("Weights set by hand: expected weights of this network")
    page = opened(edits="2:0:9999=0.5")
    assert len(faults(page)) == 1


def press(page, label):
    next(one for one in page.button if one.label == label).click()
    return page.run()


def test_going_on_lengthens_the_run_by_batches_and_epochs(opened):
    page = opened(train_share="0.5", batch_size="100")  # 250 examples make 3 batches
    for label, epochs, batches in [
        ("+1 batch", 2, 1),
        ("+1 batch", 2, 2),
        ("+1 batch", 3, 0),
        ("+1 batch", 3, 1),
        ("+1 epoch", 4, 0),
        ("+10 epochs", 14, 0),
        ("+100 epochs", 114, 0),
        ("Start", 0, 0),
        ("+1 batch", 0, 1),
    ]:
        press(page, label)
        chosen = page.session_state["kept:train"]
        assert (chosen.epochs, chosen.batches) == (epochs, batches), label
        assert not faults(page)


def test_a_run_goes_on_from_the_last_one(opened):
    page = opened()
    press(page, "+10 epochs")
    run = page.session_state["last:playground/train"]
    assert run.job.settings.epochs == 12
    assert run.job.context.earlier.epoch == 2


def test_the_sweep_runs_when_it_is_asked_for_and_says_when_it_is_of_other_settings(opened):
    page = opened(epochs="1", batch_size="100")
    assert "last:playground/sweep" not in page.session_state
    press(page, "Train all values")
    assert page.session_state["last:playground/sweep"].result.steps.shape == (11, 2)
    assert not any("press it again" in one.value for one in page.caption)
    page.select_slider("train.noise").set_value(0.1).run()
    assert any("press it again" in one.value for one in page.caption)
    assert page.session_state["last:playground/sweep"].job.settings.noise == 0.0
    assert not faults(page)


def test_tables_hold_the_run_and_its_points(opened):
    page = opened()
    assert not page.dataframe  # they cost a quarter of a rerun: made while they are looked at
    page.session_state["playground:tables"] = True
    page.run()
    scores, layers, weights, history, data = (one.value for one in page.dataframe)
    run = page.session_state["last:playground/train"]
    assert scores["network"].tolist() == ["1", "2", "median"]
    assert layers["parameters"].iloc[-1] == 25
    last = [event for event in run.events if isinstance(event, Framed)][-1]
    assert weights["value"].tolist() == last.parameters[0].tolist()
    assert len(history) == 2 * 3
    assert len(data) == 500


def test_the_stage_is_given_the_run(opened):
    page = opened()
    (drawn,) = page.get("bidi_component")
    sent = json.loads(drawn.proto.json)
    run = page.session_state["last:playground/train"]
    assert sent["run"] == run.key
    assert sent["events"] is None
    assert sent["message"]["done"]
    assert sent["message"]["network"]["moments"]["epochs"] == [0.0, 1.0, 2.0]
