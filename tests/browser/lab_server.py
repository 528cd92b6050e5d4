"""The lab as it is served: `streamlit run app.py` in a process of its own, on a free port of this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import psutil

ROOT = Path(__file__).parents[2]
START_SECONDS, STOP_SECONDS = 60, 15


@dataclass(frozen=True, slots=True)
class LabServer:
    """A running server: where it listens, its process, and what it has written."""

    url: str
    process: psutil.Process
    output: IO[bytes]

    def workers(self) -> list[psutil.Process]:
        """Return the processes that compute: those that the server's forkserver has made."""
        return [worker for child in self.process.children() for worker in child.children()]

    def busy_worker(self, timeout: float = 5) -> psutil.Process:
        """Return the worker that computes most, as soon as one computes at all."""
        workers = self.workers()
        before = [worker.cpu_times().user for worker in workers]
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            time.sleep(0.05)
            used = [worker.cpu_times().user - old for worker, old in zip(workers, before, strict=True)]
            if max(used) >= 0.1:
                return workers[used.index(max(used))]
        raise AssertionError(f"no worker computed anything within {timeout} s")

    def kill(self) -> None:
        """Kill the server alone, as a crash would; fail if anything that it has started goes on."""
        family = self.process.children(recursive=True)
        self.process.kill()
        _gone, left = psutil.wait_procs(family, STOP_SECONDS)
        assert not left, f"the server was killed, but not {left}"

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that the server itself has used, without its workers."""
        times = self.process.cpu_times()
        return times.user + times.system

    def log(self) -> str:
        """Return all that the server has written so far."""
        size = self.output.seek(0, os.SEEK_END)
        return os.pread(self.output.fileno(), size, 0).decode()


@contextmanager
def lab_served(
    environment: Mapping[str, str] | None = None, port: int = 0, program: str = "streamlit"
) -> Iterator[LabServer]:
    """Serve the lab; at the end it must go, and take its workers along, when it is asked to.

    Args:
        environment: variables set for the server besides this process's own.
        port: where to listen; a free one if 0.
        program: the module that runs, with the arguments of `streamlit`.
    """
    port = port or free_port()
    where = ["--server.port", str(port), "--server.address", "127.0.0.1"]
    command = [sys.executable, "-m", program, "run", "app.py", *where]
    plain = os.environ | {"NO_COLOR": "1"} | dict(environment or {})
    with TemporaryFile() as output:
        started = subprocess.Popen(
            command,
            cwd=ROOT,
            env=plain,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        server = LabServer(f"http://127.0.0.1:{port}", psutil.Process(started.pid), output)
        try:
            _wait_for_health(server, started)
            yield server
            _end(server, started)
        finally:
            _kill_what_is_left(started)


def free_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_for_health(server: LabServer, started: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and started.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the lab did not start:\n{server.log()}")


def _end(server: LabServer, started: subprocess.Popen[bytes]) -> None:
    if started.poll() == -signal.SIGKILL:  # by its test
        return
    family = [server.process, *server.process.children(recursive=True)]
    started.send_signal(signal.SIGTERM)
    started.wait(STOP_SECONDS)
    _gone, left = psutil.wait_procs(family, STOP_SECONDS)
    assert not left, f"the server is gone, but not {left}"


def _kill_what_is_left(started: subprocess.Popen[bytes]) -> None:
    """End whatever is still in the server's process group, also after a test was broken off."""
    try:
        os.killpg(started.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    started.wait(STOP_SECONDS)
