"""A page of the served lab in a browser, as its tests see it: acts, waits and numbers."""

import base64
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import numpy as np
from playwright.sync_api import ConsoleMessage, Locator, Page

from lab.core.events import Evaluated, Framed
from lab.core.lesson import Context
from lab.core.settings import LessonSettings
from lab.topics.playground.settings import Settings
from lab.topics.playground.train import train

IDLE = """() => { const app = document.querySelector("[data-testid=stApp]")?.dataset;
  return app?.testConnectionState === "CONNECTED" && app.testScriptState === "notRunning"; }"""
STAGES = "[...document.querySelectorAll('.stage')].map(node => node.parentElement.__stage)"
COMPLETE = f"""before => {{
  const plots = ({{scene}}) => [...scene.slots.values(), ...Object.values(scene.surface.slots)];
  const drawn = stage => !stage.scene.frame && plots(stage).every(slot => !slot.plot.busy);
  const over = stage => stage.events === null && stage.known.done && drawn(stage);
  const stages = {STAGES};
  return ({IDLE})() && stages.length > 0 && stages.every(over) && stages[0].run !== before; }}"""
NUMBERS = f"""() => {{
  const text = values => JSON.stringify(Array.from(values, v => Number.isFinite(v) ? v : String(v)));
  const {{network}} = {STAGES}[0].known;
  const plots = [...document.querySelectorAll(".stage-figures .stage-plot")];
  const map = document.querySelector(".stage-map section:not([hidden]) .stage-plot");
  return {{
    epochs: text(network.moments.epochs),
    parameters: text(network.moments.parameters),
    figures: plots.map(plot => plot._fullData.map(trace => `${{trace.name}} ${{text(trace.y)}}`)),
    map: Array.from(map._fullData[0].z, text).join(),
  }}; }}"""
CURVE = """name => { const plots = [...document.querySelectorAll(".stage-figures .stage-plot")];
  const trace = plots.flatMap(plot => plot._fullData).find(trace => trace.name === name);
  return Array.from(trace.y); }"""
# Streamlit looks for a server at each folder of the page's path before the right one, and means it so.
PROBES = re.compile(r"/[^/]+/_stcore/(health|host-config)$")
FOREIGN = ("GL Driver Message", "willReadFrequently")  # Plotly's WebGL in software


def ours(said: ConsoleMessage) -> bool:
    """Whether a line of the console complains of the lab."""
    probe = "404" in said.text and PROBES.search(said.location.get("url", ""))
    foreign = probe or any(words in said.text for words in FOREIGN)
    return said.type in ("error", "warning") and not foreign


class LabPage:
    """One tab with the lab in it; `complaints` are what its console said against us."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text) if ours(said) else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def go(self, path: str = "/") -> None:
        """Open a path of the lab and wait until its script has run."""
        self.page.goto(self.url + path)
        self.idle()

    def open(self, *settings: LessonSettings) -> None:
        """Open the Playground with these settings in the URL, and wait for the end of its run."""
        query = {name: text for one in settings for name, text in one.to_query().items()}
        self.go(f"/playground?{urlencode(query)}")
        self.complete()

    def idle(self, timeout: float = 10) -> None:
        self.page.wait_for_function(IDLE, timeout=1000 * timeout)

    def complete(self, before: str | None = None, timeout: float = 40) -> None:
        """Wait until a run other than `before` is over and all of it is drawn."""
        self.page.wait_for_function(COMPLETE, arg=before, timeout=1000 * timeout)

    def run(self) -> str:
        """Return the name of the run that the stage shows."""
        return self.page.evaluate(f"() => {STAGES}[0].run")

    def seconds(self, act: Callable[[], object]) -> float:
        """Do what asks for another run, and return the seconds until that is over and drawn."""
        before, began = self.run(), time.perf_counter()
        act()
        self.complete(before)
        return time.perf_counter() - began

    def numbers(self) -> dict[str, Any]:
        """Return all that is drawn, as text: equal texts are equal to the last digit."""
        return self.page.evaluate(NUMBERS)

    def curve(self, name: str) -> list[float]:
        """Return the heights of the first trace with this name."""
        return self.page.evaluate(CURVE, name)

    def parameters(self) -> np.ndarray:
        """Return the shown network's parameters, a row for each moment."""
        given = f"() => {STAGES}[0].known.network.moments"
        script = f"() => {{ const {{epochs, parameters}} = ({given})();"
        script += "return [epochs.length, Array.from(parameters)]; }"
        moments, flat = self.page.evaluate(script)
        return np.array(flat, dtype=np.float32).reshape(moments, -1)

    def slider(self, label: str) -> Locator:
        return self.page.get_by_role("slider", name=label)

    def box(self, label: str) -> Locator:
        return self.page.get_by_role("spinbutton", name=label, exact=True)

    def button(self, label: str) -> Locator:
        return self.page.get_by_role("button", name=label)

    def enter(self, label: str, value: object) -> None:
        """Write a number into a box and settle it."""
        self.box(label).fill(str(value))
        self.box(label).press("Enter")

    def drag(self, selector: str) -> None:
        """Drag with the mouse over the middle of a plot, as a learner does to zoom or to turn."""
        node = self.page.locator(selector).locator("visible=true").first
        node.scroll_into_view_if_needed()
        box = node.bounding_box()
        assert box is not None
        place = [(box["x"] + share * box["width"], box["y"] + share * box["height"]) for share in (0.3, 0.7)]
        self.page.mouse.move(*place[0])
        self.page.mouse.down()
        self.page.mouse.move(*place[1], steps=4)
        self.page.mouse.up()


def turned(lab: LabPage, figure: str, camera: str) -> dict[str, float]:
    """Turn a 3-D figure by the mouse and return its camera; Plotly misses a drag while it draws."""
    before = lab.page.evaluate(camera)
    for _attempt in range(5):
        lab.drag(f"[data-figure={figure}] .stage-plot")
        lab.page.wait_for_timeout(500)
        after = lab.page.evaluate(camera)
        if abs(after["x"] - before["x"]) > 0.05:
            return after
    raise AssertionError(f"{figure} did not turn")


def trained_alone(settings: Settings, network: int = 0) -> tuple[np.ndarray, list[float]]:
    """Train in the test's own process.

    Returns:
        The parameters of one network, a row for each moment, and its test losses.
    """
    events = list(train(settings, Context()))
    frames = [event.parameters[network] for event in events if isinstance(event, Framed)]
    losses = [event.scores["test_loss"][network] for event in events if isinstance(event, Evaluated)]
    return np.stack(frames), [float(loss) for loss in losses]


def moments_of(messages: list[dict[str, Any]]) -> np.ndarray:
    """Return the parameters that a stream of messages tells, one flat row after the other."""
    parts = [one.get("network", {}).get("moments", {}).get("parameters", "") for one in messages]
    return np.concatenate([np.frombuffer(base64.b64decode(part), "<f4") for part in parts])
