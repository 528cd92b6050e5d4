"""Who computes now: more runs than cores take turns, and a new one goes first."""

import os
import signal
import sys
import time
from bisect import bisect_right
from collections.abc import Sequence
from typing import Protocol

LEVELS = (0.5, 1.0, 1.5, 2.0, 3.0)  # seconds of computing: a new run's first picture, then ends of short runs
SLICE_SECONDS = 0.25  # what a run computes before another of its level goes on
MOST_PAUSED_SECONDS = 3.0  # after that a run goes first, however many newer ones there are
RELIEF_SECONDS = 0.1  # and computes that long: a dozen long runs must not take the cores from all short ones


class Clock:
    """How long a run has computed and paused; made when a worker begins it."""

    def __init__(self) -> None:
        self._computed = 0.0
        self._paused = 0.0
        self.pausing = False
        self._waited_long = False
        self._begun = self._since = time.monotonic()

    def lasted(self) -> float:
        """Return for how many seconds it has been computing, or pausing, without a break."""
        return time.monotonic() - self._since

    def computed(self) -> float:
        """Return the seconds in which it was not paused."""
        return self._computed + (0.0 if self.pausing else self.lasted())

    def paused(self) -> float:
        """Return the seconds in which it was paused."""
        return self._paused + (self.lasted() if self.pausing else 0.0)

    def turn(self, *, pausing: bool) -> bool:
        """Say that it pauses, or goes on, from now; return whether that is new."""
        if pausing == self.pausing:
            return False
        self._waited_long = self._has_waited_long()
        self._computed, self._paused = self.computed(), self.paused()
        self.pausing, self._since = pausing, time.monotonic()
        return True

    def _has_waited_long(self) -> bool:
        return self.pausing and self.lasted() > MOST_PAUSED_SECONDS

    def order(self) -> tuple[bool, int, bool, float]:
        """Return the order of going on: long paused, by level; new ones as they came, others in turn."""
        level = bisect_right(LEVELS, self.computed())
        keeps = not self.pausing and self.lasted() < SLICE_SECONDS
        relieved = not self.pausing and self._waited_long and self.lasted() < RELIEF_SECONDS
        first = self._has_waited_long() or relieved
        if level == 0:
            return not first, level, False, self._begun
        return not first, level, not keeps, -self.lasted() if self.pausing else self.lasted()


class Turned(Protocol):
    """A worker at work: its process, and the clock of its run."""

    @property
    def pid(self) -> int:
        """Return the number of its process."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the clock of the run that it is at."""
        ...


def can_pause() -> bool:
    """Return whether processes can be paused here and cannot be left over paused: Linux ends orphans."""
    return sys.platform == "linux"


def take_turns(busy: Sequence[Turned], cores: int) -> None:
    """Let as many workers compute as there are cores, those first that have computed least.

    Args:
        busy: all workers that are at a run, but for those that are to stop.
        cores: how many shall compute at once.
    """
    for place, worker in enumerate(sorted(busy, key=lambda one: one.clock.order())):
        pause(worker, pausing=place >= cores)


def pause(worker: Turned, *, pausing: bool) -> None:
    """Pause a worker's process, or let it go on."""
    if worker.clock.turn(pausing=pausing):
        try:
            os.kill(worker.pid, signal.SIGSTOP if pausing else signal.SIGCONT)
        except ProcessLookupError:
            return  # it has died, and its engine is about to notice
