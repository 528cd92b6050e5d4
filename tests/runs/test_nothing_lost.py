"""Nothing is lost: servers share what is finished, and after each fault the visitor's next run works."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from desks import FOREVER, TOYS, Opened, begun, finished, job, opened
from paper import Paper

from lab.runs.desk import Desk
from lab.runs.engine import End
from lab.runs.local import LocalEngine
from lab.runs.options import Options
from lab.runs.shared_store import SharedStore, open_shared_store
from lab.runs.store import Store

__all__ = ["opened"]


def folder_store(tmp_path: Path) -> SharedStore:
    store = open_shared_store(Options(store=str(tmp_path / "shared"), store_key="0123456789abcdef"))
    assert store is not None
    return store


def test_two_servers_share_results_but_never_those_of_an_uploaded_file(tmp_path: Path) -> None:
    first_store, second_store = folder_store(tmp_path), folder_store(tmp_path)
    paper, other = Paper(), Paper()
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
