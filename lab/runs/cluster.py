"""The cluster engine: runs on the workers of a Dask scheduler, which several servers may share.

One thread, the dispatcher, reads the mail of the cluster, hands out runs when workers are free, and
watches limits. Fairness is this server's own: among servers that share a scheduler, runs begin in the
order in which they were handed out, and no server hands out more than there are workers free.
"""

import atexit
import contextlib
import logging
import pickle
import queue
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from lab.runs import ends
from lab.runs.cluster_link import Link, Mail
from lab.runs.cluster_task import GRACE_SECONDS, Task
from lab.runs.engine import EXPERIMENTS, End, Job, Limits, Run, end_by_fault
from lab.runs.pipe import Order, unpacked
from lab.runs.queue import FairQueue

PATIENCE_SECONDS = 10.0  # how long runs wait for a cluster that is not there
_PULSE_SECONDS = 0.2
_RETRY_SECONDS = 1.0
_LOOK_SECONDS = 5.0

_log = logging.getLogger(__name__)


class ClusterEngine:
    """Executes jobs on a cluster; returns at once while it connects, and jobs wait for it.

    Args:
        address: of the scheduler, such as `tls://host:8786`.
        certificates: paths to the files `ca`, `cert` and `key`; none for an insecure connection.
        find: the finder of experiments as `module:function`.
        limits: what each run may use.
    """

    def __init__(
        self,
        address: str,
        certificates: Mapping[str, str] | None,
        *,
        find: str = EXPERIMENTS,
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._mail: queue.SimpleQueue[Mail | None] = queue.SimpleQueue()
        self._connect = partial(Link, address, certificates, find, self._mail.put)
        self._link: Link | None = None
        self._lock = threading.Lock()  # of the queues; the rest belongs to the dispatcher
        self._queues = {False: FairQueue(), True: FairQueue()}  # by whether a run needs a GPU
        self._tasks: dict[str, Task] = {}  # by token
        self._workers: dict[str, bool] = {}  # by address, whether there is a GPU
        self._foreign: dict[str, str] = {}  # by worker, the run of another server
        self._seen = time.monotonic()  # when there were workers last
        self._next_look = self._next_try = 0.0
        self._closed = False
        self._restarts = self._lost = 0
        self._thread = threading.Thread(target=self._dispatch, name="cluster", daemon=True)
        atexit.register(self.close)
        self._thread.start()

    def submit(self, job: Job, *, owner: str = "", priority: int = 0, seconds: float = 0.0) -> Run:
        """Return the run of `job`, which starts as soon as it is its turn (`Engine.submit`)."""
        run = Run(job, self._stop, owner=owner, priority=priority, seconds=seconds)
        with self._lock:
            closed = self._closed
            before = None if closed else self._queues[_needs_gpu(job)].put(run)
            self._forecast()
        if closed:
            run.finish(ends.shut_down())
        if before is not None:
            before.finish(ends.replaced())
        self._mail.put(None)
        return run

    def devices(self) -> Sequence[str]:
        """Return `cpu`, and `cuda` while a worker has a GPU: which one a run gets is the cluster's affair."""
        with self._lock:
            return ("cpu", "cuda") if any(self._workers.values()) else ("cpu",)

    def stats(self) -> Mapping[str, int]:
        """Return the counts of `workers`, `queued`, `restarts`, and of this server's `busy` and `lost`."""
        with self._lock:
            return {
                "workers": len(self._workers),
                "busy": sum(bool(task.worker) for task in list(self._tasks.values())),
                "queued": sum(map(len, self._queues.values())),
                "restarts": self._restarts,
                "lost": self._lost,
            }

    def close(self) -> None:
        """End all runs of this server and leave the cluster; a second call changes nothing."""
        with self._lock:
            self._closed = True
        self._mail.put(None)
        self._thread.join(10)
        atexit.unregister(self.close)

    def _stop(self, run: Run) -> None:
        """Take a run from its queue, or let the dispatcher see that it is to stop."""
        with self._lock:
            waited = any([waiting.remove(run) for waiting in self._queues.values()])
            self._forecast()
        if waited:
            run.finish(ends.stopped())
        self._mail.put(None)

    def _forecast(self) -> None:
        running = [task.run for task in list(self._tasks.values())]
        for gpu, waiting in self._queues.items():
            waiting.forecast(running, 1 if gpu else len(self._workers) - len(self._foreign))

    def _dispatch(self) -> None:
        """Do everything until the engine closes: the dispatcher's thread."""
        while not self._closed:
            try:
                self._keep_connected()
                for mail in self._new_mail():
                    self._read(mail)
                self._watch()
                self._hand_out()
            except Exception:
                _log.exception("The connection to the cluster is made anew")
                self._disconnect(ends.disconnected())
        self._end_waiting(ends.shut_down())
        self._disconnect(ends.shut_down())

    def _new_mail(self) -> Iterable[Mail]:
        """Wait a moment for mail, and return all that is there."""
        mails: list[Mail | None] = []
        with contextlib.suppress(queue.Empty):
            mails.append(self._mail.get(timeout=_PULSE_SECONDS))
            while True:
                mails.append(self._mail.get_nowait())
        return [mail for mail in mails if mail is not None]

    def _keep_connected(self) -> None:
        """Connect if need be, and look who is there if that changed or was long ago."""
        now = time.monotonic()
        if self._link is not None and not self._link.is_up:
            _log.warning("The connection to the cluster broke")
            self._disconnect(ends.disconnected())
        if self._link is None and now >= self._next_try:
            self._next_try, self._next_look = now + _RETRY_SECONDS, 0.0
            try:
                self._link = self._connect()
            except (OSError, ValueError) as fault:
                _log.warning("The cluster cannot be reached: %s", fault)
        if self._link is not None and now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            workers = self._link.workers()
            with self._lock:
                self._workers = workers
            self._foreign = {worker: run for worker, run in self._foreign.items() if worker in workers}

    def _disconnect(self, end: End) -> None:
        """End all runs that were handed out, and leave the cluster."""
        link, self._link = self._link, None
        with self._lock:
            self._workers = {}
        self._foreign.clear()
        for task in list(self._tasks.values()):
            self._finish(task, ends.stopped() if task.run.stop_asked is not None else end)
        if link is not None:
            link.close()

    def _read(self, mail: Mail) -> None:
        task = self._tasks.get(mail.run)
        if mail.kind == "workers":
            self._next_look = 0.0
            if mail.worker:
                self._bury(mail.worker)
        elif mail.kind == "over":
            self._foreign = {worker: run for worker, run in self._foreign.items() if run != mail.run}
        elif mail.kind == "taken":
            if task is None:
                self._foreign[mail.worker] = mail.run
        elif task is not None:
            self._follow(task, mail)

    def _follow(self, task: Task, mail: Mail) -> None:
        """Do what mail about a run of this server asks for."""
        if mail.kind == "began" and not task.worker:
            task.begin(mail.worker, mail.pid)
        elif mail.kind in ("began", "gone"):  # begun again, or ended without a word: its worker died
            if self._link is not None and self._link.is_up:  # else all tasks are gone, and will be ended
                self._mourn(task)
        elif mail.worker == task.worker:
            self._pass_on(task, mail.data)

    def _bury(self, worker: str) -> None:
        """End the run of a worker that is gone; the scheduler would begin it again on another."""
        self._restarts += 1
        self._foreign.pop(worker, None)
        for task in list(self._tasks.values()):
            if task.worker == worker:
                self._mourn(task)

    def _pass_on(self, task: Task, data: bytes) -> None:
        try:
            events, end = unpacked(data)
        except Exception as fault:  # a result that cannot be read back
            events, end = [], end_by_fault(fault, self._limits)
        task.run.extend(events, len(data))
        if end is not None:
            self._finish(task, end)

    def _finish(self, task: Task, end: End) -> None:
        self._tasks.pop(task.run.token, None)
        if self._link is not None:
            self._link.release(task.run.token)
        task.run.finish(end)
        with self._lock:
            self._queues[task.gpu].learn(task.run, task.run.took)
            self._forecast()

    def _mourn(self, task: Task) -> None:
        """End a run whose worker is gone."""
        end = task.end_by_death(self._limits)
        if end.state == "lost":
            self._lost += 1
            _log.warning("The worker of %s died", task.run.job.experiment, extra=task.run.log_fields)
        self._finish(task, end)

    def _watch(self) -> None:
        """Stop what is to stop, and kill what does not obey or takes too long."""
        for task in list(self._tasks.values()):
            asked, overdue = task.run.stop_asked, task.overdue(self._limits)
            if asked is not None and not task.worker:
                self._finish(task, ends.stopped())
            elif self._link is not None and task.worker:
                if asked is not None:
                    self._link.release(task.run.token)
                if overdue > 0 and not task.killed:
                    task.killed = True
                    self._link.kill(task.worker, task.pid)
                elif overdue > 2 * GRACE_SECONDS:  # not even its nanny answers
                    self._mourn(task)

    def _hand_out(self) -> None:
        """Give runs to free workers, and refuse what no worker can do."""
        if self._link is None or not self._workers:
            if time.monotonic() - self._seen > PATIENCE_SECONDS:
                self._end_waiting(ends.unreachable())
            return
        self._seen = time.monotonic()
        if self._queues[True] and not any(self._workers.values()):
            self._end_waiting(ends.without_gpu(), only_gpu=True)
        while (run := self._next_run()) is not None:
            task = self._tasks[run.token] = Task(run, _needs_gpu(run.job))
            job = run.job
            context = replace(job.context, device="cuda") if task.gpu else job.context  # its worker has one
            order = Order(job.experiment, job.settings.key(), context, self._limits)
            try:
                self._link.send(run.token, pickle.dumps(order), priority=run.priority, gpu=task.gpu)
            except Exception as fault:  # a context that cannot be pickled
                self._finish(task, end_by_fault(fault, self._limits))

    def _next_run(self) -> Run | None:
        """Take the run whose turn it is from a queue, if there is a free worker for it."""
        tasks = self._tasks.values()
        running = [task.run for task in tasks]
        workers = len(self._workers) - len(self._foreign)
        free = workers - len(tasks)
        free_gpus = sum(self._workers.values()) - sum(task.gpu for task in tasks)
        run = None
        with self._lock:
            if free > 0 and free_gpus > 0:
                run = self._queues[True].take(running, 1)  # 1: no GPU is kept free for short runs
            if free > 0 and run is None:
                run = self._queues[False].take(running, workers)
            self._forecast()
        return run

    def _end_waiting(self, end: End, *, only_gpu: bool = False) -> None:
        """End all runs that have not begun, or those of them that need a GPU."""
        with self._lock:
            waiting = [
                run for gpu, runs in self._queues.items() if gpu or not only_gpu for run in runs.clear()
            ]
        for run in waiting:
            run.finish(end)
        for task in list(self._tasks.values()):
            if not task.worker and not only_gpu:
                self._finish(task, end)


def _needs_gpu(job: Job) -> bool:
    return job.context.device.startswith("cuda")
