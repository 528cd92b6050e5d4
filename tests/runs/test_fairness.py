"""A class at one desk: who holds back whom, what is computed once, which limits hold, what is never lost."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import psutil
import pytest
import toys
from paper import Paper

from lab.core.lesson import Context
from lab.runs.desk import Desk
from lab.runs.engine import End, FailedRunError, Job, Run
from lab.runs.local import LocalEngine
from lab.runs.options import Options
from lab.runs.shared_store import SharedStore, open_shared_store
from lab.runs.store import Store

TOYS = "toys:experiment"
FOREVER = 10_000_000


def job(steps: int, toy: str = "walk", seed: int = 1, **files: bytes) -> Job:
    return Job(f"toy/{toy}", toys.Settings(steps=steps, seed=seed), Context(files=files))


def finished(run: Run, seconds: float = 20) -> Run:
    assert run.wait(seconds), f"still {run.state} after {seconds} s"
    return run


def begun(run: Run, seconds: float = 10) -> Run:
    deadline = time.monotonic() + seconds
    while not run.events:
        assert not run.ended, run.message
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return run


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def desk(paper: Paper) -> Desk:
    return Desk(paper, Store(1), find=TOYS)


Opened = Callable[..., Desk]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Return a function that opens a desk with real workers, for whom every run is long."""
    desks = list[Desk]()

    def one(workers: int = 2, shared: SharedStore | None = None, **options: float) -> Desk:
        chosen = Options.model_validate({"in_place_seconds": 0.0, **options})
        engine = LocalEngine(workers, find=TOYS, limits=chosen.limits)
        desks.append(Desk(engine, Store(4), chosen, shared=shared, find=TOYS))
        return desks[-1]

    yield one
    for desk in desks:
        desk.close()


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


def folder_store(tmp_path: Path) -> SharedStore:
    store = open_shared_store(Options(store=str(tmp_path / "shared"), store_key="0123456789abcdef"))
    assert store is not None
    return store


def test_two_servers_share_results_but_never_those_of_an_uploaded_file(tmp_path: Path, paper: Paper) -> None:
    first_store, second_store, other = folder_store(tmp_path), folder_store(tmp_path), Paper()
    first = Desk(paper, Store(1), shared=first_store, find=TOYS)
    second = Desk(other, Store(1), shared=second_store, find=TOYS)
    first.ask(job(500), "ann").finish(End("done", result=7))
    first.ask(job(600, table=b"mine"), "ann").finish(End("done", result=8))
    first.ask(job(700), "ann").finish(End("error", "No."))
    first_store.flush()
    run = second.ask(job(500), "bob")
    assert (run.state, run.result, len(other.runs)) == ("done", 7, 0)
    assert second.ask(job(500), "cleo").result == 7
    for private in (job(600, table=b"mine"), job(600), job(700)):
        assert second.ask(private, "bob").state == "queued"
    told = second.stats()
    assert (told["shared_hits"], told["store_hits"], told["store_misses"]) == (1, 2, 3)


def test_a_restarted_server_serves_what_was_finished_before(tmp_path: Path, opened: Opened) -> None:
    store = folder_store(tmp_path)
    before = opened(1, store)
    done = finished(before.ask(job(300), "ann"))
    running = begun(before.ask(job(FOREVER, "loop"), "ann"))
    before.close()
    assert (running.state, before.ask(job(301), "ann").state) == ("cancelled", "cancelled")
    assert running.message == "The lab is shutting down: open the page again in a minute."
    store.flush()
    after = opened(1, folder_store(tmp_path))
    again = after.ask(job(300), "ann")
    assert (again.state, again.result.tobytes()) == ("done", done.result.tobytes())
    assert repr(again.events) == repr(done.events)
    assert finished(after.ask(job(301), "ann")).state == "done"


def test_after_a_killed_worker_or_their_parent_the_next_run_works(opened: Opened) -> None:
    desk = opened(1)
    engine = desk.start()
    assert isinstance(engine, LocalEngine)
    done = finished(desk.ask(job(300), "ann"))
    run = begun(desk.ask(job(FOREVER, "loop"), "ann"))
    (worker,) = engine._workers.values()
    forkserver = psutil.Process(worker.process.pid).parent()
    os.kill(worker.process.pid, signal.SIGKILL)
    assert (finished(run).state, run.message.count(".")) == ("lost", 1)
    assert desk.ask(job(300), "ann").result.tobytes() == done.result.tobytes()
    run = begun(desk.ask(job(FOREVER, "loop"), "ann", again=True))
    if forkserver is not None and forkserver.pid != os.getpid():
        forkserver.kill()  # the workers' parent; they end with it or are replaced when they do
        (worker,) = engine._workers.values()
        worker.process.kill()
    else:
        desk.stop("ann", "toy/loop")
    finished(run)
    assert finished(desk.ask(job(302), "ann"), 30).state == "done"


def test_after_too_much_memory_the_next_run_works(opened: Opened) -> None:
    desk = opened(1, run_memory_mb=100)
    done = finished(desk.ask(job(300), "ann"))
    run = finished(desk.ask(job(1000, "greedy"), "ann"))
    assert (run.state, "limit 100 MB" in run.message) == ("memory", True)
    assert desk.ask(job(300), "ann").result.tobytes() == done.result.tobytes()
    assert finished(desk.ask(job(301), "ann")).state == "done"
    assert desk.stats()["runs_memory"] == 1


@pytest.mark.parametrize("in_place", [0.0, float("inf")], ids=["worker", "in place"])
@pytest.mark.parametrize(
    ("limit", "toy", "steps", "state", "sentence"),
    [
        (
            "run_seconds 0.5",
            "loop",
            FOREVER,
            "timeout",
            "The run took longer than 0.5 s and was ended: choose",
        ),
        ("run_events 10", "walk", 20, "error", "The run sent more than 10 events: choose fewer epochs or"),
        ("run_events_mb 1", "many", 300, "error", "The run sent more than 1 MB: choose fewer networks"),
        ("run_events_mb 1", "heavy", 1, "error", "The result of this run is larger than 1 MB: choose"),
    ],
    ids=["seconds", "events", "bytes", "result"],
)
def test_a_run_over_its_limit_ends_with_a_sentence(
    opened: Opened, in_place: float, limit: str, toy: str, steps: int, state: str, sentence: str
) -> None:
    name, _, most = limit.partition(" ")
    desk = opened(1, in_place_seconds=in_place, **{name: float(most)})
    run = finished(desk.ask(job(steps, toy), "ann"))
    assert (run.state, run.message[: len(sentence)]) == (state, sentence)
    assert run.message.endswith(".")
    assert finished(desk.ask(job(1, "names"), "ann")).state == "done"
