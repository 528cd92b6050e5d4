"""The lab's own routes, asked as a server asks them: files for ever, events until the end."""

import asyncio
import gzip
import json
import threading
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette

from lab.core.events import Evaluated
from lab.runs.desk import Desk
from lab.runs.engine import End
from lab.runs.options import Options
from lab.runs.store import Store
from lab.topics.playground.settings import Display, Settings
from lab.ui import routes
from lab.ui.assets import assets
from lab.ui.message import message
from lab.ui.routes import ROUTES, assets_url, events_url
from tests.waited import waited

APP = Starlette(routes=ROUTES)


async def answer(url, *, on_body=lambda body: None):
    """Return status, headers and body of a GET; `on_body` sees each part of the body as it is sent."""
    parts = urlsplit(url)
    scope = {
        "type": "http",
        "method": "GET",
        "path": parts.path,
        "query_string": parts.query.encode(),
        "headers": [],
    }
    sent = []

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async def send(event):
        sent.append(event)
        if event["type"] == "http.response.body":
            on_body(event["body"])

    await asyncio.wait_for(APP(scope, receive, send), 20)
    start, *bodies = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, b"".join(event["body"] for event in bodies)


def get(url, **on):
    return waited(answer(url, **on))


def messages(body):
    """Return what a stream of server-sent events says."""
    *lines, end = body.decode().split("\n\n")
    assert end == ""
    assert all(line.startswith("data: ") for line in lines)
    return [json.loads(line.removeprefix("data: ")) for line in lines]


class Shelf:
    """An engine that runs nothing: the test tells the story."""

    def __init__(self):
        self.next = None

    def submit(self, job, *, owner="", priority=0, seconds=0.0):
        assert self.next is not None
        return self.next

    def devices(self):
        return ("cpu",)

    def stats(self):
        return {}

    def close(self):
        pass


@pytest.fixture
def live(monkeypatch, story):
    """Return a function that has a run of these settings at the desk, of which nothing is told yet."""
    shelf = Shelf()
    desk = Desk(shelf, Store(1), Options(in_place_seconds=-1))
    monkeypatch.setattr(routes, "desk", lambda: desk)

    def one(**values):
        told = story(**values)
        shelf.next = told.run
        assert desk.ask(told.run.job, "ann") is told.run
        return told

    return one


@pytest.mark.parametrize("name", ["stage.js", "stage.css", "plotly.min.js"])
def test_a_file_comes_compressed_and_may_be_kept_for_ever(name):
    status, headers, body = get(assets_url() + name)
    assert status == 200
    assert headers["content-encoding"] == "gzip"
    assert "immutable" in headers["cache-control"]
    assert int(headers["content-length"]) == len(body)
    kind = "text/css" if name.endswith("css") else "text/javascript"
    assert headers["content-type"].startswith(kind)
    assert len(gzip.decompress(body)) > 1000


def test_every_module_that_the_stage_imports_is_served():
    for name in assets():
        if name.endswith(".js") and name != "plotly.min.js":
            text = gzip.decompress(get(assets_url() + name)[2]).decode()
            imported = [line.split('"')[1] for line in text.splitlines() if line.startswith("import ")]
            for one in imported:
                assert one.startswith("./")
                assert one.removeprefix("./") in assets(), (name, one)


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "",
        "../routes.py",
        "../../../app.py",
        "..%2f..%2fapp.py",
        "%2e%2e/routes.py",
        "..\\routes.py",
        "/etc/passwd",
        "stage.js/",
        "stage.js\0",
        "STAGE.JS",
        ".",
        "..",
        "routes.py",
    ],
)
def test_anything_else_is_not_found(name):
    status, _headers, body = get(assets_url() + name)
    assert status in (404, 307)  # 307: Starlette's offer of a path without its last slash
    assert b"import" not in body


def test_the_stream_of_a_run_ends_in_its_whole_message(live):
    one = live(epochs=30, networks=2)
    one.tell(9)
    said = []

    def tell_more(body):
        if body:
            said.append(body)
            one.tell(25)
        if len(said) == 3:
            one.end()

    status, headers, body = get(events_url(one.run, "shown=2"), on_body=tell_more)
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert headers["content-type"].startswith("text/event-stream")
    stream = messages(body)
    assert len(stream) >= 3
    assert [one["done"] for one in stream] == [False] * (len(stream) - 1) + [True]
    assert stream[0]["progress"]["share"] < stream[1]["progress"]["share"] < 1
    final = json.loads(json.dumps(message(one.run, Display(shown=2))[0]))
    epochs = [epoch for part in stream for epoch in part["network"]["moments"]["epochs"]]
    assert epochs == final["network"]["moments"]["epochs"]
    stream[-1]["network"].pop("moments")
    final["network"].pop("moments")
    assert stream[-1] == final


def test_the_stream_of_a_run_that_is_over_is_its_whole_message(live):
    one = live(epochs=5, networks=2)
    one.end()
    (only,) = messages(get(events_url(one.run, ""))[2])
    assert only == json.loads(json.dumps(message(one.run, Display())[0]))


