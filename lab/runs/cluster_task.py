"""A run that a server has handed to the cluster."""

import time
from dataclasses import dataclass

from lab.runs import ends
from lab.runs.engine import End, Limits, Run

GRACE_SECONDS = 1.0
_SURELY = 0.9  # of the time limit: a worker that dies later was ended by it


@dataclass(slots=True)
class Task:
    """The run, and the worker that has it once it began.

    Attributes:
        run: what was handed out.
        gpu: whether it needs a worker with a GPU.
        worker: the worker's address; empty until the run begins.
        pid: the worker's process.
        began: `time.monotonic()` when this server learned that it began.
        killed: whether its worker was told to be killed.
    """

    run: Run
    gpu: bool
    worker: str = ""
    pid: int = 0
    began: float = 0.0
    killed: bool = False

    def begin(self, worker: str, pid: int) -> None:
        """Note the worker that has taken the run."""
        self.worker, self.pid, self.began = worker, pid, time.monotonic()
        self.run.begin()

    def overdue(self, limits: Limits) -> float:
        """Return the seconds since the run should have ended by itself; negative while there is time."""
        now = time.monotonic()
        asked = now if self.run.stop_asked is None else self.run.stop_asked
        return now - min(self.began + limits.seconds, asked) - GRACE_SECONDS

    def end_by_death(self, limits: Limits) -> End:
        """Return how the run ends if its worker is gone now."""
        if self.run.stop_asked is not None:
            return ends.stopped()
        if self.worker and time.monotonic() - self.began >= limits.seconds * _SURELY:
            return ends.timed_out(limits)
        return ends.lost()
