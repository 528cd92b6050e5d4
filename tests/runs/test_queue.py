"""The queue's rules, played without any engine: who begins when, and whether the forecast keeps its word."""

import pytest
import toys
from hypothesis import given
from hypothesis import strategies as st

from lab.core.lesson import Context
from lab.runs.engine import End, Job, Run
from lab.runs.queue import MOST_FORESEEN, MOST_IN_A_ROW, FairQueue

SHORT, LONG = 0.2, 10.0


def run(
    owner: str = "", seconds: float = SHORT, *, toy: str = "walk", priority: int = 0, steps: int = 1
) -> Run:
    job = Job(f"toy/{toy}", toys.Settings(steps=steps))
    return Run(job, owner=owner, seconds=seconds, priority=priority)


def filled(*runs: Run) -> FairQueue:
    queue = FairQueue()
    for one in runs:
        assert queue.put(one) is None
    return queue


def taken(queue: FairQueue, running: list[Run], workers: int) -> list[Run]:
    """Take runs one after the other, each over before the next, until none may begin."""
    runs = list[Run]()
    while (one := queue.take(running, workers)) is not None:
        runs.append(one)
    return runs


def test_a_newer_run_takes_the_place_of_the_one_that_waits() -> None:
    old, other, new = run("ann"), run("bob"), run("ann")
    queue = filled(old, other)
    assert queue.put(new) is old
    assert list(queue) == [new, other]
    assert queue.put(run("ann", toy="loop")) is None  # a page may hold two experiments
    assert queue.put(run()) is None
    assert queue.put(run()) is None  # runs of nobody do not replace each other
    assert len(queue) == 5


def test_a_visitor_has_one_run_at_a_time() -> None:
    queue = filled(run("ann"), run("bob"))
    first = queue.take([], 4)
    assert first is not None
    queue.put(run(first.owner))
    second = queue.take([first], 4)
    assert second is not None
    assert {first.owner, second.owner} == {"ann", "bob"}
    assert queue.take([first, second], 4) is None
    assert not queue.may_begin([first, second], 4)
    assert queue.may_begin([second], 4)


def test_visitors_are_served_in_turn() -> None:
    queue, order = FairQueue(), list[str]()
    for _ in range(3):
        for owner in ("eager", "ann", "bob"):
            queue.put(run(owner))
        queue.put(run("eager"))
        first = queue.take([], 1)
        assert first is not None
        order.append(first.owner)
    assert sorted(order) == ["ann", "bob", "eager"]


def test_short_runs_pass_a_long_one_but_not_for_ever() -> None:
    long = run("long", LONG)
    queue = filled(long, *(run(f"short {number}") for number in range(6)))
    assert taken(queue, [], 1).index(long) == MOST_IN_A_ROW


def test_long_runs_leave_a_worker_for_short_ones() -> None:
    running = [run("ann", LONG), run("bob", LONG)]
    queue = filled(run("cleo", LONG))
    assert queue.take(running, 3) is None
    short = run("dora")
    queue.put(short)
    assert queue.take(running, 3) is short
    assert queue.take(running[:1], 3) is not None
    assert filled(run("eve", LONG)).take([], 1) is not None  # a single worker takes both kinds


def test_a_higher_priority_goes_first_whatever_its_length() -> None:
    urgent = run("ann", LONG, priority=1)
    queue = filled(run("bob"), urgent)
    assert queue.take([], 1) is urgent


def test_a_run_that_was_put_back_is_next_unless_a_newer_one_waits() -> None:
    first, second = run("ann"), run("bob")
    queue = filled(first, second)
    assert queue.take([], 1) is first
    assert queue.put_back(first)
    assert queue.take([], 1) is first
    newer = run("ann")
    queue.put(newer)
    assert not queue.put_back(first)
    assert set(queue) == {newer, second}


def test_what_was_removed_does_not_begin() -> None:
    one, other = run("ann"), run("bob")
    queue = filled(one, other)
    assert queue.remove(one)
    assert not queue.remove(one)
    assert queue.clear() == [other]
    assert queue.take([], 1) is None


def test_the_forecast_gives_places_and_seconds() -> None:
    busy = run("busy", 4.0)
    busy.begin()
    waiting = [run(f"visitor {number}", 2.0, steps=number) for number in range(3)]
    queue = filled(*waiting)
    queue.forecast([busy], 1)
    assert [one.place for one in waiting] == [0, 1, 2]
    assert [one.wait_seconds for one in waiting] == pytest.approx([4, 6, 8], abs=0.2)
    short = run("short", 0.5)
    queue.put(short)
    queue.forecast([busy], 1)
    assert (short.place, [one.place for one in waiting]) == (0, [1, 2, 3])
    assert waiting[2].wait_seconds == pytest.approx(8.5, abs=0.2)
    queue.forecast([busy], 1, 3.0)  # three runs share a core
    assert [one.wait_seconds for one in [short, *waiting]] == pytest.approx([12, 13.5, 19.5, 25.5], abs=0.2)
    waiting[0].begin()
    assert waiting[0].wait_seconds is None


