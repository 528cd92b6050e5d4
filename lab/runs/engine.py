"""What a job, a run and an engine are; nothing here knows of processes."""

import hashlib
import json
import logging
import secrets
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Protocol

from lab.core.errors import RunError
from lab.core.events import Event
from lab.core.lesson import Beginning, Context
from lab.core.settings import LessonSettings

State = Literal["queued", "running", "done", "error", "cancelled", "timeout", "memory", "lost"]
EXPERIMENTS = "lab.curriculum:experiment"
LIBRARIES = ("numpy", "pandas", "torch")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use before it is ended.

    Attributes:
        seconds: of wall time, from the moment a worker begins.
        memory_mb: mebibytes above the worker's own size when the run starts.
        events: how many it may send.
        events_mb: mebibytes that its events, and its result, may hold.
    """

    seconds: float = 60.0
    memory_mb: int = 1536
    events: int = 10_000
    events_mb: int = 64


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

        `context.earlier` does not count, since it must not change the result. The files do, by their hash:
        who only knows a hash, from another's link, must not get the result of that file.
        """
        files = sorted(self.context.files)
        parts = [self.experiment, self.settings.key(), code_version(), self.context.device, files]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def code_version() -> str:
    """Return the SHA-256 of all Python sources of the lab, and of the versions of what it computes with.

    Another code may compute another result, and other libraries may not read what these have pickled.
    """
    package = Path(__file__).parents[1]
    digest = hashlib.sha256("\0".join(map(version, LIBRARIES)).encode())
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
        details: a traceback for the lab's log, never for the learner; without the fault's own words, which
            may quote what the learner typed.
        begun: where a stopped run can be taken up, if its experiment has kept that.
    """

    state: State
    message: str = ""
    result: Any = None
    details: str = ""
    begun: Beginning | None = None


class FailedRunError(RunError):
    """A run ended without a result.

    Attributes:
        state: how it ended.
    """

    def __init__(self, state: State, message: str) -> None:
        self.state: State = state
        super().__init__(message)


_NO_MEMORY = ("allocate memory", "out of memory", "bad_alloc", "could not create a primitive")
"""What torch, oneDNN and pandas say when they get no memory, in errors of other kinds."""


def end_by_fault(fault: Exception, limits: Limits) -> End:
    """Return how a run ends that was broken off by a fault of the code, not of the learner."""
    if isinstance(fault, MemoryError) or any(words in str(fault) for words in _NO_MEMORY):
        return End(
            "memory",
            f"The worker ran out of memory (limit {limits.memory_mb:,} MB): "
            "choose fewer networks, neurons or epochs.",
        )
    kind = type(fault).__name__
    return End(
        "error",
        f"Something went wrong in this run ({kind}): the lab's log has the details.",
        details="".join([*traceback.format_tb(fault.__traceback__), kind]),
    )


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
        begun: where a run that has ended can be taken up; None if nowhere.
        owner: the visitor for whom it runs; empty if for none in particular.
        priority: runs of a higher one begin first.
        seconds: how long it is expected to run.
        place: how many waiting runs will begin before this one; 0 once it runs.
        begins: `time.monotonic()` at which it is expected to begin, or at which it began.
        took: seconds from its begin to its end; 0 before the end, and if it never began.
        beside: how many other runs it shares the cores with, by turns; 0 if it need not wait for any.
        size: bytes of the pickled events and result.
        future: the result; raises CancelledError for a cancelled run and `FailedRunError` for one that
            ended badly. Its own `cancel` does nothing: stop a run by `cancel` of the run.
        stop_asked: `time.monotonic()` when `cancel` was first called, or None.
    """

    def __init__(
        self,
        job: Job,
        stop: Callable[["Run"], None] = _leave_alone,
        *,
        owner: str = "",
        priority: int = 0,
        seconds: float = 0.0,
    ) -> None:
        self.token = secrets.token_urlsafe(16)
        self.key = job.key
        self.job = job
        self.state: State = "queued"
        self.message = ""
        self.events: list[Event] = []
        self.result: Any = None
        self.begun: Beginning | None = None
        self.owner = owner
        self.priority = priority
        self.seconds = seconds
        self.place = 0
        self.begins: float | None = None
        self.took = 0.0
        self.beside = 0
        self.size = 0
        self.future: Future[Any] = Future()
        self.future.set_running_or_notify_cancel()
        self.stop_asked: float | None = None
        self._stop = stop
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._callbacks: list[Callable[[Run], None]] = []

    @property
    def ended(self) -> bool:
        """Return whether the run is over, for whatever reason."""
        return self.state not in ("queued", "running")

    @property
    def wait_seconds(self) -> float | None:
        """Return in how many seconds a waiting run is expected to begin; None if nothing is known of it."""
        if self.state != "queued" or self.begins is None:
            return None
        return max(0.0, self.begins - time.monotonic())

    @property
    def log_fields(self) -> dict[str, str]:
        """Return what the log may tell of the run: its experiment, and a hash, since its token opens it."""
        return {"run": hashlib.sha256(self.token.encode()).hexdigest()[:8], "experiment": self.job.experiment}

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
        self.begins = time.monotonic()
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
            if self.state == "running" and self.begins is not None:
                self.took = time.monotonic() - self.begins
            self.result, self.message = end.result, end.message
            self.begun = Beginning(self.job.settings, end.result) if end.state == "done" else end.begun
            self.state = end.state
            callbacks, self._callbacks = self._callbacks, []
        if end.details:
            _log.error("A run of %s failed\n%s", self.job.experiment, end.details, extra=self.log_fields)
        for callback in callbacks:
            callback(self)
        self._over.set()
        if end.state == "done":
            self.future.set_result(end.result)
        elif end.state == "cancelled":
            self.future.set_exception(CancelledError(end.message))
        else:
            self.future.set_exception(FailedRunError(end.state, end.message))


class Engine(Protocol):
    """Something that executes jobs."""

    def submit(self, job: Job, *, owner: str = "", priority: int = 0, seconds: float = 0.0) -> Run:
        """Return the run of `job`, which starts as soon as it is its turn.

        Args:
            job: what to run.
            owner: the visitor who asks, served in turn with the others; a waiting run of theirs is replaced.
            priority: runs of a higher one begin first.
            seconds: how long the run is expected to take; short ones are not stuck behind long ones.
        """
        ...

    def devices(self) -> Sequence[str]:
        """Return torch's names of the devices that its workers have now, the CPU first."""
        ...

    def stats(self) -> Mapping[str, int]:
        """Return the counts of `workers`, `busy`, `queued`, `restarts` and `lost`."""
        ...

    def close(self) -> None:
        """End all runs and workers."""
        ...
