"""A real Chromium for the browser tests, and a small server that hands them the stage's modules."""

import base64
import itertools
import json
import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import plotly
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.lab_page import LabPage, ours
from tests.browser.lab_server import LabServer, lab_served

HERE = Path(__file__).parent
ASSETS = HERE.parents[1] / "lab" / "ui" / "assets"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

Line = queue.SimpleQueue[str]


class StageHandler(SimpleHTTPRequestHandler):
    """Serves the modules, the harness page, and streams of events: each puts its line into `opened`."""

    def __init__(self, *arguments: Any, opened: queue.SimpleQueue[Line], **keywords: Any) -> None:
        self.opened = opened
        super().__init__(*arguments, directory=str(ASSETS), **keywords)

    def do_GET(self) -> None:
        if self.path == "/events":
            self.stream()
        else:
            super().do_GET()

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        line: Line = queue.SimpleQueue()
        self.opened.put(line)
        while True:
            self.wfile.write(f"data: {line.get()}\n\n".encode())
            self.wfile.flush()

    def translate_path(self, path: str) -> str:
        if path == "/":
            return str(HERE / "harness.html")
        if path == "/assets/plotly.min.js":
            return str(PLOTLY)
        return super().translate_path(path.removeprefix("/assets"))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the tests' output is for results."""


class Harness:
    """A page with one stage on it."""

    def __init__(self, page: Page, opened: queue.SimpleQueue[Line]) -> None:
        self.page = page
        self.opened = opened
        self.line: Line | None = None

    def push(self, message: dict[str, Any]) -> None:
        """Send a message down the stream that the stage has opened."""
        self.line = self.line or self.opened.get(timeout=5)
        self.line.put(json.dumps(message))

    def show(self, message: dict[str, Any] | None, run: str = "a", **data: Any) -> None:
        """Call the stage as Streamlit does, and wait until it has drawn."""
        call = {"assets": "/assets/", "run": run, "events": None, "message": message, "words": {}, **data}
        self.page.evaluate("data => harness.show(data)", call)
        self.settle()

    def settle(self) -> None:
        self.page.evaluate("() => harness.settled()")

    def triggers(self, name: str) -> list[Any]:
        return self.page.evaluate("name => harness.triggers.filter(t => t[0] === name).map(t => t[1])", name)


StagePage = tuple[Page, queue.SimpleQueue[Line], list[str]]


@pytest.fixture(scope="session")
def stage_page(browser: Browser) -> Iterator[StagePage]:
    """One page for all tests: Plotly is read once."""
    opened: queue.SimpleQueue[Line] = queue.SimpleQueue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(StageHandler, opened=opened))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if ours(said) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    page.wait_for_function("() => window.harness")
    yield page, opened, complaints
    page.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def harness(stage_page: StagePage) -> Iterator[Harness]:
    """An empty page; afterwards the console must have stayed silent."""
    page, opened, complaints = stage_page
    page.set_viewport_size({"width": 1200, "height": 900})
    page.evaluate("() => harness.clear()")
    complaints.clear()
    while not opened.empty():
        opened.get()
    yield Harness(page, opened)
    page.evaluate("() => harness.clear()")
    assert complaints == []


def encoded(values: Any) -> str:
    """Numbers as base64 of float32."""
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


def message_of(
    hidden: list[int], inputs: list[str], seed: int = 0, moments: int = 12, **network: Any
) -> dict[str, Any]:
    """A complete message about a random network; `network` replaces parts of it."""
    random = np.random.default_rng(seed)
    outputs, classes = network.get("outputs", 1), network.get("classes", ["orange", "blue"])
    sizes = [len(inputs), *hidden, outputs]
    count = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    parameters = random.normal(0, 0.7, count) * np.linspace(0.1, 1.0, moments)[:, None]
    x, y = random.uniform(-6, 6, (2, 150))
    target = (np.arctan2(y, x) / (2 * np.pi) % 1 * len(classes)).astype(int)
    points = {"x": encoded(x), "y": encoded(y), "target": encoded(target)}
    epochs = [10 * k for k in range(moments)]
    steps = np.arange(moments) * 10.0
    loss = {
        "x": steps.tolist(),
        "y": (1 / (1 + steps)).round(4).tolist(),
        "name": "training",
        "mode": "lines",
    }
    layout = {
        "xaxis": {"title": {"text": "epoch"}},
        "yaxis": {"title": {"text": "loss"}},
        "meta": {"epoch_axis": True},
    }
    whole = {
        "inputs": inputs,
        "hidden": hidden,
        "outputs": outputs,
        "activation": "tanh",
        "output": "tanh",
        "task": "classification",
        "classes": classes,
        "range": [-1, 1],
        "axes": [
            {"name": "x1", "extent": [-6, 6], "center": 0, "scale": 1},
            {"name": "x2", "extent": [-6, 6]},
        ],
        "shown": 0,
        "networks": 8,
        "moments": {"from": 0, "epochs": epochs, "parameters": encoded(parameters)},
        "points": {"train": points, "test": points},
        "edited": [],
        "editable": True,
        "max_layers": 6,
        "max_neurons": 16,
        "surface": "map",
        "discretize": False,
        "show_test": False,
    }
    figure = {
        "id": "loss",
        "title": "Loss",
        "alt": "The loss falls.",
        "spec": {"data": [loss], "layout": layout},
    }
    return {"progress": None, "figures": [figure], "network": {**whole, **network}, "notes": [], "done": True}


@pytest.fixture(scope="session")
def message() -> Callable[..., dict[str, Any]]:
    """The maker of messages."""
    return message_of


@pytest.fixture(scope="session")
def server() -> Iterator[LabServer]:
    """The lab, served to all tests; whatever they did, its log must hold no traceback."""
    with lab_served() as served:
        yield served
        assert "Traceback" not in served.log(), served.log()


@pytest.fixture
def visit(context: BrowserContext, server: LabServer) -> Iterator[Callable[[], LabPage]]:
    """A maker of tabs, each a visit of its own; afterwards all consoles must have stayed silent."""
    opened: list[LabPage] = []

    def visit() -> LabPage:
        opened.append(LabPage(context.new_page(), server.url))
        return opened[-1]

    yield visit
    for one in opened:
        one.page.close()
    assert [complaint for one in opened for complaint in one.complaints] == []


@pytest.fixture
def lab(visit: Callable[[], LabPage]) -> LabPage:
    """One tab, still empty."""
    return visit()
