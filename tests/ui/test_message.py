"""What the browser gets is the run: the same numbers, nothing twice, in plain JSON."""

import base64
import itertools
import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest

from lab.core.events import Evaluated, Framed, Started, Stepped
from lab.core.lesson import Context
from lab.core.stage import Panel
from lab.data.points import points
from lab.figures.chart import Figure, Scatter
from lab.runs.engine import End, Job, Run
from lab.tables.parameters import index_of
from lab.topics.playground import SWEEP, TRAIN
from lab.topics.playground.settings import Display, Settings
from lab.topics.playground.sweep import SweepSettings
from lab.ui.message import message, packed, panel_message


def numbers(text: str, dtype: Any = "<f4"):
    return np.frombuffer(base64.b64decode(text), dtype)


def figure_array(array):
    """Return an array of a figure, which plotly packs where it can."""
    if isinstance(array, dict):
        return numbers(array["bdata"], np.dtype(array["dtype"]).newbyteorder("<"))
    return np.asarray(array, float)


def trace(said, figure, name):
    traces = next(one for one in said["figures"] if one["id"] == figure)["spec"]["data"]
    return next(one for one in traces if one["name"] == name)


@pytest.fixture(scope="module")
def three():
    return Settings(epochs=20, networks=3, noise=0.2, seed=5)


def test_weights_and_points_are_those_of_the_run_to_the_last_bit(story, three):
    run = story(**dict(three)).end()
    said, count = message(run, Display(shown=2))
    frames = [event for event in run.events if isinstance(event, Framed)]
    network = said["network"]
    assert (network["shown"], network["networks"], count) == (1, 3, len(frames))
    assert network["moments"]["from"] == 0
    assert network["moments"]["epochs"] == [frame.epoch for frame in frames]
    sent = numbers(network["moments"]["parameters"]).reshape(count, -1)
    np.testing.assert_array_equal(sent, np.stack([frame.parameters[1] for frame in frames]))
    data = points("circle", noise=0.2, seed=5)
    for part, inputs, targets in (
        ("train", data.train_inputs, data.train_targets),
        ("test", data.test_inputs, data.test_targets),
    ):
        dots = network["points"][part]
        np.testing.assert_array_equal(numbers(dots["x"]), inputs[:, 0].astype(np.float32))
        np.testing.assert_array_equal(numbers(dots["y"]), inputs[:, 1].astype(np.float32))
        np.testing.assert_array_equal(numbers(dots["target"]), targets)


def test_curves_are_the_medians_and_the_shown_network_of_the_run(story, three):
    run = story(**dict(three)).end()
    said, _count = message(run, Display(shown=3))
    measured = [event for event in run.events if isinstance(event, Evaluated)]
    for figure, score, scale in (("loss", "loss", 1), ("accuracy", "accuracy", 100)):
        for part in ("train", "test"):
            values = scale * np.stack([event.scores[f"{part}_{score}"] for event in measured])
            middle = trace(said, figure, f"{part}, median")
            np.testing.assert_array_equal(figure_array(middle["x"]), [event.epoch for event in measured])
            np.testing.assert_allclose(figure_array(middle["y"]), np.median(values, axis=1), rtol=1e-6)
            mine = trace(said, figure, f"{part}, network 3")
            np.testing.assert_allclose(figure_array(mine["y"]), values[:, 2], rtol=1e-6)


def test_a_moment_is_sent_once(story, three):
    one = story(**dict(three))
    got, epochs, sent = [], [], 0
    while len(one.run.events) < len(one.events):
        one.tell(7)
        said, sent = message(one.run, Display(), sent)
        moments = said["network"]["moments"]
        assert moments["from"] == len(epochs)
        epochs += moments["epochs"]
        got.append(numbers(moments["parameters"]))
    frames = [event for event in one.events if isinstance(event, Framed)]
    assert epochs == [frame.epoch for frame in frames]
    np.testing.assert_array_equal(np.concatenate(got), np.concatenate([f.parameters[0] for f in frames]))
    again, same = message(one.end(), Display(), sent)
    assert (again["network"]["moments"]["epochs"], same) == ([], sent)


def test_progress_says_queued_running_and_nothing_once_it_is_over(story):
    one = story(epochs=10, networks=1)
    one.run.place = 3
    said, frames = message(one.run, Display())
    assert (said["progress"], frames) == ({"share": 0.0, "text": "3 runs ahead of yours"}, 0)
    assert "network" not in said
    one.run.begins = time.monotonic() + 8
    assert message(one.run, Display())[0]["progress"]["text"] == "3 runs ahead of yours, about 8 s"
    one.run.place = 1
    assert message(one.run, Display())[0]["progress"]["text"] == "1 run ahead of yours, about 8 s"
    one.run.place = 0
    assert message(one.run, Display())[0]["progress"]["text"] == "Yours is the next run, about 8 s"
    one.run.begins = time.monotonic()
    assert message(one.run, Display())[0]["progress"]["text"] == "A worker is about to begin"
    one.tell(1)
    assert message(one.run, Display())[0]["progress"] == {"share": 0.0, "text": "The run begins"}
    one.run.beside = 1
    beside_one = message(one.run, Display())[0]["progress"]["text"]
    assert beside_one == "The run begins, sharing the processor with 1 other run"
    one.run.beside = 5
    beside_five = message(one.run, Display())[0]["progress"]["text"]
    assert beside_five == "The run begins, sharing the processor with 5 other runs"
    one.run.beside = 0
    shares = []
    for _event in one.events:
        said, _frames = message(one.run, Display())
        shares.append(said["progress"]["share"])
        assert not said["done"]
        one.tell(1)
    assert all(0 <= a <= b <= 1 for a, b in itertools.pairwise(shares))
    assert said["progress"]["text"] == "epoch 10 of 10"
    said, _frames = message(one.end(), Display())
    assert (said["progress"], said["done"]) == (None, True)


