"""The far side of the cluster engine: what the workers of a Dask scheduler execute.

A scheduler, and the workers of one machine, are started by these commands, each on one line:

    DASK_CONFIG=deploy/dask.yaml dask scheduler --protocol tls --host HOST --port 8786
        --no-dashboard --dashboard-address 127.0.0.1:0
        --tls-ca-file ca.pem --tls-cert cert.pem --tls-key key.pem
    DASK_CONFIG=deploy/dask.yaml dask worker tls://HOST:8786 --host HERE --nworkers 4 --nthreads 1
        --no-dashboard --dashboard-address 127.0.0.1:0 --memory-limit 0
        --tls-ca-file ca.pem --tls-cert cert.pem --tls-key key.pem
        --preload lab.runs.cluster_worker --preload-nanny lab.runs.cluster_worker

and `--resources GPU=1 --nworkers 1` for a worker that has a graphics card. Both need the lab installed in
the servers' version; a scheduler does not load torch.

Whoever has a certificate signed by `ca.pem` can run code on the cluster: sign nothing else with it.
"""

import os
import pickle
import threading
from dataclasses import replace
from typing import Any

from distributed import Nanny, Worker, WorkerPlugin, get_worker
from distributed.utils import get_mp_context

from lab.runs.engine import EXPERIMENTS, End, code_version, end_by_fault
from lab.runs.pipe import CHUNK_SECONDS, Order, packed

TOPIC = "lab"  # on which workers tell all servers when they begin and end a run
_MEMORY_SECONDS = 0.02
# A thread of Dask that is refused memory takes the whole worker down. So a run is stopped when it is seen to
# be over its limit, and the system refuses only what goes this far beyond, such as one huge array.
_HEADROOM_MB = 256
_PRELOAD = ["distributed", "torch", "torch._dynamo", "lab.runs.worker", EXPERIMENTS.partition(":")[0]]


def task_key(token: str) -> str:
    """Return the name of the task that executes the run with this token."""
    return f"run-{token}"


def execute(data: bytes, find: str, version: str, topic: str, token: str) -> None:
    """Execute a packed `Order`, and send on `topic` that it began, its events and its end.

    Args:
        data: the pickled order, opaque to the scheduler.
        find: the finder of experiments as `module:function`.
        version: the server's `code_version`.
        topic: what the server listens to.
        token: the token of the run.
    """
    worker = get_worker()
    line = _Line(worker, topic, token)
    worker.log_event([topic, TOPIC], {"run": token, "pid": os.getpid()})
    try:
        order: Order = pickle.loads(data)
        if version == code_version():
            end = _driven(order, find, token, line)
        else:
            end = End(
                "error",
                "The cluster has another version of the lab: ask your teacher to update it.",
            )
        line.put(packed(end, order.limits), last=True)
    finally:
        worker.log_event(TOPIC, {"run": token, "over": True})


def _driven(order: Order, find: str, token: str, line: "_Line") -> End:
    """Drive the experiment in this thread; its limits leave Dask's own thread room to breathe."""
    # the scheduler imports this module as well, and shall not need torch
    from lab.runs.worker import Stopper, drive, limited, used_memory  # noqa: PLC0415

    limits, stopper = order.limits, Stopper(threading.get_ident())
    allowed = (used_memory() or 0) + limits.memory_mb * 2**20
    over, exceeded = threading.Event(), threading.Event()

    def watch_memory() -> None:
        while not over.wait(_MEMORY_SECONDS) and not exceeded.is_set():
            if (used_memory() or 0) > allowed:
                exceeded.set()
                stopper.ask()

    threading.Thread(target=watch_memory, name="memory", daemon=True).start()
    _watch.add(task_key(token), stopper)
    try:
        with limited(replace(limits, memory_mb=limits.memory_mb + _HEADROOM_MB)):
            end = drive(order, find, lambda event: line.put(packed(event, limits)), stopper)
    finally:
        over.set()
        _watch.remove(task_key(token))
    return end_by_fault(MemoryError(), limits) if exceeded.is_set() and end.state == "cancelled" else end


class _Line:
    """Sends packed items in chunks from the worker's event loop: a fast stream costs few messages."""

    def __init__(self, worker: Worker, topic: str, token: str) -> None:
        self._worker = worker
        self._topic = topic
        self._token = token
        self._lock = threading.Lock()
        self._parts: list[bytes] = []
        self._pausing = False

    def put(self, data: bytes, *, last: bool = False) -> None:
        """Send `data` within CHUNK_SECONDS, and at once if it is the first or the last of a run."""
        with self._lock:
            self._parts.append(data)
            if self._pausing and not last:
                return
            self._pausing = True
        self._worker.loop.add_callback(self._send)

    def _send(self) -> None:
        with self._lock:
            if not self._parts:
                self._pausing = False
                return
            parts, self._parts = self._parts, []
        try:
            self._worker.log_event(self._topic, {"run": self._token, "data": b"".join(parts)})
        except MemoryError:  # the run is at its limit and will end; nothing was sent yet
            with self._lock:
                self._parts = parts + self._parts
        self._worker.loop.call_later(CHUNK_SECONDS, self._send)


class _Watch(WorkerPlugin):
    """Stops a run whose task is released: its server wants no more of it, or is gone."""

    name = "lab-watch"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stoppers: dict[str, Any] = {}
        self._released: set[str] = set()

    def add(self, key: str, stopper: Any) -> None:
        """Let the task's release ask `stopper`, at once if it was released while it began."""
        with self._lock:
            self._stoppers[key] = stopper
            released = key in self._released
        if released:
            stopper.ask()

    def remove(self, key: str) -> None:
        """Forget a task that is over: a late release must not stop the next one."""
        with self._lock:
            self._stoppers.pop(key, None)
            self._released.discard(key)

    def transition(self, key: Any, start: str, finish: str, **_more: Any) -> None:
        """Notice that a task is no longer wanted (called by the worker)."""
        stopper = None
        with self._lock:
            if (start, finish) == ("executing", "released"):
                self._released.add(key)
                stopper = self._stoppers.get(key)
            elif finish == "forgotten":
                self._released.discard(key)
        if stopper is not None:
            stopper.ask()


_watch = _Watch()


async def dask_setup(server: Nanny | Worker) -> None:
    """Prepare a worker, and the nanny that starts and replaces workers (called by Dask)."""
    if isinstance(server, Nanny):
        context = get_mp_context()
        if context.get_start_method() == "forkserver":
            context.set_forkserver_preload(_PRELOAD)
        return
    from lab.runs.worker import settle  # noqa: PLC0415  only a worker needs torch

    settle(EXPERIMENTS)
    await server.plugin_add(_watch)
