"""A learner that does what a browser does when the line breaks: it connects again and goes on."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from lab.runs.engine import Job
from lab.topics.playground.settings import Settings
from tests.load.learner import Change, Learner
from tests.load.widgets import held

BROKEN = (OSError, EOFError, WebSocketException)
WAIT_SECONDS = 0.25
QUIET_SECONDS = 0.3


class Stubborn(Learner):
    """Stays on the Playground over as many lines as it takes; `lines` counts them.

    A new line asks for the same session, and brings the widgets and the URL that the learner had. Sliders are
    remembered by their labels: a page that could not be drawn to its end still shows the old ones.
    """

    line: ClientConnection | None = None
    lines = 0
    sliders: Mapping[str, Any] = {}

    def __post_init__(self) -> None:
        """Make what tells whether the page is being drawn."""
        super().__post_init__()
        self.drawing = asyncio.Lock()

    async def pictured(self, seconds: float, stops: Mapping[str, str] | None = None) -> Change:
        """Move sliders, ask for the page, and return what came of its run within so many seconds.

        Args:
            seconds: for all lines together.
            stops: by a slider's label, the text of the stop to which it is moved first.
        """
        for label, stop in (stops or {}).items():
            assert stop in self.sliders[label].options
            self.session.set_stop(self.sliders[label], stop)
        deadline = time.monotonic() + seconds
        while True:
            change = Change(self.name)
            try:
                async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
                    await self.settle(await self._connected(), change)
            except TimeoutError:
                change.fault = f"no picture within {seconds} s"
                return change
            except BROKEN as error:
                change.fault = repr(error)
                self.leave()
                await asyncio.sleep(WAIT_SECONDS)
            else:
                return change

    async def _connected(self) -> ClientConnection:
        """Return the line, or open one to the session that there was."""
        if self.line is None:
            self.line = await self.dialled(self.session.id)
            self.lines += 1
        return self.line

    def leave(self) -> None:
        """Drop the line."""
        if self.line is not None:
            self.line.transport.abort()
        self.line = None

    async def rerun(self, line: ClientConnection, triggers: dict[str, str] | None = None) -> None:
        """Ask for a run of the script and take all it sends; a line left in the midst of it is dropped.

        After a restart the server runs the page a second time by itself (`lab.ui.session.catch_up`).
        """
        async with self.drawing:
            try:
                await super().rerun(line, triggers)
                self.sliders = {one.label: one for one in self.session.of_kind("slider")}
                self.opened.set()
                while True:
                    async with asyncio.timeout(None if self.session.running else QUIET_SECONDS):
                        self.session.took(await line.recv())
            except TimeoutError:
                return
            except BaseException:
                self.leave()
                raise

    async def stopped(self, following: asyncio.Task[Change]) -> None:
        """Look no longer at what the learner followed, once the page stands: so the line stays whole."""
        async with self.drawing:
            following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following

    def shows(self, query: Mapping[str, str]) -> bool:
        """Return whether the page's seed and its run are those of these settings, by keys made here."""
        (seed,) = (one for one in self.session.of_kind("number_input") if one.label == "Seed")
        job = Job("playground/train", Settings.from_query(query)[0])
        runs = [stage["run"] for _identity, stage in self.session.stages()]
        shown = held("number_input", seed, self.session.widgets.get(seed.id))
        return runs == [job.key] and shown == float(query["seed"])
