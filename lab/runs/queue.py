"""Who is next: one run at a time per visitor, visitors in turn, short runs before long ones."""

import heapq
import time
from collections.abc import Collection, Iterable, Iterator

from lab.runs.engine import Run

SHORT_SECONDS = 1.0
MOST_IN_A_ROW = 3  # short runs that may pass a long one
MOST_FORESEEN = 100  # places that are worked out exactly
MOST_REMEMBERED = 1000  # owners whose last turn is known; the others count as new
NEWS = 0.3  # weight of the newest run in how much longer runs take than estimated


class FairQueue:
    """Runs that wait for a worker; it does not lock, its engine does.

    A visitor has at most one run of an experiment waiting, and one run of any running; runs without an
    owner are not bound by that. Long runs leave one worker free for short ones, if there are several.
    """

    def __init__(self) -> None:
        self._waiting: list[Run] = []
        self._served: dict[str, int] = {}  # by owner, the turn at which a run of theirs was taken last
        self._turn = 0
        self._passed = 0  # short runs in a row that began while a long one waited
        self._ratios: dict[str, float] = {}  # by experiment, real over estimated seconds

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._waiting)

    def put(self, run: Run) -> Run | None:
        """Add a run; return the run of the same owner and experiment whose place it takes, if one waited."""
        for place, other in enumerate(self._waiting):
            if _same_place(run, other):
                self._waiting[place] = run
                return other
        self._waiting.append(run)
        return None

    def put_back(self, run: Run) -> bool:
        """Put a run that was taken and did not begin before all others, unless a newer one took its place.

        Returns:
            Whether it waits again.
        """
        if any(_same_place(run, other) for other in self._waiting):
            return False
        self._waiting.insert(0, run)
        self._served.pop(run.owner, None)
        return True

    def remove(self, run: Run) -> bool:
        """Take a run out that shall not begin; return whether it waited."""
        waited = run in self._waiting
        if waited:
            self._waiting.remove(run)
        return waited

    def clear(self) -> list[Run]:
        """Take all runs out."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def take(self, running: Collection[Run], workers: int) -> Run | None:
        """Take out the run that a free worker shall begin now, or None if none may begin.

        Args:
            running: the runs that workers are at.
            workers: how many workers there are, busy or free.
        """
        run = self._first(self._in_turn(), running, workers, self._passed)
        if run is None:
            return None
        self._waiting.remove(run)
        self._passed = self._passed_after(run, self._waiting, self._passed)
        self._turn += 1
        if run.owner:
            self._served[run.owner] = self._turn
        if len(self._served) > MOST_REMEMBERED:
            latest = sorted(self._served.items(), key=lambda item: item[1])[MOST_REMEMBERED // 2 :]
            self._served = dict(latest)
        return run

    def may_begin(self, running: Collection[Run], workers: int) -> bool:
        """Return whether `take` would give a run."""
        return self._first(self._waiting, running, workers, self._passed) is not None

    def forecast(self, running: Collection[Run], workers: int, stretch: float = 1.0) -> None:
        """Tell every waiting run its place and when it is expected to begin, by playing the queue's rules.

        Args:
            running: the runs that workers are at.
            workers: how many workers there are, busy or free.
            stretch: how many times longer runs take than alone, because they share cores.
        """
        now, passed, ahead = time.monotonic(), self._passed, 0
        at_work, waiting = list(running), self._in_turn()
        ends = [
            (max(now, (run.begins or now) + stretch * self.expected(run)), id(run), run) for run in running
        ]
        heapq.heapify(ends)
        clock = now
        while waiting and ahead < MOST_FORESEEN:
            run = self._first(waiting, at_work, max(1, workers), passed)
            if run is None or len(at_work) >= max(1, workers):
                clock = ends[0][0]
                while ends and ends[0][0] == clock:
                    at_work.remove(heapq.heappop(ends)[2])
                continue
            waiting.remove(run)
            passed = self._passed_after(run, waiting, passed)
            run.place, run.begins = ahead, clock
            ahead += 1
            at_work.append(run)
            heapq.heappush(ends, (clock + stretch * self.expected(run), id(run), run))
        for place, run in enumerate(waiting, ahead):
            run.place, run.begins = place, None

    def expected(self, run: Run) -> float:
        """Return the seconds a run will probably take: its estimate, corrected by what such runs took."""
        return run.seconds * self._ratios.get(run.job.experiment, 1.0)

    def learn(self, run: Run, computed: float) -> None:
        """Correct the estimates of an experiment by a run that is over, if it did all the work.

        Args:
            run: the run that is over.
            computed: the seconds it computed, without those in which it was paused.
        """
        if run.state != "done" or run.seconds <= 0 or run.job.context.earlier is not None:
            return
        before = self._ratios.get(run.job.experiment, 1.0)
        self._ratios[run.job.experiment] = before + NEWS * (computed / run.seconds - before)

    def _is_long(self, run: Run) -> bool:
        return self.expected(run) >= SHORT_SECONDS

    def _in_turn(self) -> list[Run]:
        """Return the waiting runs by priority, then those first whose owners were served longest ago."""
        return sorted(self._waiting, key=lambda run: (-run.priority, self._served.get(run.owner, 0)))

    def _passed_after(self, run: Run, waiting: Iterable[Run], passed: int) -> int:
        """Return how many short runs in a row have passed a long one, once `run` has begun."""
        return passed + 1 if not self._is_long(run) and any(map(self._is_long, waiting)) else 0

    def _first(
        self, in_turn: Iterable[Run], running: Collection[Run], workers: int, passed: int
    ) -> Run | None:
        """Return the run that may begin first: by priority, then by length, then in turn."""
        busy = {run.owner for run in running if run.owner}
        no_long = workers > 1 and sum(map(self._is_long, running)) >= workers - 1
        best: Run | None = None
        for run in in_turn:
            long = self._is_long(run)
            if run.owner in busy or (no_long and long):
                continue
            if best is not None and run.priority < best.priority:
                break
            if long == (passed >= MOST_IN_A_ROW):
                return run
            best = best or run
        return best


def _same_place(run: Run, other: Run) -> bool:
    return bool(run.owner) and (run.owner, run.job.experiment) == (other.owner, other.job.experiment)
