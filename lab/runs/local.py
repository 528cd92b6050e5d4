"""The embedded engine: supervised worker processes on this machine, one pipe each.

Each worker has a slot, a thread that starts it, hands it one run at a time, and replaces it when it
dies. Nothing is shared between workers, so a killed one cannot harm its neighbour.
"""

import atexit
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lab.runs import ends
from lab.runs.engine import EXPERIMENTS, End, Job, Limits, Run, end_by_fault
from lab.runs.machine import cores
from lab.runs.options import Options
from lab.runs.pipe import Order, unpacked
from lab.runs.process import Worker, context
from lab.runs.queue import FairQueue
from lab.runs.turns import Clock, can_pause, pause, take_turns
from lab.training.devices import devices

GRACE_SECONDS = 1.0
_PULSE_SECONDS = 0.2
_TURN_SECONDS = 0.05
_WALL_FACTOR = 100  # a worker's own clock goes on while it is paused; ours ends it in time

_log = logging.getLogger(__name__)


class LocalEngine:
    """A pool of worker processes; returns at once while they come up, and jobs wait for them.

    Args:
        workers: how many; by default `Options.workers`.
        find: the finder of experiments as `module:function`.
        limits: what each run may use; by default `Options.limits`.
    """

    def __init__(
        self, workers: int | None = None, *, find: str = EXPERIMENTS, limits: Limits | None = None
    ) -> None:
        self._find = find
        self._limits = limits or Options().limits
        self._context = context(find)
        self._queue = FairQueue()
        self._running: list[Run] = []
        self._workers: dict[int, Worker] = {}  # by slot; only those that are ready
        self._changed = threading.Condition()
        self._closed = False
        self._restarts = 0
        self._lost = 0
        self._cores = cores()
        slots = range(workers or Options().workers)
        self._threads = [
            threading.Thread(target=self._keep, args=(slot,), name=f"slot-{slot}", daemon=True)
            for slot in slots
        ]
        if can_pause() and len(slots) > self._cores:
            self._threads.append(threading.Thread(target=self._turn, name="turns", daemon=True))
        atexit.register(self.close)
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job, *, owner: str = "", priority: int = 0, seconds: float = 0.0) -> Run:
        """Return the run of `job`, which starts as soon as it is its turn (`Engine.submit`)."""
        run = Run(job, self._stop, owner=owner, priority=priority, seconds=seconds)
        with self._changed:
            closed = self._closed
            older = None if closed else self._queue.put(run)
            self._forecast()
            self._changed.notify_all()
        if closed:
            run.finish(ends.shut_down())
        if older is not None:
            older.finish(ends.replaced())
        return run

    def devices(self) -> Sequence[str]:
        """Return torch's names of this machine's devices, the CPU first."""
        return devices()

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
            waiting = self._queue.clear()
            for worker in self._workers.values():
                worker.process.kill()
            self._changed.notify_all()
        for run in waiting:
            run.finish(ends.shut_down())
        for thread in self._threads:
            thread.join(5)
        atexit.unregister(self.close)

    def _stop(self, run: Run) -> None:
        """Take a run from the queue, or ask its worker to stop it."""
        with self._changed:
            queued = self._queue.remove(run)
            self._forecast()
            for worker in self._workers.values():
                if worker.run is run:
                    worker.send_stop()
        if queued:
            run.finish(ends.stopped())

    def _forecast(self) -> None:
        shared = max(1.0, len(self._running) / self._cores)
        self._queue.forecast(self._running, len(self._workers), shared)

    def _turn(self) -> None:
        """Let the runs take turns on the cores, until the engine closes: the thread of the turns."""
        while not self._closed:
            with self._changed:
                workers = self._workers.values()
                busy = [(run, worker) for worker in workers if (run := worker.run) and not run.stop_asked]
                take_turns([worker for _, worker in busy], self._cores)
                for run, _ in busy:
                    run.beside = len(busy) - 1 if len(busy) > self._cores else 0
                if not busy:
                    self._changed.wait(1)
            time.sleep(_TURN_SECONDS)

    def _keep(self, slot: int) -> None:
        """Keep one worker alive and at work until the engine closes: the thread of a slot."""
        while not self._closed:
            worker = None
            try:
                worker = Worker(self._context, self._find, slot)
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

    def _employ(self, slot: int, worker: Worker) -> None:
        """Give a ready worker one run after the other, until it dies or the engine closes."""
        with self._changed:
            self._workers[slot] = worker
        while worker.usable and not self._closed and worker.process.is_alive():
            run = self._next_run()
            if run is not None:
                self._execute(run, worker)

    def _execute(self, run: Run, worker: Worker) -> None:
        try:
            self._hand_over(run, worker)
            end = self._followed(run, worker) if worker.usable else None
        except Exception as fault:  # a context that cannot be pickled, a result that cannot be read back
            worker.usable = False
            end = end_by_fault(fault, self._limits)
        with self._changed:
            pause(worker, pausing=False)  # it counted as busy until now; without a run nobody wakes it
            computed, worker.run = worker.clock.computed(), None
            self._running.remove(run)
            self._changed.notify_all()  # its owner's next run may begin
            if end is None and not self._closed:  # it has not begun: the next worker shall have it
                back = self._queue.put_back(run)
                self._forecast()
                if back:
                    return
                end = ends.replaced()
        run.finish(end or ends.shut_down())
        with self._changed:
            self._queue.learn(run, computed)

    def _next_run(self) -> Run | None:
        """Wait for a run at most a second, so that an idle worker's death is noticed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._queue.may_begin(self._running, len(self._workers)), timeout=1
            )
            run = None if self._closed else self._queue.take(self._running, len(self._workers))
            if run is not None:
                self._running.append(run)
                self._forecast()
            return run

    def _hand_over(self, run: Run, worker: Worker) -> None:
        """Send the order, unless it turns out that the worker is already dead."""
        job = run.job
        limits = replace(self._limits, seconds=self._limits.seconds * _WALL_FACTOR)
        order = Order(job.experiment, job.settings.key(), job.context, limits)
        try:
            worker.connection.send(order)
        except OSError:
            worker.usable = False
            return
        run.begin()
        with self._changed:
            worker.run, worker.clock = run, Clock()
            self._changed.notify_all()  # the turns: a new run goes first
            if run.stop_asked is not None:  # asked while the run was neither queued nor known to run
                worker.send_stop()

    def _followed(self, run: Run, worker: Worker) -> End:
        """Pass on what the worker sends until the run ends; kill a worker that does not obey."""
        while True:
            try:
                data = worker.connection.recv_bytes() if worker.connection.poll(_PULSE_SECONDS) else b""
            except (EOFError, OSError):
                worker.usable = False
                return self._end_by_death(run, worker)
            events, end = unpacked(data)
            run.extend(events, len(data))
            if end is not None:
                return end
            stubborn = run.stop_asked is not None and time.monotonic() > run.stop_asked + GRACE_SECONDS
            if stubborn or worker.clock.computed() > self._limits.seconds:
                worker.process.kill()

    def _end_by_death(self, run: Run, worker: Worker) -> End:
        if self._closed:
            return ends.shut_down()
        if run.stop_asked is not None:
            return ends.stopped()
        if worker.clock.computed() > self._limits.seconds:
            return ends.timed_out(self._limits)
        with self._changed:
            self._lost += 1
        _log.warning("The worker of %s died", run.job.experiment, extra=run.log_fields)
        return ends.lost()
