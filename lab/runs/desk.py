"""The desk at which pages ask for runs: who waits for what, and what need not be computed again."""

import threading
from collections.abc import Mapping

from cachetools import TTLCache

from lab.core.errors import LabError
from lab.core.events import Event
from lab.runs.engine import EXPERIMENTS, End, Engine, Job, Limits, Run
from lab.runs.pipe import Order, packed, unpacked
from lab.runs.store import Store
from lab.runs.worker import Stopper, drive, experiment_named

RECENT_SECONDS = 30
RECENT_RUNS = 256

Slot = tuple[str, str]  # visitor and experiment


class Desk:
    """Gives each visitor the run of a job: a stored one, one in flight, or a new one.

    A visitor has one slot per experiment, and the latest job in it wins: the run before is left, and
    cancelled if nobody else is attached to it.

    Args:
        engine: where long runs execute; by default a `LocalEngine`, made by `start` or the first long run.
        store: where finished runs are kept.
        in_place_seconds: a run whose estimate is below is computed at once in the thread that asks.
        find: the finder of experiments as `module:function`.
    """

    def __init__(
        self,
        engine: Engine | None,
        store: Store,
        *,
        in_place_seconds: float = 0.15,
        find: str = EXPERIMENTS,
    ) -> None:
        self._engine = engine
        self._store = store
        self._in_place_seconds = in_place_seconds
        self._find = find
        self._lock = threading.RLock()
        self._slots: dict[Slot, Run] = {}
        self._joinable: dict[str, Run] = {}  # by key
        self._live: dict[str, Run] = {}  # by token
        self._recent: TTLCache[str, Run] = TTLCache(RECENT_RUNS, RECENT_SECONDS)

    def start(self) -> Engine:
        """Start the engine if it is not yet started, and return it at once."""
        with self._lock:
            if self._engine is None:
                from lab.runs.local import LocalEngine  # noqa: PLC0415  only a server starts processes

                self._engine = LocalEngine(find=self._find)
            return self._engine

    def ask(self, job: Job, visitor: str, *, again: bool = False) -> Run:
        """Return the run of `job`, which may be over already; never waits for a worker.

        Asking for the same job again gives the same run, also if it failed or was cancelled, so that a
        page may ask whenever it is drawn.

        Args:
            job: what to run.
            visitor: who asks; any text that names one session.
            again: whether to compute anew what ended badly for this visitor.
        """
        slot = (visitor, job.experiment)
        with self._lock:
            run = self._known(job, slot, again)
            is_new = run is None
            in_place = is_new and self._is_short(job)
            if run is None:
                run = Run(job) if in_place else self.start().submit(job)
                self._joinable[run.key] = self._live[run.token] = run
            left = self._attach(slot, run)
        if left is not None:
            left.cancel()
        if is_new:
            run.when_ended(self._put_away)
        if in_place:
            self._compute(run)
        return run

    def find(self, token: str) -> Run | None:
        """Return the run with this token if it is live or ended within the last half minute."""
        with self._lock:
            return self._live.get(token) or self._recent.get(token)

    def stop(self, visitor: str, experiment: str) -> None:
        """End the run in this slot for this visitor, who then keeps it as cancelled; others keep theirs."""
        slot = (visitor, experiment)
        with self._lock:
            run = self._slots.get(slot)
            if run is None:
                return
            left = self._detach(slot)
            self._slots[slot] = left or _cancelled_copy(run)
        if left is not None:
            left.cancel()

    def leave(self, visitor: str) -> None:
        """Detach a visitor whose session ended from all runs."""
        with self._lock:
            slots = [slot for slot in self._slots if slot[0] == visitor]
            left = [self._detach(slot) for slot in slots]
        for run in left:
            if run is not None:
                run.cancel()

    def stats(self) -> Mapping[str, int]:
        """Return the engine's counts, all 0 before it is started."""
        names = ("workers", "busy", "queued", "restarts", "lost")
        return dict.fromkeys(names, 0) if self._engine is None else self._engine.stats()

    def close(self) -> None:
        """End the engine and all runs."""
        with self._lock:
            engine = self._engine
        if engine is not None:
            engine.close()

    def _known(self, job: Job, slot: Slot, again: bool) -> Run | None:
        """Return the slot's own run of this job, one in flight that can be joined, or a stored one."""
        key = job.key
        own = self._slots.get(slot)
        if own is not None and own.key == key and not (own.ended and again):
            return own
        joined = self._joinable.get(key)
        if joined is not None and joined.stop_asked is None:
            return joined
        stored = self._store.get(key)
        if stored is None:
            return None
        run = Run(job)
        events, result = stored
        run.extend(events, 0)
        run.finish(End("done", result=result))
        self._recent[run.token] = run
        return run

    def _is_short(self, job: Job) -> bool:
        try:
            experiment = experiment_named(self._find, job.experiment)
        except LabError:
            return True  # computed in place, it ends at once with a clear sentence
        return experiment.seconds(job.settings) < self._in_place_seconds

    def _attach(self, slot: Slot, run: Run) -> Run | None:
        """Put `run` into the slot; return the run before it if that is to be cancelled."""
        if self._slots.get(slot) is run:
            return None
        left = self._detach(slot)
        if run.state != "done":
            self._slots[slot] = run
        return left

    def _detach(self, slot: Slot) -> Run | None:
        """Empty the slot; return its run if nobody is attached to it any more."""
        run = self._slots.pop(slot, None)
        if run is None or run in self._slots.values():
            return None
        if self._joinable.get(run.key) is run:  # about to be cancelled: nobody may join it now
            del self._joinable[run.key]
        return run

    def _compute(self, run: Run) -> None:
        """Run a short job in this thread, by the same code and through the same pickles as a worker."""
        job, limits = run.job, Limits()

        def pass_on(item: Event | End) -> End | None:
            data = packed(item, limits)
            events, end = unpacked(data)
            run.extend(events, len(data))
            return end

        order = Order(job.experiment, job.settings.key(), job.context, limits)
        run.begin()
        end = drive(order, self._find, pass_on, Stopper(threading.get_ident()))
        run.finish(pass_on(end) or end)

    def _put_away(self, run: Run) -> None:
        """Store a run that is over, and free the slots of those who have their result."""
        with self._lock:
            if run.state == "done":
                self._store.put(run.key, run.events, run.result, run.size)
                self._slots = {slot: other for slot, other in self._slots.items() if other is not run}
            if self._joinable.get(run.key) is run:
                del self._joinable[run.key]
            self._live.pop(run.token, None)
            self._recent[run.token] = run


def _cancelled_copy(run: Run) -> Run:
    copy = Run(run.job)
    copy.extend(run.events, 0)
    copy.finish(End("cancelled", "The run was stopped."))
    return copy
