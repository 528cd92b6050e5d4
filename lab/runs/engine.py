"""What a job, a run and an engine are; nothing here knows of processes."""

import hashlib
import json
import logging
import secrets
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol

from lab.core.events import Event
from lab.core.lesson import Context
from lab.core.settings import LessonSettings

State = Literal["queued", "running", "done", "error", "cancelled", "timeout", "memory", "lost"]
EXPERIMENTS = "lab.curriculum:experiment"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use before it is ended.

    Attributes:
        seconds: of wall time, from the moment a worker begins.
        memory_mb: mebibytes above the worker's own size when the run starts.
    """

    seconds: float = 60.0
    memory_mb: int = 1536


@dataclass(frozen=True, slots=True)
class Job:
    """An experiment asked for.

    Attributes:
        experiment: its name in the curriculum, `<lesson slug>/<experiment>`.
        settings: validated settings of that experiment.
        context: the device, files and an earlier result to go on from.
    """

    experiment: str
    settings: LessonSettings
    context: Context = field(default_factory=Context)

    @property
    def key(self) -> str:
        """Return what names the result: equal keys mean the same events and result, to the last bit.

        `context.earlier` does not count, since it must not change the result, nor do `context.files`,
        since the settings name a file by its hash.
        """
        parts = [self.experiment, self.settings.key(), code_version(), self.context.device]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def code_version() -> str:
    """Return the SHA-256 of all Python sources of the lab: another code may compute another result."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode())
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended.

    Attributes:
        state: one of the six states that end a run.
        message: one sentence for the learner; empty if the run is done.
        result: what the experiment returned, if it is done.
        details: a traceback for the lab's log, never for the learner.
    """

    state: State
    message: str = ""
    result: Any = None
    details: str = ""


def end_by_fault(fault: Exception, limits: Limits) -> End:
    """Return how a run ends that was broken off by a fault of the code, not of the learner."""
    if isinstance(fault, MemoryError) or _is_torch_memory_error(fault):
        return End(
            "memory",
            f"The worker ran out of memory (limit {limits.memory_mb:,} MB): "
            "choose fewer networks, neurons or epochs.",
        )
    kind = type(fault).__name__
    return End(
        "error",
        f"Something went wrong in this run ({kind}): the lab's log has the details.",
        details="".join(traceback.format_exception(fault)),
    )


def _is_torch_memory_error(fault: Exception) -> bool:
    text = str(fault)
    return isinstance(fault, RuntimeError) and ("allocate memory" in text or "out of memory" in text)


def _leave_alone(_run: "Run") -> None:
    """Stop nothing: for runs that are over at once."""


class Run:
    """One execution of a job; any thread may read it while it grows.

    Attributes:
        token: an unguessable name, under which the page's live view may follow the run.
        key: the job's key.
        job: what was asked for.
        state: where the run stands; once it is one of the last six, nothing changes any more.
        message: one sentence for the learner if the run ended badly, else empty.
        events: all events so far, in order; it only grows.
        result: the experiment's result once the state is `done`.
        place: how many runs are ahead of this one in the queue; 0 once it runs.
        size: bytes of the pickled events and result.
        stop_asked: `time.monotonic()` when `cancel` was first called, or None.
    """

    def __init__(self, job: Job, stop: Callable[["Run"], None] = _leave_alone) -> None:
        self.token = secrets.token_urlsafe(16)
        self.key = job.key
        self.job = job
        self.state: State = "queued"
        self.message = ""
        self.events: list[Event] = []
        self.result: Any = None
        self.place = 0
        self.size = 0
        self.stop_asked: float | None = None
        self._stop = stop
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._callbacks: list[Callable[[Run], None]] = []

    @property
    def ended(self) -> bool:
        """Return whether the run is over, for whatever reason."""
        return self.state not in ("queued", "running")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run is over, at most `timeout` seconds; return whether it is."""
        return self._over.wait(timeout)

    def cancel(self) -> None:
        """Ask the run to stop; returns at once, and a second call changes nothing."""
        with self._lock:
            if self.ended or self.stop_asked is not None:
                return
            self.stop_asked = time.monotonic()
        self._stop(self)

    def when_ended(self, callback: Callable[["Run"], None]) -> None:
        """Call `callback(run)` once the run is over, before `wait` returns; at once if it is over."""
        with self._lock:
            if not self.ended:
                self._callbacks.append(callback)
                return
        callback(self)

    def begin(self) -> None:
        """Say that a worker has taken the run (engines only)."""
        self.place = 0
        self.state = "running"

    def extend(self, events: Sequence[Event], size: int) -> None:
        """Append what the worker sent, `size` bytes of it (engines only)."""
        self.events.extend(events)
        self.size += size

    def finish(self, end: End) -> None:
        """End the run; only the first call counts (engines only, and outside their locks)."""
        with self._lock:
            if self.ended:
                return
            self.place = 0
            self.result, self.message = end.result, end.message
            self.state = end.state
            callbacks, self._callbacks = self._callbacks, []
        if end.details:
            _log.error("%s %s\n%s", self.job.experiment, self.job.settings.key(), end.details)
        for callback in callbacks:
            callback(self)
        self._over.set()


class Engine(Protocol):
    """Something that executes jobs."""

    def submit(self, job: Job) -> Run:
        """Return the run of `job`, which starts as soon as a worker is free."""
        ...

    def stats(self) -> Mapping[str, int]:
        """Return the counts of `workers`, `busy`, `queued`, `restarts` and `lost`."""
        ...

    def close(self) -> None:
        """End all runs and workers."""
        ...
