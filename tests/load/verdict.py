"""What a load must reach, whether it did, and where the series bends."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.load.learner import QUICK, TRAINED
from tests.load.report import Load

CLASS = 30
"""So many learners, or fewer, must be served well; more are measured, not judged."""
MOST_MEGABYTES = 15.0
LEAST_IN_TIME = 0.95


@dataclass(frozen=True, slots=True)
class Verdict:
    """One criterion: what it asks for, what came of it, and whether that is enough."""

    asked: str
    found: str
    met: bool

    def __str__(self) -> str:
        return f"{'met' if self.met else 'MISSED'}: {self.asked}: {self.found}"


def verdicts(load: Load) -> list[Verdict]:
    """Judge a load by each criterion."""
    memory, failed = max(load.memory_per_visitor()), load.count("failed")
    return [
        Verdict("no failed change", f"{failed} of {len(load.changes)}", failed == 0),
        _timely(load, "final picture within 2 s", QUICK),
        _timely(load, "first progress within 1 s", TRAINED),
        Verdict(
            f"less than {MOST_MEGABYTES:g} MB per visitor beyond the first",
            f"{memory:.1f} MB",
            memory < MOST_MEGABYTES,
        ),
    ]


def _timely(load: Load, asked: str, pages: Sequence[str]) -> Verdict:
    share, count = load.in_time(pages), len(load.timely(pages))
    text = f"{share:.1%} of {count} changes"
    return Verdict(f"{LEAST_IN_TIME:.0%} with {asked}", text, share >= LEAST_IN_TIME)


def judged(loads: Sequence[Load]) -> str:
    """Return the verdicts of all loads that are judged, as Markdown."""
    classes = [load for load in loads if load.learners <= CLASS]
    return "\n".join(f"- N = {load.learners}, {verdict}" for load in classes for verdict in verdicts(load))


def all_met(loads: Sequence[Load]) -> bool:
    """Return whether every judged load met every criterion."""
    return all(verdict.met for load in loads if load.learners <= CLASS for verdict in verdicts(load))


def bends(loads: Sequence[Load]) -> str:
    """Return a sentence for each kind of page: the first class in which too few changes are in time."""
    pictures = _bend(loads, "Final pictures within 2 s", QUICK)
    return f"{pictures} {_bend(loads, 'First progress within 1 s', TRAINED)}"


def _bend(loads: Sequence[Load], what: str, pages: Sequence[str]) -> str:
    grown = sorted(loads, key=lambda load: load.learners)
    shares = {load.learners: load.in_time(pages) for load in grown}
    course = ", ".join(f"{share:.1%} at N = {learners}" for learners, share in shares.items())
    late = next((learners for learners, share in shares.items() if share < LEAST_IN_TIME), None)
    verdict = f"bends at N = {late}" if late else f"does not bend up to N = {max(shares)}"
    return f"{what}: {verdict} ({course})."