def test_a_run_that_waits_tells_its_place_and_may_be_cancelled(live):
    one = live(epochs=5)
    one.run.place = 2

    def cancel(_body):
        one.run.finish(End("cancelled", "The run was stopped."))

    first, last = messages(get(events_url(one.run, ""), on_body=cancel)[2])
    assert first["progress"]["text"] == "2 runs ahead of yours"
    assert (last["done"], last["progress"]) == (True, None)


def test_a_run_that_begins_to_share_the_processor_says_so_though_nothing_is_new(live):
    one = live(epochs=30)
    one.tell(9)
    said = []

    def share(body):
        said.append(body)
        one.run.beside = 2
        if len(said) == 2:
            one.end()

    first, second, last = messages(get(events_url(one.run, ""), on_body=share)[2])
    assert (
        second["progress"]["text"] == first["progress"]["text"] + ", sharing the processor with 2 other runs"
    )
    assert last["done"]


def rested(run, told, rest, act=lambda: None):
    """Return how many seconds a stream waits for news of `run`, while `act` happens in another thread."""

    async def waiting():
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        run.when_ended(lambda _run: routes._tell(loop, over))
        acting = loop.run_in_executor(None, act)
        began = loop.time()
        await routes._news(run, told, over, rest)
        seconds = loop.time() - began
        await acting
        return seconds

    return waited(waiting())


def untrained(one):
    """Return how many events of a story are told before training begins."""
    return next(
        place for place, event in enumerate(one.events) if isinstance(event, Evaluated) and event.epoch > 0
    )


def test_the_first_word_the_first_progress_and_the_end_are_told_at_once(live):
    one = live(epochs=5)
    before = untrained(one)
    assert before > 1
    assert rested(one.run, 0, 10, lambda: one.tell(before)) < 5
    assert rested(one.run, before, 10, lambda: one.tell(1)) < 5
    assert rested(one.run, before + 1, 10, one.end) < 5


def test_further_words_wait_for_the_next_push(live):
    one = live(epochs=5)
    one.tell(1)
    assert rested(one.run, 1, 0.1, lambda: one.tell(1)) == pytest.approx(0.1, abs=0.02)  # of no training
    told = untrained(one) + 1
    one.tell(told - 2)
    assert rested(one.run, told, 0.1, lambda: one.tell(1)) == pytest.approx(0.1, abs=0.02)


def test_the_end_of_a_run_whose_listener_is_gone_disturbs_nobody(live):
    one = live(epochs=5)
    gone = asyncio.new_event_loop()
    gone.close()
    one.run.when_ended(lambda _run: routes._tell(gone, asyncio.Event()))
    assert one.end().state == "done"


@pytest.mark.parametrize(("took", "rest"), [(0.0, 0.25), (0.1, 0.4), (5.0, 1.0)])
def test_a_stream_rests_four_times_as_long_as_its_message_took(took, rest):
    assert routes._rest(took) == pytest.approx(rest)


def test_the_event_loop_goes_on_while_a_message_is_made(monkeypatch, live):
    one = live(epochs=5, networks=1)
    one.end()
    made, asked = threading.Event(), threading.Event()

    def slow(run, display, frames):
        asked.set()
        assert made.wait(10)
        return message(run, display, frames)

    monkeypatch.setattr(routes, "message", slow)

    async def both():
        stream = asyncio.create_task(answer(events_url(one.run, "")))
        while not asked.is_set():
            await asyncio.sleep(0.01)
        made.set()
        return await stream

    assert messages(waited(both())[2])[-1]["done"]


@pytest.mark.parametrize("token", ["nothing", "..", "%00", "a" * 10_000, "ünï"])
def test_an_unknown_token_is_not_found(live, token):
    live(epochs=0)
    assert get(f"/lab/runs/{token}/events")[0] == 404


@pytest.mark.parametrize(
    "query",
    [
        "shown=99",
        "shown=0",
        "shown=nan&surface=%00&show_test=1",
        "shown=" + "9" * 5000,
        "&&&===",
        "shown=1&shown=2&shown=x",
        "surface=<script>alert(1)</script>",
        "%ff%fe=%ff",
        "unknown=1",
    ],
)
def test_a_hostile_query_shows_the_run_at_its_defaults(live, query):
    one = live(epochs=2, networks=2)
    one.end()
    status, _headers, body = get(events_url(one.run, query))
    assert status == 200
    assert messages(body) == [json.loads(json.dumps(message(one.run, Display())[0]))]


def test_tokens_cannot_be_guessed(story):
    tokens = {story(epochs=0).run.token for _run in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 22 for token in tokens)  # 128 bits
    assert events_url(SimpleNamespace(token="t"), "a=1") == "/lab/runs/t/events?a=1"  # type: ignore[arg-type]
    assert Settings().key() not in "".join(tokens)
