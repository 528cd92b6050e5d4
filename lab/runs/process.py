"""A worker process, and how it is started from a server that has torch loaded."""

import contextlib
import multiprocessing
import multiprocessing.spawn
import os
import sys
from functools import cache
from multiprocessing.context import BaseContext
from typing import Any

from lab.runs.engine import Run
from lab.runs.pipe import StopOrder
from lab.runs.turns import Clock, pause
from lab.runs.worker import serve

START_SECONDS = 120.0
WORKER_NAME = "lab-worker"


@cache
def _without_main() -> None:
    """Let multiprocessing start our workers without running the main script again in each.

    Under `streamlit run` the main module is the page, and any thread may replace it at any moment; so
    we do not touch `sys.modules`, but leave it out of what is prepared for processes of our name.
    """
    prepare = multiprocessing.spawn.get_preparation_data

    def preparation_data(name: str) -> dict[str, Any]:
        data = prepare(name)
        if name.startswith(WORKER_NAME):
            data = {key: value for key, value in data.items() if not key.startswith("init_main")}
        return data

    multiprocessing.spawn.get_preparation_data = preparation_data


def context(find: str) -> BaseContext:
    """Return how processes are started: forked from a server that has torch loaded, where that is safe."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read when a child loads torch; a pool of threads cannot be forked
    _without_main()
    if sys.platform != "darwin" and "forkserver" in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(
            ["torch", "torch._dynamo", serve.__module__, find.partition(":")[0], "lab.runs.preload"]
        )
        return context
    return multiprocessing.get_context("spawn")


class Worker:
    """One process, our end of its pipe, the run that it works on, and whether it can take another."""

    def __init__(self, context: BaseContext, find: str, number: int) -> None:
        self.connection, theirs = context.Pipe()
        self.process: Any = context.Process(  # type: ignore[attr-defined]
            target=serve, args=(theirs, find), name=f"{WORKER_NAME}-{number}", daemon=True
        )
        self.run: Run | None = None
        self.clock = Clock()
        self.usable = True
        try:
            self.process.start()
        finally:
            theirs.close()

    @property
    def pid(self) -> int:
        """Return the number of its process."""
        return self.process.pid

    def wait_until_ready(self) -> None:
        """Wait for the worker's first message; raise EOFError if it dies before."""
        if not self.connection.poll(START_SECONDS):
            raise EOFError
        self.connection.recv_bytes()

    def send_stop(self) -> None:
        """Ask for a soft stop of the current run; a worker that is gone needs none."""
        pause(self, pausing=False)
        with contextlib.suppress(OSError):
            self.connection.send(StopOrder())

    def end(self) -> None:
        """Kill the process, and wait until it is gone."""
        self.process.kill()
        self.process.join(5)
        self.connection.close()
