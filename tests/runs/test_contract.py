"""What every engine must do, on the processes of this machine as on the workers of a cluster."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pytest
import toys
from clusters import running_cluster

from lab.core.events import Done, Evaluated, Event, Framed
from lab.core.lesson import Context
from lab.runs.cluster import ClusterEngine
from lab.runs.engine import Engine, Job, Limits, Run
from lab.runs.local import LocalEngine

FOREVER = 10_000_000
LIMITS = Limits(seconds=3, memory_mb=300)


class Tried(NamedTuple):
    """An engine with two workers, and the process that works on a run of it."""

    engine: Engine
    process_of: Callable[[Run], int]


@pytest.fixture(scope="module", params=["local", "cluster"])
def tried(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    if request.param == "local":
        local = LocalEngine(2, find="toys:experiment", limits=LIMITS)
        processes = local._workers
        yield Tried(local, lambda run: next(w.process.pid for w in processes.values() if w.run is run))
        local.close()
        return
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        engine = ClusterEngine(cluster.address, cluster.certificates, find="toys:experiment", limits=LIMITS)
        wait_until(lambda: engine.stats()["workers"] == 2, 60)
        yield Tried(engine, lambda run: engine._tasks[run.token].pid)
        engine.close()


def wait_until(is_so: Callable[[], object], seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def job(toy: str, steps: int = 20, seed: int = 1, device: str = "cpu") -> Job:
    return Job(f"toy/{toy}", toys.Settings(steps=steps, seed=seed), Context(device))


def finished(run: Run, seconds: float = 20) -> Run:
    assert run.wait(seconds), f"still {run.state} after {seconds} s"
    return run


def begun(run: Run) -> Run:
    wait_until(lambda: run.events or run.ended)
    assert run.state == "running", run.message
    return run


def plain(events: list[Event]) -> list[object]:
    """Return events in a form that `==` compares to the last bit."""

    def bits(event: Event) -> object:
        if isinstance(event, Framed):
            return event.epoch, event.parameters.tobytes()
        if isinstance(event, Evaluated):
            return event.epoch, {name: values.tobytes() for name, values in event.scores.items()}
        return event

    return [bits(event) for event in events]


def test_events_and_result_are_those_computed_in_place(tried: Tried) -> None:
    for seed in range(3):
        run = finished(tried.engine.submit(job("walk", 50, seed)))
        told: list[Event] = []
        for item in toys.walk(toys.Settings(steps=50, seed=seed), Context()):
            if isinstance(item, Done):
                np.testing.assert_array_equal(run.result, item.result)
            else:
                told += unbuffered(item)
        assert (run.state, run.message) == ("done", "")
        assert plain(run.events) == plain(told)


def unbuffered(event: Event) -> list[Event]:
    """Return the event with a copy of the buffer that its experiment goes on using."""
    if isinstance(event, Framed):
        return [Framed(epoch=event.epoch, parameters=event.parameters.copy())]
    return [event]


def test_a_run_stops_in_the_midst_of_an_epoch(tried: Tried) -> None:
    restarts = tried.engine.stats()["restarts"]
    for seed in range(4):
        run = begun(tried.engine.submit(job("loop", FOREVER, seed)))
        start = time.perf_counter()
        run.cancel()
        assert finished(run).state == "cancelled"
        assert run.message == "The run was stopped."
        assert time.perf_counter() - start < 0.9  # what is killed takes the grace of a second
    assert finished(tried.engine.submit(job("walk"))).state == "done"
    assert tried.engine.stats()["restarts"] == restarts


def test_what_cannot_be_interrupted_is_killed(tried: Tried) -> None:
    run = begun(tried.engine.submit(job("sleep", 100)))
    run.cancel()
    assert finished(run, 5).state == "cancelled"
    assert finished(tried.engine.submit(job("walk"))).state == "done"


@pytest.mark.parametrize(
    ("toy", "message"),
    [
        ("fault", "Something went wrong in this run (ValueError): the lab's log has the details."),
        ("refusal", "My table: expected at least 2 rows, got 20"),
        ("closure", "Something went wrong in this run"),
        ("endless", "Something went wrong in this run (StopIteration): the lab's log has the details."),
        ("none", "There is no experiment named 'toy/none': open the page again."),
        ("../../etc/passwd" * 50, "There is no experiment named"),
    ],
)
def test_runs_that_end_in_error_say_why(tried: Tried, toy: str, message: str) -> None:
    run = finished(tried.engine.submit(job(toy)))
    assert run.state == "error"
    assert run.message.startswith(message)
    assert len(run.message) < 130


def test_an_order_that_cannot_be_pickled_ends_in_error(tried: Tried) -> None:
    run = tried.engine.submit(Job("toy/names", toys.Settings(), Context(earlier=lambda: None)))
    assert finished(run).state == "error"
    assert "Something went wrong" in run.message
    assert finished(tried.engine.submit(job("walk"))).state == "done"


def test_an_order_that_its_worker_cannot_read_is_lost_and_the_next_one_works(tried: Tried) -> None:
    for _ in range(2):  # as many as there are workers
        run = tried.engine.submit(Job("toy/names", toys.Settings(), Context(earlier=toys.Unreadable())))
        assert finished(run).state == "lost"
    assert finished(tried.engine.submit(job("walk"))).state == "done"


def test_the_time_limit_ends_a_run_and_says_so(tried: Tried) -> None:
    run = finished(tried.engine.submit(job("loop", FOREVER)), 8)
    assert run.state == "timeout"
    assert run.message.startswith("The run took longer than 3 s and was ended: choose fewer")
    assert finished(tried.engine.submit(job("walk"))).state == "done"


@pytest.mark.parametrize("seed", [0, 1], ids=["torch", "numpy"])
def test_the_memory_limit_ends_the_run_but_not_the_worker(tried: Tried, seed: int) -> None:
    restarts = tried.engine.stats()["restarts"]
    for _ in range(2):
        run = finished(tried.engine.submit(job("greedy", 1000, seed)))
        assert run.state == "memory", run.message
        assert run.message.startswith("The worker ran out of memory (limit 300 MB): choose fewer")
    assert finished(tried.engine.submit(job("walk"))).state == "done"
    assert tried.engine.stats()["restarts"] == restarts


def test_a_killed_worker_loses_its_run_and_no_other(tried: Tried) -> None:
    before = tried.engine.stats()
    neighbour, run = (begun(tried.engine.submit(job("loop", FOREVER, seed))) for seed in range(2))
    told = len(run.events)
    os.kill(tried.process_of(run), signal.SIGKILL)
    assert finished(run, 2).state == "lost"
    assert "start it again" in run.message
    assert len(run.events) == told
    assert neighbour.state == "running"
    neighbour.cancel()
    assert finished(neighbour).state == "cancelled"
    assert finished(tried.engine.submit(job("walk"))).state == "done"
    after = tried.engine.stats()
    assert (after["lost"] - before["lost"], after["restarts"] - before["restarts"]) == (1, 1)


def test_one_run_per_visitor_and_the_newest_waits(tried: Tried) -> None:
    wait_until(lambda: tried.engine.stats()["workers"] == 2)
    first = begun(tried.engine.submit(job("loop", FOREVER), owner="ann"))
    second = tried.engine.submit(job("walk", seed=2), owner="ann")
    other = finished(tried.engine.submit(job("walk", seed=3), owner="ben"))
    third = tried.engine.submit(job("walk", seed=4), owner="ann")
    assert other.state == "done"
    assert finished(second).message == "A newer run of yours took the place of this one."
    assert third.state == "queued"
    first.cancel()
    assert finished(third).state == "done"


def test_places_in_the_queue_and_cancelling_there(tried: Tried) -> None:
    wait_until(lambda: tried.engine.stats()["workers"] == 2)
    busy = [begun(tried.engine.submit(job("loop", FOREVER, seed))) for seed in range(2)]
    waiting = [tried.engine.submit(job("walk", 5, seed)) for seed in range(4)]
    assert [run.place for run in [*busy, *waiting]] == [0, 0, 0, 1, 2, 3]
    assert (tried.engine.stats()["queued"], tried.engine.stats()["busy"]) == (4, 2)
    waiting[1].cancel()
    assert (waiting[1].state, waiting[1].events) == ("cancelled", [])
    assert [run.place for run in waiting] == [0, 0, 1, 2]
    for run in busy:
        run.cancel()
    assert [finished(run).state for run in waiting] == ["done", "cancelled", "done", "done"]


def test_a_closed_engine_has_ended_all_its_runs(tried: Tried) -> None:
    wait_until(lambda: tried.engine.stats()["workers"] == 2)
    run, waiting = (tried.engine.submit(job(toy, FOREVER), owner="ann") for toy in ("loop", "sleep"))
    begun(run)
    tried.engine.close()
    late = tried.engine.submit(job("walk"))
    for ended in (run, waiting, late):
        assert finished(ended, 1).state == "cancelled"
        assert "shutting down" in ended.message
    tried.engine.close()
