"""The figures of a load as Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.load.learner import PAGES, TRAINED, Change
from tests.load.measured import Usage

HEAD = ["learners", "changes", "final picture", "replaced", "with progress in 1 s", "refused", "failed"]
HEAD += [
    "MB per further visitor: opened",
    "at the end",
    "server MB",
    "workers MB",
    "CPU: server",
    "workers",
    "learners",
]
PAGE_HEAD = ["learners", "page", "changes", "replaced", "first picture, p50 / p95"]
PAGE_HEAD += ["first progress, p50 / p95", "final picture, p50 / p95", "in time"]
MARKERS = ("<!-- table: begin -->", "<!-- table: end -->")


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one load.

    Attributes:
        learners: how many there were; `seconds` how long they changed settings.
        changes: all of them.
        first: what was used after the first of them had opened a page; the server was warm.
        opened: what was used after all of them had opened a page and seen its run, before any change.
        last: what was used at the end, with all learners still there.
        client_cpu: CPU seconds of the process of the learners.
    """

    learners: int
    seconds: float
    changes: Sequence[Change]
    first: Usage
    opened: Usage
    last: Usage
    client_cpu: float

    def count(self, outcome: str) -> int:
        """Return how many changes ended so."""
        return sum(change.outcome == outcome for change in self.changes)

    def timely(self, pages: Sequence[str]) -> list[bool]:
        """Return for each change on these pages, but for those refused, whether it was shown in time."""
        return [
            _within(one.progress, 1) if one.page in TRAINED else _within(one.final, 2)
            for one in self.changes
            if one.page in pages and one.outcome != "refused"
        ]

    def in_time(self, pages: Sequence[str]) -> float:
        """Return the share of changes on these pages that were shown in time; 1 if there were none."""
        timely = self.timely(pages)
        return sum(timely) / len(timely) if timely else 1.0

    def memory_per_visitor(self) -> tuple[float, float]:
        """Return the server's MB for each visitor beyond the first: all pages opened, and at the end.

        At the end, results that the server keeps for all are part of it.
        """
        others, first = max(1, self.learners - 1), self.first.server_memory
        return (self.opened.server_memory - first) / others, (self.last.server_memory - first) / others

    def cpu(self) -> tuple[float, float, float]:
        """Return the shares of one core that server, workers and learners took while settings changed."""
        server = self.last.server_cpu - self.opened.server_cpu
        workers = self.last.worker_cpu - self.opened.worker_cpu
        return server / self.seconds, workers / self.seconds, self.client_cpu / self.seconds

    def cpu_per_change(self) -> dict[str, float]:
        """Return the milliseconds of CPU that a change costs, by part; the parts add up to the server's."""
        count = max(1, len(self.changes))
        whole = self.last.server_cpu - self.opened.server_cpu
        names = sorted({*self.opened.parts, *self.last.parts})
        parts = {name: self.last.parts.get(name, 0) - self.opened.parts.get(name, 0) for name in names}
        parts["the rest (event loop, threads)"] = whole - sum(parts.values())
        workers = self.last.worker_cpu - self.opened.worker_cpu
        rows = {"server": whole, **{f"- {name}": spent for name, spent in parts.items()}, "workers": workers}
        return {name: 1000 * spent / count for name, spent in rows.items()}


def markdown(loads: Sequence[Load]) -> str:
    """Return the tables of several loads: outcomes, seconds by page, CPU by part."""
    outcomes = [_outcome(load) for load in loads]
    pages = [row for load in loads for row in _pages(load)]
    costs = [load.cpu_per_change() for load in loads]
    names = list(dict.fromkeys(name for cost in costs for name in cost))
    parts = [(name, *(f"{cost.get(name, 0):.0f}" for cost in costs)) for name in names]
    return "\n\n".join(
        (
            _table(HEAD, outcomes),
            _table(PAGE_HEAD, pages),
            _table(["CPU ms per change", *(f"N = {load.learners}" for load in loads)], parts),
        )
    )


def _outcome(load: Load) -> tuple[object, ...]:
    replaced = [change for change in load.changes if change.outcome == "replaced"]
    return (
        load.learners,
        len(load.changes),
        load.count("final"),
        len(replaced),
        sum(_within(change.progress, 1) for change in replaced),
        load.count("refused"),
        load.count("failed"),
        *(f"{value:.1f}" for value in load.memory_per_visitor()),
        f"{load.last.server_memory:.0f}",
        f"{load.last.worker_memory:.0f}",
        *(f"{share:.0%}" for share in load.cpu()),
    )


def _pages(load: Load) -> Iterable[tuple[object, ...]]:
    for page in PAGES:
        changes = [one for one in load.changes if one.page == page and one.outcome != "refused"]
        if not changes:
            continue
        yield (
            load.learners,
            page,
            len(changes),
            sum(one.outcome == "replaced" for one in changes),
            _quantiles([one.shown for one in changes]),
            _quantiles([one.progress for one in changes]),
            _quantiles([one.final for one in changes]),
            f"{load.in_time([page]):.0%} {'progress in 1 s' if page in TRAINED else 'picture in 2 s'}",
        )


def _within(seconds: float | None, most: float) -> bool:
    return seconds is not None and seconds <= most


def _quantiles(values: Iterable[float | None]) -> str:
    """Return median and 95th percentile in seconds; what never came counts as endless."""
    known = np.sort([np.inf if value is None else value for value in values])
    median, high = (known[min(len(known) - 1, int(share * len(known)))] for share in (0.5, 0.95))
    return " / ".join("-" if np.isinf(value) else f"{value:.2f} s" for value in (median, high))


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
