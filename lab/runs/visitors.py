"""Who is here, and how many runs each has started within the last minute."""

import time
from collections import deque

from cachetools import TTLCache

MINUTE = 60.0
MOST_LEFT = 10_000


class Visitors:
    """Visits that have asked for a run and have not ended; not locked.

    Args:
        runs_per_minute: how many runs one visitor may start.
    """

    def __init__(self, runs_per_minute: int) -> None:
        self._started: dict[str, deque[float]] = {}
        self._most = runs_per_minute
        self._left: TTLCache[str, None] = TTLCache(MOST_LEFT, MINUTE)

    def __len__(self) -> int:
        return len(self._started)

    def enter(self, visitor: str) -> None:
        """Count a visitor among those who are here."""
        self._started.setdefault(visitor, deque(maxlen=self._most))

    def forget(self, visitor: str) -> None:
        """Forget a visitor whose session ended."""
        self._started.pop(visitor, None)
        self._left[visitor] = None

    def has_left(self, visitor: str) -> bool:
        """Return whether this visitor's session ended a moment ago, though its page may still be drawn."""
        return visitor in self._left

    def start(self, visitor: str) -> float:
        """Count a new run of this visitor, if it may start.

        Returns:
            0, or in how many seconds the run may start, if there were too many.
        """
        now = time.monotonic()
        self.enter(visitor)
        started = self._started[visitor]
        if len(started) == self._most and now - started[0] < MINUTE:
            return MINUTE - (now - started[0])
        started.append(now)
        return 0.0
