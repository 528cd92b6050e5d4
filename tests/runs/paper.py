"""An engine on paper, for tests of the desk."""

from collections.abc import Mapping, Sequence

from lab.runs.engine import End, Job, Run


class Paper:
    """An engine that computes nothing: the test ends the runs."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.cancelled: list[Run] = []

    def submit(self, job: Job, *, owner: str = "", priority: int = 0, seconds: float = 0.0) -> Run:
        self.runs.append(Run(job, self.cancelled.append, owner=owner, priority=priority, seconds=seconds))
        return self.runs[-1]

    def devices(self) -> Sequence[str]:
        return ("cpu", "cuda")

    def stats(self) -> Mapping[str, int]:
        return {"workers": 1, "busy": 0, "queued": len(self.runs), "restarts": 0, "lost": 0}

    def close(self) -> None:
        for run in self.runs:
            run.finish(End("cancelled"))
