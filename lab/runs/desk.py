"""The desk at which pages ask for runs: who waits for what, and what need not be computed again."""

import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from cachetools import TTLCache

from lab.core.errors import LabError
from lab.core.events import Event
from lab.runs import ends
from lab.runs.choose import open_engine
from lab.runs.engine import EXPERIMENTS, End, Engine, Job, Run
from lab.runs.in_place import compute
from lab.runs.options import Options
from lab.runs.record import record_end
from lab.runs.shared_store import SharedStore
from lab.runs.store import Store
from lab.runs.visitors import Visitors
from lab.runs.worker import experiment_named
from lab.training.devices import devices

RECENT_SECONDS = 30
RECENT_RUNS = 256

ENGINE_COUNTS = ("workers", "busy", "queued", "restarts", "lost")
COUNTS = (
    *(f"runs_{state}" for state in ("done", "cancelled", "error", "timeout", "memory", "lost")),
    *("joined", "store_hits", "shared_hits", "store_misses", "refused"),
)

Slot = tuple[str, str]  # visitor and experiment


class Desk:
    """Gives each visitor the run of a job: a stored one, one in flight, or a new one.

    A visitor has one slot per experiment, and the latest job in it wins: the run before is left, and
    cancelled if nobody else is attached to it.

    Args:
        engine: where long runs execute; by default what `LAB_ENGINE` names, opened by `start` or the first
            long run.
        store: where finished runs are kept.
        options: limits, and which runs are computed at once in the thread that asks.
        shared: where servers share finished runs; those with a learner's own file stay out of it.
        find: the finder of experiments as `module:function`.
    """

    def __init__(
        self,
        engine: Engine | None,
        store: Store,
        options: Options | None = None,
        *,
        shared: SharedStore | None = None,
        find: str = EXPERIMENTS,
    ) -> None:
        self.options = options or Options()
        self._engine = engine
        self._store = store
        self._shared = shared
        self._find = find
        self._lock = threading.RLock()
        self._slots: dict[Slot, Run] = {}
        self._joinable: dict[str, Run] = {}  # by key
        self._live: dict[str, Run] = {}  # by token
        self._recent: TTLCache[str, Run] = TTLCache(RECENT_RUNS, RECENT_SECONDS)
        self._visitors = Visitors(self.options.visitor_runs_per_minute)
        self._counts: Counter[str] = Counter()
        self._run_seconds = 0.0

    def start(self) -> Engine:
        """Start the engine if it is not yet started, and return it at once."""
        with self._lock:
            if self._engine is None:
                self._engine = open_engine(find=self._find)
            return self._engine

    def ask(self, job: Job, visitor: str, *, again: bool = False, last: Run | None = None) -> Run:
        """Return the run of `job`, which may be over already; never waits for a worker.

        Asking for the same job again gives the same run, also if it failed or was cancelled, so that a
        page may ask whenever it is drawn.

        Args:
            job: what to run.
            visitor: who asks; any text that names one session.
            again: whether to compute anew what ended badly for this visitor.
            last: a finished run that the visitor still has, and keeps whatever happened to the store.
        """
        slot, seconds = (visitor, job.experiment), self._estimate(job)
        in_place = seconds < self.options.in_place_seconds and job.context.device in devices()
        if not in_place:
            self._fetch(job, slot)
        with self._lock:
            if self._visitors.has_left(visitor):
                return _ended(job, ends.stopped())  # nobody would ever leave what is begun now
            self._visitors.enter(visitor)
            run = self._known(job, slot, again, last) or self._refused(job, visitor)
            is_new = run is None
            left = None if self._slots.get(slot) is run else self._detach(slot)
            if run is None:
                run = self._new(job, visitor, seconds, in_place)
            if run.state != "done":
                self._slots[slot] = run
        if left is not None:
            left.cancel()
        if is_new:
            run.when_ended(self._put_away)
        if is_new and in_place and not run.ended:
            compute(run, self._find, self.options.limits)
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
            self._slots[slot] = left or _ended(run.job, ends.stopped(), run.events)
        if left is not None:
            left.cancel()

    def keep_only(self, visitor: str, experiments: Collection[str]) -> None:
        """Leave this visitor's runs of all other experiments, so that they hold nothing back."""
        with self._lock:
            slots = [slot for slot in self._slots if slot[0] == visitor and slot[1] not in experiments]
            left = [self._detach(slot) for slot in slots]
        for run in left:
            if run is not None:
                run.cancel()

    def leave(self, visitor: str) -> None:
        """Detach a visitor whose session ended from all runs."""
        self.keep_only(visitor, ())
        with self._lock:
            self._visitors.forget(visitor)

    def devices(self) -> Sequence[str]:
        """Return torch's names of the devices on which long runs can be computed, the CPU first."""
        with self._lock:
            return devices() if self._engine is None else self._engine.devices()

    def stats(self) -> Mapping[str, float]:
        """Return counts since the start, and how things stand.

        Returns:
            The engine's `workers`, `busy`, `queued`, `restarts` and `lost`, all 0 before it is started;
            `visitors`, `store_bytes`; and since the start `runs_done`, `runs_cancelled`, `runs_error`,
            `runs_timeout`, `runs_memory`, `runs_lost`, `run_seconds` of wall time, and the requests that
            were `joined` to a run in flight, `store_hits`, `shared_hits`, `store_misses`, and `refused`.
        """
        with self._lock:
            engine = self._engine.stats() if self._engine is not None else {}
            return {
                **dict.fromkeys(ENGINE_COUNTS, 0),
                **engine,
                "visitors": len(self._visitors),
                "store_bytes": self._store.size,
                "run_seconds": self._run_seconds,
                **{name: self._counts[name] for name in COUNTS},
            }

    def close(self) -> None:
        """End the engine and all runs."""
        with self._lock:
            engine = self._engine
        if engine is not None:
            engine.close()

    def _estimate(self, job: Job) -> float:
        try:
            return experiment_named(self._find, job.experiment).seconds(job.settings)
        except LabError:
            return -1.0  # computed in place, it ends at once with a clear sentence

    def _fetch(self, job: Job, slot: Slot) -> None:
        """Bring a result that another server computed into the store; may take a moment, so hold no lock."""
        if self._shared is None or job.context.files:
            return
        with self._lock:
            own = self._slots.get(slot)
            known_here = job.key in self._joinable or self._store.get(job.key) or (own and own.key == job.key)
        found = None if known_here else self._shared.get(job.key)
        if found is not None:
            self._store.put(job.key, *found)
            self._counts["shared_hits"] += 1

    def _known(self, job: Job, slot: Slot, again: bool, last: Run | None) -> Run | None:
        """Return the visitor's own run of this job, one in flight that can be joined, or a stored one."""
        key = job.key
        own = self._slots.get(slot)
        if own is not None and own.key == key and not (own.ended and again):
            return own
        if last is not None and last.key == key and last.state == "done":
            return last
        joined = self._joinable.get(key)
        if joined is not None and joined.stop_asked is None:
            self._counts["joined"] += 1
            return joined
        stored = self._store.get(key)
        if stored is None:
            return None
        self._counts["store_hits"] += 1
        events, result = stored
        run = _ended(job, End("done", result=result), events)
        self._recent[run.token] = run
        return run

    def _refused(self, job: Job, visitor: str) -> Run | None:
        """Return a run that is over if this visitor has started too many; else count one more."""
        wait = self._visitors.start(visitor)
        if not wait:
            return None
        self._counts["refused"] += 1
        return _ended(job, ends.too_often(self.options.visitor_runs_per_minute, wait))

    def _new(self, job: Job, visitor: str, seconds: float, in_place: bool) -> Run:
        """Return a run that is to be computed."""
        self._counts["store_misses"] += 1
        run = Run(job) if in_place else self.start().submit(job, owner=visitor, seconds=seconds)
        self._joinable[run.key] = self._live[run.token] = run
        return run

    def _detach(self, slot: Slot) -> Run | None:
        """Empty the slot; return its run if nobody is attached to it any more, else give it to one who is."""
        run = self._slots.pop(slot, None)
        if run is None:
            return None
        others = [visitor for (visitor, _), other in self._slots.items() if other is run]
        if others:
            if run.owner == slot[0]:
                run.owner = others[0]  # it must not hold back what the leaver does next
            return None
        if self._joinable.get(run.key) is run:  # about to be cancelled: nobody may join it now
            del self._joinable[run.key]
        return run

    def _put_away(self, run: Run) -> None:
        """Store a run that is over, and free the slots of those who have their result."""
        record_end(run)
        with self._lock:
            self._counts[f"runs_{run.state}"] += 1
            self._run_seconds += run.took
            if run.state == "done":
                self._store.put(run.key, run.events, run.result, run.size)
                self._slots = {slot: other for slot, other in self._slots.items() if other is not run}
            if self._joinable.get(run.key) is run:
                del self._joinable[run.key]
            self._live.pop(run.token, None)
            self._recent[run.token] = run
        computed_by_worker = bool(run.owner)  # what takes a moment is not worth a journey
        if (
            run.state == "done"
            and self._shared is not None
            and computed_by_worker
            and not run.job.context.files
        ):
            self._shared.put(run.key, run.events, run.result)


def _ended(job: Job, end: End, events: Sequence[Event] = ()) -> Run:
    """Return a run that is over and was never computed here."""
    run = Run(job)
    run.extend(events, 0)
    run.finish(end)
    return run
