"""How many cores this process may use, which may be fewer than the machine has."""

import math
import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container on Linux: microseconds within a period, or `max`
WORKERS_PER_CORE = 8  # they take turns, so that a new run begins at once although others train
MOST_WORKERS = 256
MANY_WORKERS = 32  # enough for a class; each one at work holds 60 MB and more


def cores() -> int:
    """Return how many cores this process may use: those it is bound to, fewer under a container's quota."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text().split()
        return max(1, min(bound, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no container, or no quota
        return bound


def usual_workers() -> int:
    """Return how many workers a server starts by itself: eight per core up to 32, and one per core beyond."""
    here = cores()
    return min(WORKERS_PER_CORE * here, max(MANY_WORKERS, here), MOST_WORKERS)
