"""What a server uses: memory and CPU of its process and of its workers, and the counters of `profiled`."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests.browser.lab_server import LabServer, lab_served

MEGABYTE = 2**20
WAIT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What is used so far.

    Attributes:
        server_memory: MB of the server that no other process shares (USS).
        worker_memory: MB of all its workers together; pages that they share count once (PSS).
        server_cpu: seconds of the server alone.
        worker_cpu: seconds of all workers, also of those that have ended.
        parts: CPU seconds of the server by part.
    """

    server_memory: float
    worker_memory: float
    server_cpu: float
    worker_cpu: float
    parts: dict[str, float]


@dataclass(frozen=True, slots=True)
class MeasuredServer:
    """A server with counters, which it writes to `file` when it is asked to."""

    server: LabServer
    file: Path

    def usage(self) -> Usage:
        """Ask the server and the system."""
        process = self.server.process
        children = process.children(recursive=True)
        times = process.cpu_times()
        return Usage(
            _memory(process, "uss"),
            sum(_memory(child, "pss") for child in children),
            times.user + times.system,
            sum(map(_cpu, children)),
            self._parts(),
        )

    def _parts(self) -> dict[str, float]:
        before = self.file.stat().st_mtime_ns if self.file.exists() else 0
        self.server.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.file.exists() or self.file.stat().st_mtime_ns == before:
            if time.monotonic() > deadline:
                return {}
            time.sleep(0.01)
        return json.loads(self.file.read_text())["seconds"]


@contextmanager
def measured_server() -> Iterator[MeasuredServer]:
    """Serve the lab with counters."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "profile.json"
        with lab_served({"LAB_PROFILE": str(file)}, program="tests.load.profiled") as server:
            yield MeasuredServer(server, file)


def _memory(process: psutil.Process, kind: str) -> float:
    try:
        return getattr(process.memory_full_info(), kind) / MEGABYTE
    except psutil.Error:  # it has just ended
        return 0.0


def _cpu(process: psutil.Process) -> float:
    """Return the seconds of a process and of its children that have ended."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system + times.children_user + times.children_system
