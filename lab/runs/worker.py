"""What happens inside a worker: one job at a time, with limits, stoppable at any moment."""

import contextlib
import ctypes
import faulthandler
import gc
import importlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from lab.core.errors import LabError, RunError
from lab.core.events import Done, Evaluated, Event, Framed
from lab.core.lesson import Beginning, Experiment
from lab.runs import ends
from lab.runs.engine import End, Limits, end_by_fault
from lab.runs.pipe import Order, Outbox, packed

try:
    import resource
except ImportError:  # Windows has no resource limits
    resource = None


OOM_SCORE = "500"  # of 1000, above all that a server has by itself


class Stop(BaseException):
    """Raised inside an experiment that is to stop; no `except Exception` there can catch it."""


class Stopper:
    """Interrupts an experiment from another thread, in the midst of an epoch.

    An asynchronous exception may strike between any two bytecodes of its thread, so it is raised only
    while the experiment's own code runs, never while an event is being sent.
    """

    def __init__(self, thread: int) -> None:
        self.asked = False
        self._thread = ctypes.c_ulong(thread)
        self._inside = False
        self._lock = threading.Lock()

    def ask(self) -> None:
        """Stop the experiment now, or at its next event if it is not running this moment."""
        with self._lock:
            if self._inside and not self.asked:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(self._thread, ctypes.py_object(Stop))
            self.asked = True

    def next_item(self, items: Iterator[Event | Done[Any]]) -> Event | Done[Any]:
        """Return `next(items)`; raise Stop if that was asked for before or meanwhile."""
        with self._lock:
            if self.asked:
                raise Stop
            self._inside = True
        try:
            item = next(items)
        finally:
            with self._lock:
                self._inside = False
            if self.asked:  # after the last bytecode of the experiment: the exception must not strike later
                ctypes.pythonapi.PyThreadState_SetAsyncExc(self._thread, None)
        if self.asked:
            raise Stop
        return item


def experiment_named(find: str, name: str) -> Experiment[Any, Any, Any]:
    """Return the experiment that the finder knows by `name`.

    Args:
        find: the finder as `module:function`; the function raises KeyError for an unknown name.
        name: `<lesson slug>/<experiment>`, possibly nonsense.

    Raises:
        RunError: there is no such experiment.
    """
    module, _, function = find.partition(":")
    try:
        return getattr(importlib.import_module(module), function)(name)
    except KeyError:
        raise RunError(f"There is no experiment named {name[:60]!r}: open the page again.") from None


def drive(order: Order, find: str, emit: Callable[[Event], object], stopper: Stopper) -> End:
    """Run an experiment in the calling thread, whatever happens in it, and return how it ended.

    Args:
        order: what to run; of its limits, seconds and memory are the caller's business.
        find: the finder of experiments as `module:function`.
        emit: called with each event as soon as it is there.
        stopper: made for the calling thread; `stopper.ask` stops the run.
    """
    torch.set_num_threads(1)  # also a promise: more threads would add in another order
    meter = _Meter(order.limits, emit)
    try:
        experiment = experiment_named(find, order.experiment)
        settings = experiment.settings.model_validate_json(order.settings)
        # an experiment that forgets to leave a mode must not change the next one
        with torch.inference_mode(False), torch.enable_grad():
            context = replace(order.context, keep=meter.keep)
            return _last_item(experiment.train(settings, context), meter, stopper)
    except Stop:
        return ends.stopped(meter.begun)
    except LabError as fault:
        return End("error", str(fault))
    except Exception as fault:
        if stopper.asked:
            return ends.stopped(meter.begun)
        return end_by_fault(fault, order.limits)


class _Meter:
    """Passes events on, as many as a run may send, and keeps the last of its beginnings."""

    def __init__(self, limits: Limits, emit: Callable[[Event], object]) -> None:
        self._limits = limits
        self._emit = emit
        self._events = self._bytes = 0
        self.begun: Beginning | None = None

    def keep(self, begun: Beginning) -> None:
        """Keep where the run can be taken up; it travels only if the run is stopped."""
        self.begun = begun

    def send(self, event: Event) -> None:
        """Emit an event; raise RunError if it is one too many."""
        self._events += 1
        self._bytes += _bytes_of(event)
        if self._events > self._limits.events:
            raise RunError(
                f"The run sent more than {self._limits.events:,} events: choose fewer epochs or steps."
            )
        if self._bytes > self._limits.events_mb * 2**20:
            raise RunError(f"The run sent more than {self._limits.events_mb:,} MB: {ends.SMALLER}.")
        self._emit(event)


