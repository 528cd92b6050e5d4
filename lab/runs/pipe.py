"""What travels between an engine and its workers: orders down, packed events and the end up."""

import io
import pickle
import threading
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection

from lab.core.events import Event
from lab.core.lesson import Context
from lab.runs import ends
from lab.runs.engine import End, Limits, end_by_fault

CHUNK_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Order:
    """A job as it is sent to a worker: a name and JSON, which the worker validates again.

    Attributes:
        experiment: the name in the curriculum.
        settings: as canonical JSON.
        context: device, files and earlier result.
        limits: what the run may use.
    """

    experiment: str
    settings: str
    context: Context
    limits: Limits


@dataclass(frozen=True, slots=True)
class StopOrder:
    """Stop the run of the order before; it may be over, since the pipe keeps their order."""


def packed(item: Event | End, limits: Limits) -> bytes:
    """Return `item` as it travels; an End whose result cannot be sent becomes one that says so."""
    try:
        data = pickle.dumps(item, protocol=5)
    except Exception as fault:
        if not isinstance(item, End):
            raise
        return pickle.dumps(end_by_fault(fault, limits), protocol=5)
    if isinstance(item, End) and len(data) > limits.events_mb * 2**20:
        sentence = f"The result of this run is larger than {limits.events_mb:,} MB: {ends.SMALLER}."
        return pickle.dumps(End("error", sentence), protocol=5)
    return data


def unpacked(data: bytes) -> tuple[list[Event], End | None]:
    """Return what a chunk of packed items holds: events in order, and the end if it is there."""
    stream = io.BytesIO(data)
    events: list[Event] = []
    while stream.tell() < len(data):
        item = pickle.load(stream)
        if isinstance(item, End):
            return events, item
        events.append(item)
    return events, None


class Outbox:
    """Sends packed items in chunks from a thread of its own, so that a fast stream costs few messages."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._parts: deque[tuple[bytes, bool]] = deque()
        self._filled = threading.Event()
        self._hurry = threading.Event()
        threading.Thread(target=self._send, name="outbox", daemon=True).start()

    def put(self, data: bytes, *, last: bool = False) -> None:
        """Send `data` within CHUNK_SECONDS, and at once if it is the last of a run."""
        self._parts.append((data, last))
        self._filled.set()
        if last:
            self._hurry.set()

    def _send(self) -> None:
        while self._filled.wait():
            self._filled.clear()
            parts = [self._parts.popleft() for _ in range(len(self._parts))]
            if not parts:
                continue
            try:
                self._connection.send_bytes(b"".join(data for data, _ in parts))
            except MemoryError:  # the run is at its limit and will end; nothing was written yet
                self._parts.extendleft(reversed(parts))
                self._filled.set()
                continue
            if any(last for _, last in parts):
                self._hurry.clear()
            else:
                self._hurry.wait(CHUNK_SECONDS)