def test_a_run_that_counts_no_epochs_tells_its_share():
    run = Run(Job(SWEEP.name, SweepSettings()))
    run.begin()
    run.extend([Started(200.0, 88), Stepped(0.25)], 0)
    assert message(run, Display())[0]["progress"] == {"share": 0.25, "text": "25%"}


def test_a_stage_is_drawn_where_no_gpu_need_be(monkeypatch):
    asked = []

    def stage(settings, display, context, events, result=None):
        asked.append(context)
        return TRAIN.stage(settings, display, context, events, result)

    monkeypatch.setattr("lab.ui.message.experiment", lambda _name: replace(TRAIN, stage=stage))
    message(Run(Job(TRAIN.name, Settings(), Context("cuda", {"a": b"table"}))), Display())
    assert asked == [Context("cpu", {"a": b"table"})]


def test_a_run_that_ends_while_its_message_is_made_is_not_told_as_over(story, monkeypatch):
    """The stage leaves the stream at the first `done`, so that one must have all events."""
    one = story(epochs=3, networks=1)
    one.tell(4)

    def stage(settings, display, context, events, result=None):
        one.end()
        return shown(settings, display, context, events, result)

    shown = TRAIN.stage
    monkeypatch.setattr("lab.ui.message.experiment", lambda _name: replace(TRAIN, stage=stage))
    assert not message(one.run, Display())[0]["done"]
    said, _frames = message(one.run, Display())
    assert said["done"]
    assert said["network"]["moments"]["epochs"][-1] == 3


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"data": "iris", "loss": "cross_entropy"},
        {"data": "plane", "hidden": ()},
        {"learning_rate": 10.0, "activation": "relu", "data": "plane", "features": ("x1^2", "x2^2")},
        {"edits": "3:0:3=0.5"},
    ],
    ids=lambda values: values.get("data", "default"),
)
def test_it_is_json_to_both_libraries(story, values):
    run = story(epochs=3, networks=2, **values).end()
    said, _frames = message(run, Display(log_loss=True, surface="3d", discretize=True, show_test=True))
    text = json.dumps(said, allow_nan=False)  # what Streamlit sends; browsers refuse NaN
    assert orjson.loads(orjson.dumps(said)) == json.loads(text)


def test_a_weight_set_by_hand_is_named_by_its_place(story):
    place = (1, 3, 0)
    edit = f"2:1:{index_of((2, 4, 2, 1), *place)}=0.5"
    run = story(epochs=2, networks=2, edits=edit).end()
    assert message(run, Display(shown=2))[0]["network"]["edited"] == [list(place)]
    assert message(run, Display(shown=1))[0]["network"]["edited"] == []


def test_a_run_that_failed_is_over_and_has_what_it_told(story):
    one = story(epochs=5, networks=1)
    one.tell(4)
    one.run.finish(End("lost", "The worker was lost."))
    said, _frames = message(one.run, Display())
    assert (said["done"], said["progress"]) == (True, None)
    assert len(said["figures"]) == 2


def test_a_default_run_is_small(story):
    assert len(orjson.dumps(message(story().end(), Display())[0])) < 60_000


def test_arrays_of_any_layout_are_packed_row_by_row():
    array = np.arange(6, dtype=">f8").reshape(2, 3).T
    np.testing.assert_array_equal(numbers(packed(array)), array.ravel())


def test_a_figure_without_points_can_be_sent():
    empty = Figure().add_trace(Scatter(x=np.array([]), y=np.array([], np.float32)))
    said = panel_message(Panel("none", "Nothing", "There is nothing to be seen here.", empty))
    assert json.loads(json.dumps(said))["spec"]["data"][0]["x"] == []


@pytest.fixture
def shown(monkeypatch):
    """Return the calls of the Playground's stage, with the number of events of each."""
    calls = []

    def stage(settings, display, context, events, result=None):
        calls.append(len(events))
        return TRAIN.stage(settings, display, context, events, result)

    monkeypatch.setattr("lab.ui.message.experiment", lambda _name: replace(TRAIN, stage=stage))
    monkeypatch.setattr("lab.ui.message._shown", {})
    return calls


def test_all_who_follow_a_run_share_what_is_made_of_it(story, shown):
    one = story(epochs=10, networks=1)
    one.tell(4)
    first, second = (message(one.run, Display())[0] for _follower in range(2))
    assert first == second
    assert shown == [4]
    one.tell(1)
    message(one.run, Display())
    message(one.run, Display(log_loss=True))
    assert shown == [4, 5, 5]


def test_equal_runs_share_what_is_made_at_their_end(story, shown):
    runs = [story(epochs=5, networks=1).end() for _visitor in range(2)]
    first, second = (message(run, Display()) for run in runs)
    assert first == second
    assert len(shown) == 1
    assert message(runs[1], Display(), first[1])[0]["network"]["moments"]["epochs"] == []


def test_nothing_made_of_a_learners_own_file_is_kept(story, shown):
    run = story(epochs=5, networks=1).end()
    private = Run(replace(run.job, context=Context(files={"a" * 64: b"x"})))
    private.extend(run.events, 0)
    private.finish(End("done", result=run.result))
    message(private, Display())
    message(private, Display())
    assert len(shown) == 2
