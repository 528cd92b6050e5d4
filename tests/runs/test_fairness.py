"""A class at one desk: who holds back whom, what is computed once, which limits hold."""

import threading
import time
from concurrent.futures import CancelledError

import pytest
from desks import FOREVER, TOYS, Opened, begun, finished, job, opened
from paper import Paper

from lab.runs.desk import Desk
from lab.runs.engine import End, FailedRunError, Run
from lab.runs.options import Options
from lab.runs.store import Store

__all__ = ["opened"]


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def desk(paper: Paper) -> Desk:
    return Desk(paper, Store(1), find=TOYS)


def test_a_run_carries_its_visitor_and_its_estimate(desk: Desk, paper: Paper) -> None:
    desk.ask(job(500), "ann")
    assert [(run.owner, run.seconds) for run in paper.runs] == [("ann", 0.5)]


def test_a_run_goes_over_to_one_who_is_still_attached(desk: Desk, paper: Paper) -> None:
    run = desk.ask(job(500), "ann")
    assert desk.ask(job(500), "bob") is run
    desk.ask(job(501), "ann")
    assert (run.owner, paper.runs[1].owner, paper.cancelled) == ("bob", "ann", [])
    desk.stop("bob", "toy/walk")
    assert paper.cancelled == [run]


def test_what_one_leaves_and_another_waits_for_is_not_replaced(opened: Opened) -> None:
    desk = opened(1)
    begun(desk.ask(job(FOREVER, "loop"), "cleo"))
    shared = desk.ask(job(5), "ann")
    assert desk.ask(job(5), "bob") is shared
    mine = desk.ask(job(6), "ann")
    assert (shared.state, mine.state) == ("queued", "queued")
    desk.leave("cleo")
    assert (finished(shared).state, finished(mine).state) == ("done", "done")


def test_a_waiting_run_that_is_replaced_says_so(opened: Opened) -> None:
    desk = opened(1)
    begun(desk.ask(job(FOREVER, "loop"), "cleo"))
    old, new = desk.ask(job(5), "ann"), desk.ask(job(6), "ann")
    assert (old.state, old.message) == ("cancelled", "A newer run of yours took the place of this one.")
    assert new.state == "queued"


def test_a_page_keeps_its_own_runs_and_leaves_those_before(desk: Desk, paper: Paper) -> None:
    before, joined = desk.ask(job(500, "loop"), "ann"), desk.ask(job(500, "stream"), "ann")
    desk.ask(job(500, "stream"), "bob")
    here, there = desk.ask(job(500), "ann"), desk.ask(job(500, "sleep"), "ann")
    desk.keep_only("ann", {"toy/walk", "toy/sleep"})
    assert paper.cancelled == [before]
    assert joined.owner == "bob"
    assert desk.ask(job(500), "ann") is here
    assert desk.ask(job(500, "sleep"), "ann") is there
    assert desk.ask(job(500, "loop"), "ann") is not before  # begun anew on return


def test_two_parts_of_one_page_wait_beside_each_other(opened: Opened) -> None:
    """As training and sweep do on the Playground's page: neither may take the other's place."""
    desk = opened(1)
    begun(desk.ask(job(FOREVER, "loop"), "cleo"))
    parts = [desk.ask(job(5), "ann"), desk.ask(job(5, "names"), "ann")]
    assert [run.state for run in parts] == ["queued", "queued"]
    desk.leave("cleo")
    assert [finished(run).state for run in parts] == ["done", "done"]


def test_the_next_page_is_not_held_back_by_the_one_before(opened: Opened) -> None:
    desk = opened(2)
    begun(desk.ask(job(FOREVER, "loop"), "ann"))
    after = desk.ask(job(5), "ann")
    desk.keep_only("ann", {"toy/walk"})
    assert finished(after, 5).state == "done"


def test_one_visitor_cannot_keep_all_workers(opened: Opened) -> None:
    desk = opened(2)
    begun(desk.ask(job(FOREVER, "loop"), "greedy"))
    waiting = desk.ask(job(FOREVER, "power"), "greedy")
    assert finished(desk.ask(job(5), "ann"), 5).state == "done"
    assert waiting.state == "queued"
    desk.leave("greedy")


def test_the_future_tells_the_result_or_why_there_is_none(desk: Desk, paper: Paper) -> None:
    runs = [desk.ask(job(500 + number), f"visitor {number}") for number in range(3)]
    assert not runs[0].future.cancel()
    runs[0].finish(End("done", result=7))
    runs[1].finish(End("cancelled", "The run was stopped."))
    runs[2].finish(End("memory", "Too much."))
    assert runs[0].future.result(0) == 7
    with pytest.raises(CancelledError):
        runs[1].future.result(0)
    with pytest.raises(FailedRunError, match=r"Too much\.") as told:
        runs[2].future.result(0)
    assert told.value.state == "memory"


def test_a_visitor_keeps_a_finished_result_that_the_store_has_lost(paper: Paper) -> None:
    desk = Desk(paper, Store(0), find=TOYS)
    run = desk.ask(job(500), "ann")
    run.finish(End("done", result=7))
    assert desk.ask(job(500), "ann", last=run) is run
    assert len(paper.runs) == 1
    assert desk.ask(job(501), "ann", last=run) is not run


def test_too_many_runs_within_a_minute_are_refused_in_a_sentence(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr("lab.runs.visitors.time.monotonic", lambda: now)
    desk = Desk(paper, Store(1), Options(visitor_runs_per_minute=3), find=TOYS)
    short = [desk.ask(job(number), "ann") for number in range(3)]
    refused = desk.ask(job(500), "ann")
    told = desk.stats()
    assert (told["runs_error"], told["refused"], told["runs_done"], told["store_misses"]) == (0, 1, 3, 3)
    assert [run.state for run in short] == ["done"] * 3
    assert refused.state == "error"
    assert refused.message == "You started 3 runs within a minute: wait 60 s, then run it again."
    assert desk.ask(job(500), "ann") is refused
    assert desk.ask(job(0), "ann").state == "done"  # what is stored costs nothing
    assert desk.ask(job(500), "bob").state == "queued"
    now += 61
    assert desk.ask(job(500), "ann", again=True).state == "queued"


def test_stats_count_what_happened(desk: Desk, paper: Paper) -> None:
    assert set(desk.stats().values()) <= {0, 1}
    run = desk.ask(job(500), "ann")
    desk.ask(job(500), "bob")
    run.begin()
    run.finish(End("done"))
    desk.ask(job(500), "cleo")
    desk.ask(job(501), "cleo").finish(End("lost", "Gone."))
    desk.ask(job(5, "fault"), "cleo")
    desk.leave("bob")
    told = desk.stats()
    assert (told["visitors"], told["joined"], told["store_hits"], told["store_misses"]) == (2, 1, 1, 3)
    assert (told["runs_done"], told["runs_lost"], told["runs_error"], told["runs_timeout"]) == (1, 1, 1, 0)
    assert told["run_seconds"] > 0
    assert told["queued"] == 2


def test_a_class_of_thirty_at_the_defaults_trains_once(opened: Opened) -> None:
    desk, runs, gate = opened(2), list[Run](), threading.Barrier(30)

    def learner(name: str) -> None:
        gate.wait()
        runs.append(desk.ask(job(300), name))

    threads = [threading.Thread(target=learner, args=(f"learner {number}",)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {finished(run).state for run in runs} == {"done"}
    assert len({run.result.tobytes() for run in runs}) == 1
    told = desk.stats()
    assert (told["store_misses"], told["runs_done"]) == (1, 1)
    assert told["joined"] + told["store_hits"] == 29