def _bytes_of(event: Event) -> int:
    """Return the bytes of an event's arrays, and some for the rest."""
    match event:
        case Framed():
            return 64 + event.parameters.nbytes
        case Evaluated():
            return 64 + sum(64 + values.nbytes for values in event.scores.values())
        case _:
            return 64


def _last_item(items: Iterator[Event | Done[Any]], meter: _Meter, stopper: Stopper) -> End:
    try:
        while not isinstance(item := stopper.next_item(items), Done):
            meter.send(item)
        return End("done", result=item.result)
    finally:
        if isinstance(items, Generator):
            items.close()


@contextlib.contextmanager
def limited(limits: Limits) -> Iterator[None]:
    """End this process after `limits.seconds`, and refuse memory beyond `limits.memory_mb`."""
    with open(os.devnull, "w") as nowhere:
        # unlike a timer thread, this works while C code holds the interpreter's lock
        faulthandler.dump_traceback_later(limits.seconds, exit=True, file=nowhere)
        _limit_memory(limits.memory_mb)
        try:
            yield
        finally:
            _limit_memory(None)
            faulthandler.cancel_dump_traceback_later()


class _Malloc(ctypes.Structure):
    """The `struct mallinfo2` of glibc's malloc.h: ten counts, of which `free` is called fordblks there."""

    _fields_ = [(name, ctypes.c_size_t) for name in (*"abcdefgh", "free", "keep")]


def _give_back() -> None:
    """Let the allocator return what it keeps of earlier runs: it is a gigabyte in a class's workers."""
    with contextlib.suppress(AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def _free_memory() -> int:
    """Return the bytes of addresses that the allocator keeps of what was freed: the next run takes those."""
    with contextlib.suppress(AttributeError):  # only glibc has it
        count = ctypes.CDLL(None).mallinfo2
        count.restype = _Malloc
        return count().free
    return 0


def used_memory() -> int | None:
    """Return the bytes of data that this process uses, or None where the system does not tell."""
    status = Path("/proc/self/statm")
    if resource is None or not status.exists():
        return None
    return int(status.read_text().split()[5]) * resource.getpagesize() - _free_memory()


def _limit_memory(megabytes: int | None) -> None:
    if megabytes is not None and sys.platform == "linux":
        _give_back()
    used = used_memory()
    if resource is None or used is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = hard
    if megabytes is not None:
        wanted = used + megabytes * 2**20
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


class Inbox:
    """Reads the parent's orders; ends the process when the parent is gone."""

    def __init__(self, connection: Connection) -> None:
        self.orders: queue.SimpleQueue[tuple[Order, Stopper]] = queue.SimpleQueue()
        self._connection = connection
        self._main = threading.get_ident()
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def _read(self) -> None:
        stopper = Stopper(self._main)
        while True:
            try:
                message = self._connection.recv()
            except Exception:  # the parent is gone, or there is no memory for an order
                os._exit(0)  # at once, even in the midst of a run: nobody would read the next
            if isinstance(message, Order):
                stopper = Stopper(self._main)  # a late stop finds the stopper of its own run
                self.orders.put((message, stopper))
            else:
                stopper.ask()


def settle(find: str) -> None:
    """Make this process a worker: with low priority, and with all loaded that runs need."""
    if hasattr(os, "nice"):
        os.nice(10)  # pages go first: a rerun with two busy workers takes a third less time
    with contextlib.suppress(OSError):  # where the kernel ends a process to free memory, it shall be a worker
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    importlib.import_module("torch._dynamo")  # the first optimiser would, for a second
    with contextlib.suppress(Exception):  # a broken curriculum is reported by the run that needs it
        importlib.import_module(find.partition(":")[0])
    gc.freeze()


def _die_with_the_parent() -> None:
    """Let Linux kill this process when its parent is gone: while paused, it could not end itself.

    The parent is the server of forks, which lives as long as anyone holds its alive pipe; we must not.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        alive = getattr(forkserver._forkserver, "_forkserver_alive_fd", None)
        if alive is not None:
            os.close(alive)


def serve(connection: Connection, find: str) -> None:
    """Be a worker: execute the orders that come through `connection` until its other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the server's affair
    _die_with_the_parent()
    settle(find)
    inbox, outbox = Inbox(connection), Outbox(connection)
    connection.send_bytes(b"ready")
    while True:
        order, stopper = inbox.orders.get()
        limits = order.limits

        def emit(event: Event, limits: Limits = limits) -> None:
            outbox.put(packed(event, limits))

        with limited(limits):
            end = drive(order, find, emit, stopper)
        outbox.put(packed(end, limits), last=True)
        if end.state == "memory":
            gc.collect()
