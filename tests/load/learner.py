"""A learner: opens a page, changes one control every few seconds, and follows each run to its picture."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.load.session import Session
from tests.load.widgets import KINDS, held, moved, stated, widget_of

PAGES = {
    "Playground": ("playground", {}),
    "forward pass": ("forward_pass", {}),
    "gradient descent (line)": ("gradient_descent", {"part": "line"}),
    "gradient descent (race)": ("gradient_descent", {"part": "race"}),
    "gradient descent (sweep)": ("gradient_descent", {"part": "sweep"}),
    "gradient descent (batches)": ("gradient_descent", {"part": "batches"}),
    "gradient descent (network)": ("gradient_descent", {"part": "network"}),
    "CNN training": ("cnn", {"part": "train"}),
    "RNN series": ("rnn", {"part": "series"}),
}
TRAINED = ("gradient descent (batches)", "gradient descent (network)", "CNN training", "RNN series")
"""Pages on which networks train for seconds: they must show progress soon, all others their final picture."""
QUICK = tuple(name for name in PAGES if name not in TRAINED)
NOT_MOVED = {"Part of this lesson", "Device", ""}
NEEDS_A_FILE = ("My own", "Your own")
PATIENCE = 60.0  # seconds for the first page


@dataclass(slots=True)
class Change:
    """What came of one change of a control; times in seconds since it was sent, None if it did not come.

    Attributes:
        page: name of the page, one of `PAGES`.
        control: label of the control and where it was moved.
        outcome: `final`, `replaced` by a newer change, `refused` with a sentence, or `failed`.
        answer: the page's script has run.
        shown: the run's first measurement is there, also that of the untrained network, or its end.
        progress: the first measurement after training began is there (epoch 0 does not count), or its end.
        final: the picture is complete.
        bytes: received over the WebSocket and the stream of events.
        fault: what failed.
    """

    page: str
    control: str = ""
    outcome: str = "failed"
    answer: float | None = None
    shown: float | None = None
    progress: float | None = None
    final: float | None = None
    bytes: int = 0
    fault: str = ""


@dataclass(slots=True)
class Learner:
    """One learner on one page.

    Args:
        url: of the server.
        name: of the page, one of `PAGES`.
        chance: decides what is changed.
        changes: what came of each change so far.
    """

    url: str
    name: str
    chance: random.Random
    changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        page, query = PAGES[self.name]
        self.session = Session(page, query)
        self.opened = asyncio.Event()

    session: Session = field(init=False)
    opened: asyncio.Event = field(init=False)

    async def dialled(self, session: str = "") -> ClientConnection:
        """Open a WebSocket, to a session that there was or to a new one."""
        address = f"{self.url.replace('http', 'ws', 1)}/_stcore/stream"
        protocols = ["streamlit", *(("no-token", session) if session else ())]
        return await connect(
            address,
            subprotocols=[Subprotocol(one) for one in protocols],
            compression=None,
            max_size=None,
            proxy=None,
            open_timeout=PATIENCE,
            ping_interval=None,
        )

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[ClientConnection]:
        """Open the WebSocket for a while."""
        async with await self.dialled() as line:
            yield line

    async def live(
        self, period: float, seconds: float, begin: asyncio.Event, leave: asyncio.Event, wait: float = 0
    ) -> None:
        """Open the page, and later change a control every now and then; what goes wrong is noted.

        Args:
            period: between two changes, in seconds; the first one comes within this time.
            seconds: how long changes are made after `begin` is set.
            begin: when it is set, changes begin.
            leave: the learner stays until it is set.
            wait: for so many seconds before opening the page.
        """
        clock = asyncio.get_running_loop()
        try:
            await asyncio.sleep(wait)
            async with self.connected() as line:
                async with asyncio.timeout(PATIENCE):
                    await self.settle(line, Change(self.name))
                self.opened.set()
                await begin.wait()
                due, until = clock.time() + period * self.chance.random(), clock.time() + seconds
                while due < until:
                    await asyncio.sleep(due - clock.time())
                    await self.change(line, due := due + period)
                await leave.wait()
        except Exception as error:  # the others go on
            self.changes.append(Change(self.name, "the line", fault=repr(error)))
        finally:
            self.opened.set()

    async def change(self, line: ClientConnection, due: float) -> None:
        """Change a control and follow what comes of it until `due`, when the next change replaces it."""
        change = Change(self.name)
        self.changes.append(change)
        try:
            async with asyncio.timeout_at(due):
                if not self._free():
                    await self.rerun(line)  # the change before was replaced while the page was being drawn
                change.control = self.turned()
                await self.settle(line, change)
        except TimeoutError:
            change.outcome = "replaced"
        except (OSError, EOFError, ValueError) as error:
            change.fault = repr(error)

    def _free(self) -> list[tuple[str, Any]]:
        """Return the controls that can be moved, each with its kind."""
        controls = [
            (str(one.WhichOneof("type")), widget_of(one))
            for one in self.session.elements
            if one.WhichOneof("type") in KINDS
        ]
        return [(kind, one) for kind, one in controls if not one.disabled and one.label not in NOT_MOVED]

    def turned(self) -> str:
        """Move a control of the page by one step, or choose another option; return what was done."""
        free = self._free()
        for kind, widget in self.chance.sample(free, len(free)):
            now = held(kind, widget, self.session.widgets.get(widget.id))
            value = moved(kind, widget, now, self.chance, NEEDS_A_FILE)
            if value is not None:
                self.session.widgets[widget.id] = stated(kind, widget, value)
                return f"{widget.label}: {value}"
        raise ValueError("there is nothing to change")

    async def settle(self, line: ClientConnection, change: Change) -> None:
        """Ask for the page and follow its runs until all pictures are complete; fill in `change`."""
        began = time.perf_counter()
        await self.rerun(line)
        change.answer = time.perf_counter() - began
        change.bytes += self.session.bytes
        ended = {}
        for identity, stage in self.session.stages():
            if self._noted(change, stage["message"], began):
                continue
            async for raw in events(self.url, stage["events"]):
                change.bytes += len(raw)
                if self._noted(change, orjson.loads(raw), began):
                    ended[identity] = json.dumps([{"event": "done", "value": stage["run"]}])
            if identity not in ended:
                raise EOFError("the stream broke off before the end of its run")
        if ended:  # the browser reports the end, and Python draws what it shows of finished runs
            await self.rerun(line, ended)
            change.bytes += self.session.bytes
        change.outcome = self._outcome(change)

    @staticmethod
    def _noted(change: Change, message: dict[str, Any], began: float) -> bool:
        """Note the times of a message; return whether it is the last of its run."""
        now, progress = time.perf_counter() - began, message["progress"]
        trained = message["done"] or progress["share"] > 0
        if change.shown is None and (trained or progress["text"].startswith("epoch")):
            change.shown = now
        if change.progress is None and trained:
            change.progress = now
        if message["done"]:
            change.final = now
        return message["done"]

    async def rerun(self, line: ClientConnection, triggers: dict[str, str] | None = None) -> None:
        """Ask for a run of the script and take all it sends."""
        await line.send(self.session.asked(triggers))
        while not self.session.took(await line.recv()):
            pass

    def _outcome(self, change: Change) -> str:
        """Judge the page: an exception or a run without its end has failed."""
        if faults := self.session.of_kind("exception"):
            change.fault = faults[0].message
            return "failed"
        wrong = [one.body for one in self.session.of_kind("alert") if one.format == one.ERROR]
        again = [one for one in self.session.of_kind("button") if one.label == "Run again"]
        change.fault = "; ".join(wrong)
        if again or not self.session.stages():
            return "failed" if again or not wrong else "refused"
        return "final"


async def events(url: str, path: str) -> AsyncIterator[bytes]:
    """Yield the data of each server-sent event of a stream.

    Raises:
        OSError: the server answers with an error.
    """
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=2**26)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
        if b" 200 " not in status:
            raise OSError(status.decode().strip())
        while line := await reader.readline():
            if line.startswith(b"data: "):
                yield line.removeprefix(b"data: ").strip()
    finally:
        writer.close()
