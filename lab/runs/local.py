"""The embedded engine: supervised worker processes on this machine, one pipe each.

Each worker has a slot, a thread that starts it, hands it one run at a time, and replaces it when it
dies. Nothing is shared between workers, so a killed one cannot harm its neighbour.
"""

import atexit
import contextlib
import logging
import multiprocessing
import multiprocessing.spawn
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import BaseContext
from typing import Any

from lab.runs.engine import EXPERIMENTS, End, Job, Limits, Run, end_by_fault
from lab.runs.pipe import Order, StopOrder, unpacked
from lab.runs.worker import serve

GRACE_SECONDS = 1.0
START_SECONDS = 120.0
_PULSE_SECONDS = 0.2
_WORKER_NAME = "lab-worker"

_log = logging.getLogger(__name__)


@cache
def _without_main() -> None:
    """Let multiprocessing start our workers without running the main script again in each.

    Under `streamlit run` the main module is the page, and any thread may replace it at any moment; so
    we do not touch `sys.modules`, but leave it out of what is prepared for processes of our name.
    """
    prepare = multiprocessing.spawn.get_preparation_data

    def preparation_data(name: str) -> dict[str, Any]:
        data = prepare(name)
        if name.startswith(_WORKER_NAME):
            data = {key: value for key, value in data.items() if not key.startswith("init_main")}
        return data

    multiprocessing.spawn.get_preparation_data = preparation_data


def _context(find: str) -> BaseContext:
    """Return how processes are started: forked from a server that has torch loaded, where that is safe."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read when a child loads torch; a pool of threads cannot be forked
    _without_main()
    if sys.platform != "darwin" and "forkserver" in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["torch", "torch._dynamo", serve.__module__, find.partition(":")[0]])
        return context
    return multiprocessing.get_context("spawn")


class _Worker:
    """One process, our end of its pipe, the run that it works on, and whether it can take another."""

    def __init__(self, context: BaseContext, find: str, number: int) -> None:
        self.connection, theirs = context.Pipe()
        self.process: Any = context.Process(  # type: ignore[attr-defined]
            target=serve, args=(theirs, find), name=f"{_WORKER_NAME}-{number}", daemon=True
        )
        self.run: Run | None = None
        self.usable = True
        try:
            self.process.start()
        finally:
            theirs.close()

    def wait_until_ready(self) -> None:
        """Wait for the worker's first message; raise EOFError if it dies before."""
        if not self.connection.poll(START_SECONDS):
            raise EOFError
        self.connection.recv_bytes()

    def send_stop(self) -> None:
        """Ask for a soft stop of the current run; a worker that is gone needs none."""
        with contextlib.suppress(OSError):
            self.connection.send(StopOrder())

    def end(self) -> None:
        """Kill the process, and wait until it is gone."""
        self.process.kill()
        self.process.join(5)
        self.connection.close()


