"""A load is judged by what it must reach; one miss is a miss."""

from dataclasses import replace

import pytest

from tests.load.learner import PAGES, QUICK, TRAINED, Change
from tests.load.measured import Usage
from tests.load.report import Load
from tests.load.verdict import all_met, bends, judged, verdicts

NOTHING = Usage(100.0, 0.0, 0.0, 0.0, {})


def load(learners: int = 30, late: int = 0, megabytes: float = 10.0, page: str = "Playground") -> Load:
    """Return a load of a hundred changes for each page, so many of them late on one page."""
    changes = [
        Change(name, outcome="final", progress=0.9, final=1.9 if name in QUICK else 9.0)
        for name in PAGES
        for _number in range(100)
    ]
    ours = [change for change in changes if change.page == page]
    for change in ours[:late]:
        change.progress, change.final = 1.1, 2.1
    last = replace(NOTHING, server_memory=100 + megabytes * (learners - 1))
    return Load(learners, 180, changes, NOTHING, NOTHING, last, 0.0)


def missed(done: Load) -> list[str]:
    return [verdict.asked for verdict in verdicts(done) if not verdict.met]


def test_a_good_load_meets_all() -> None:
    assert missed(load()) == []
    assert all_met([load(10), load()])
    assert judged([load()]).count("\n- N = 30, met: ") == 3


@pytest.mark.parametrize(
    ("pages", "asked"), [(QUICK, "final picture within 2 s"), (TRAINED, "first progress")]
)
def test_five_in_a_hundred_may_be_late(pages: tuple[str, ...], asked: str) -> None:
    most = 5 * len(pages)
    assert missed(load(late=most, page=pages[0])) == []
    (said,) = missed(load(late=most + 1, page=pages[0]))
    assert asked in said


def test_a_failed_change_and_much_memory_are_misses() -> None:
    done = load()
    done.changes[7].outcome = "failed"
    assert missed(done) == ["no failed change"]
    assert missed(load(megabytes=15.5)) == ["less than 15 MB per visitor beyond the first"]
    assert not all_met([load(10), load(megabytes=15.5)])
    assert all_met([load(), load(60, megabytes=15.5)])  # more than a class is measured, not judged


def test_refused_changes_do_not_count_and_pictures_that_never_came_do() -> None:
    done = load(late=40, page="CNN training")
    for change in done.changes:
        if change.progress == 1.1:
            change.outcome, change.progress = "replaced", None
    assert done.in_time(["CNN training"]) == 0.6
    for change in done.changes:
        if change.progress is None:
            change.outcome = "refused"
    assert done.in_time(["CNN training"]) == 1


def test_where_it_bends_is_the_first_class_that_is_late() -> None:
    told = bends([load(100, late=90), load(10), load(30, late=25), load(60, late=26)])
    assert told.startswith("Final pictures within 2 s: bends at N = 60 (")
    assert "95.0% at N = 30, 94.8% at N = 60" in told
    assert "First progress within 1 s: does not bend up to N = 100 (" in told