def test_the_place_counts_only_runs_that_begin_before() -> None:
    busy = run("ann", LONG)
    held, free = run("ann"), run("bob")
    queue = filled(held, free)  # ann's next run waits for her own, bob's does not
    queue.forecast([busy], 2)
    assert (free.place, held.place) == (0, 1)
    assert free.wait_seconds == 0


def test_estimates_are_corrected_by_what_such_runs_took() -> None:
    queue = FairQueue()
    for _ in range(30):
        done = run("ann", 2.0)
        done.begin()
        done.finish(End("done"))
        queue.learn(done, 6.0)
    assert queue.expected(run("bob", 1.0)) == pytest.approx(3.0, rel=1e-3)
    assert queue.expected(run("bob", 1.0, toy="loop")) == 1.0


def test_runs_that_did_not_do_all_the_work_correct_nothing() -> None:
    queue = FairQueue()
    cancelled = run("ann", 2.0)
    cancelled.begin()
    cancelled.finish(End("cancelled"))
    resumed = Run(Job("toy/walk", toys.Settings(), Context(earlier=1)), seconds=2.0)
    unknown = run("ann", 0.0)
    for one in (resumed, unknown):
        one.begin()
        one.finish(End("done"))
    for one in (cancelled, resumed, unknown):
        queue.learn(one, 9.0)
    assert queue.expected(run("bob", 1.0)) == 1.0


def test_far_behind_there_is_a_place_but_no_expected_time() -> None:
    waiting = [run(f"visitor {number}", steps=number) for number in range(MOST_FORESEEN + 5)]
    queue = filled(*waiting)
    queue.forecast([], 1)
    assert [one.place for one in waiting] == list(range(MOST_FORESEEN + 5))
    assert waiting[MOST_FORESEEN - 1].wait_seconds == pytest.approx(SHORT * (MOST_FORESEEN - 1), abs=0.2)
    assert waiting[MOST_FORESEEN].wait_seconds is None


RUNS = st.tuples(st.sampled_from(["", "a", "b", "c", "d"]), st.floats(0.1, 5.0), st.integers(0, 1))


@given(st.lists(RUNS, max_size=12), st.lists(RUNS, max_size=3), st.integers(1, 4))
def test_the_forecast_is_what_then_happens(
    waiting: list[tuple[str, float, int]], busy: list[tuple[str, float, int]], workers: int
) -> None:
    """Play the queue on a clock of our own, with runs that take what is expected."""
    queue, at_work, clock = FairQueue(), list[tuple[float, Run]](), 0.0
    for owner, seconds, _ in busy[:workers]:
        if owner not in {one.owner for _, one in at_work if owner}:
            at_work.append((seconds, run(owner, seconds)))
    for owner, seconds, priority in waiting:
        queue.put(run(owner, seconds, priority=priority))
    asked = list(queue)
    queue.forecast([one for _, one in at_work], workers)
    places = {id(one): (one.place, one.wait_seconds) for one in asked}
    begun = list[tuple[float, Run]]()
    while len(queue):
        running = [one for _, one in at_work]
        owners = [one.owner for one in running if one.owner]
        assert len(set(owners)) == len(owners)
        free = len(at_work) < workers
        one = queue.take(running, workers) if free else None
        if one is None:
            clock = min(end for end, _ in at_work)
            at_work = [(end, other) for end, other in at_work if end > clock]
            continue
        begun.append((clock, one))
        at_work.append((clock + one.seconds, one))
    assert [one for _, one in begun] == sorted(asked, key=lambda one: places[id(one)][0])
    for when, one in begun:
        assert places[id(one)][1] == pytest.approx(when, abs=0.1)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([SHORT, LONG])), max_size=40))
def test_everybody_is_served(asks: list[tuple[str, float]]) -> None:
    """However many short runs come, a long one begins after a bounded number of turns."""
    long = run("patient", LONG)
    queue, turns = filled(long), 0
    for owner, seconds in asks:
        queue.put(run(owner, seconds))
    while queue.take([], 1) is not long:
        turns += 1
        queue.put(run(f"new {turns}"))
        assert turns <= MOST_IN_A_ROW + 6  # six visitors at most can have long ones before