class LocalEngine:
    """A pool of worker processes; returns at once while they come up, and jobs wait for them.

    Args:
        workers: how many; by default one per core.
        find: the finder of experiments as `module:function`.
        limits: what each run may use.
    """

    def __init__(
        self, workers: int | None = None, *, find: str = EXPERIMENTS, limits: Limits | None = None
    ) -> None:
        self._find = find
        self._limits = limits or Limits()
        self._context = _context(find)
        self._queue: deque[Run] = deque()
        self._workers: dict[int, _Worker] = {}  # by slot; only those that are ready
        self._changed = threading.Condition()
        self._closed = False
        self._restarts = 0
        self._lost = 0
        slots = range(workers or os.cpu_count() or 1)
        self._threads = [
            threading.Thread(target=self._keep, args=(slot,), name=f"slot-{slot}", daemon=True)
            for slot in slots
        ]
        atexit.register(self.close)
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> Run:
        """Return the run of `job`, which starts as soon as a worker is free."""
        run = Run(job, self._stop)
        with self._changed:
            closed = self._closed
            if not closed:
                self._queue.append(run)
                self._number_queue()
                self._changed.notify()
        if closed:
            run.finish(_shut_down())
        return run

    def stats(self) -> Mapping[str, int]:
        """Return the counts of `workers`, `busy`, `queued`, `restarts` and `lost`."""
        with self._changed:
            return {
                "workers": len(self._workers),
                "busy": sum(worker.run is not None for worker in self._workers.values()),
                "queued": len(self._queue),
                "restarts": self._restarts,
                "lost": self._lost,
            }

    def close(self) -> None:
        """End all runs and workers; a second call changes nothing."""
        with self._changed:
            self._closed = True
            waiting = list(self._queue)
            self._queue.clear()
            for worker in self._workers.values():
                worker.process.kill()
            self._changed.notify_all()
        for run in waiting:
            run.finish(_shut_down())
        for thread in self._threads:
            thread.join(5)
        atexit.unregister(self.close)

    def _stop(self, run: Run) -> None:
        """Take a run from the queue, or ask its worker to stop it."""
        with self._changed:
            queued = run in self._queue
            if queued:
                self._queue.remove(run)
                self._number_queue()
            for worker in self._workers.values():
                if worker.run is run:
                    worker.send_stop()
        if queued:
            run.finish(_stopped())

    def _number_queue(self) -> None:
        for place, run in enumerate(self._queue):
            run.place = place

    def _keep(self, slot: int) -> None:
        """Keep one worker alive and at work until the engine closes: the thread of a slot."""
        while not self._closed:
            worker = None
            try:
                worker = _Worker(self._context, self._find, slot)
                worker.wait_until_ready()
                self._employ(slot, worker)
            except Exception:
                _log.exception("A worker could not be started; trying again in a second")
                time.sleep(1)
            finally:
                with self._changed:
                    self._workers.pop(slot, None)
                    self._restarts += not self._closed
                if worker is not None:
                    worker.end()

    def _employ(self, slot: int, worker: _Worker) -> None:
        """Give a ready worker one run after the other, until it dies or the engine closes."""
        with self._changed:
            self._workers[slot] = worker
        while worker.usable and not self._closed and worker.process.is_alive():
            run = self._next_run()
            if run is not None:
                self._execute(run, worker)

    def _execute(self, run: Run, worker: _Worker) -> None:
        deadline = time.monotonic() + self._limits.seconds
        try:
            self._hand_over(run, worker)
            end = self._followed(run, worker, deadline) if worker.usable else None
        except Exception as fault:  # a context that cannot be pickled, a result that cannot be read back
            worker.usable = False
            end = end_by_fault(fault, self._limits)
        with self._changed:
            worker.run = None
            if end is None and not self._closed:  # it has not begun: the next worker shall have it
                self._queue.appendleft(run)
                self._number_queue()
                return
        run.finish(end or _shut_down())

    def _next_run(self) -> Run | None:
        """Wait for a run at most a second, so that an idle worker's death is noticed."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed, timeout=1)
            if self._closed or not self._queue:
                return None
            run = self._queue.popleft()
            self._number_queue()
            return run

    def _hand_over(self, run: Run, worker: _Worker) -> None:
        """Send the order, unless it turns out that the worker is already dead."""
        job = run.job
        order = Order(job.experiment, job.settings.key(), job.context, self._limits)
        try:
            worker.connection.send(order)
        except OSError:
            worker.usable = False
            return
        run.begin()
        with self._changed:
            worker.run = run
            if run.stop_asked is not None:  # asked while the run was neither queued nor known to run
                worker.send_stop()

    def _followed(self, run: Run, worker: _Worker, deadline: float) -> End:
        """Pass on what the worker sends until the run ends; kill a worker that does not obey."""
        while True:
            try:
                data = worker.connection.recv_bytes() if worker.connection.poll(_PULSE_SECONDS) else b""
            except (EOFError, OSError):
                worker.usable = False
                return self._end_by_death(run, deadline)
            events, end = unpacked(data)
            run.extend(events, len(data))
            if end is not None:
                return end
            if time.monotonic() > min(deadline, run.stop_asked or deadline) + GRACE_SECONDS:
                worker.process.kill()

    def _end_by_death(self, run: Run, deadline: float) -> End:
        if self._closed:
            return _shut_down()
        if run.stop_asked is not None:
            return _stopped()
        if time.monotonic() >= deadline:
            return End(
                "timeout",
                f"The run took longer than {self._limits.seconds:g} s and was ended: "
                "choose fewer networks, neurons or epochs.",
            )
        with self._changed:
            self._lost += 1
        _log.warning("The worker of %s died", run.job.experiment)
        return End(
            "lost",
            "The worker process died in the midst of this run: start it again, "
            "and if that fails too, choose fewer networks, neurons or epochs.",
        )


def _stopped() -> End:
    return End("cancelled", "The run was stopped.")


def _shut_down() -> End:
    return End("cancelled", "The lab is shutting down: open the page again in a minute.")
