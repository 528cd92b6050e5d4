"""Who computes now: the rules on clocks that the test turns, and real workers that are paused."""

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import psutil
import pytest
import toys

from lab.core.lesson import Context
from lab.runs import process, turns
from lab.runs.engine import End, Job, Limits, Run
from lab.runs.local import LocalEngine
from lab.runs.machine import cores
from lab.runs.turns import (
    LEVELS,
    MOST_PAUSED_SECONDS,
    RELIEF_SECONDS,
    SLICE_SECONDS,
    Clock,
    pause,
    take_turns,
)

FOREVER = 10_000_000
CORES = cores()
linux = pytest.mark.skipif(sys.platform != "linux", reason="workers are paused on Linux alone")


class Time:
    """What the clock says; the test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class Worker:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.clock = Clock()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """A clock of the test's own, and processes that are never really paused."""
    made = Time()
    monkeypatch.setattr(turns, "time", made)
    monkeypatch.setattr(turns.os, "kill", lambda _pid, _signal: None)
    return made


def computing(workers: list[Worker]) -> list[int]:
    return [worker.pid for worker in workers if not worker.clock.pausing]


def played(clock: Time, workers: list[Worker], cores: int, seconds: float, step: float = 0.05) -> None:
    for _ in range(round(seconds / step)):
        take_turns(workers, cores)
        clock.now += step


def test_a_clock_tells_computing_from_pausing(clock: Time) -> None:
    one = Clock()
    clock.now += 2
    assert (one.computed(), one.paused()) == (2, 0)
    assert one.turn(pausing=True)
    assert not one.turn(pausing=True)
    clock.now += 5
    assert (one.computed(), one.paused()) == (2, 5)
    assert one.turn(pausing=False)
    clock.now += 1
    assert (one.computed(), one.paused(), one.lasted()) == (3, 5, 1)


def test_nobody_pauses_while_there_are_cores(clock: Time) -> None:
    workers = [Worker(1), Worker(2)]
    played(clock, workers, 2, 5)
    assert [worker.clock.paused() for worker in workers] == [0, 0]


def test_a_new_run_goes_before_those_that_have_computed(clock: Time) -> None:
    old = [Worker(1), Worker(2)]
    played(clock, old, 2, 10)
    new = Worker(3)
    workers = [*old, new]
    take_turns(workers, 2)
    assert not new.clock.pausing
    played(clock, workers, 2, LEVELS[0])
    assert new.clock.computed() == pytest.approx(LEVELS[0])


def test_new_runs_have_their_first_picture_one_after_the_other(clock: Time) -> None:
    workers = list[Worker]()
    for pid in range(4):
        workers.append(Worker(pid))
        clock.now += 0.001
    played(clock, workers, 1, LEVELS[0] - 0.05)
    assert computing(workers) == [0]
    assert [worker.clock.computed() > 0.1 for worker in workers] == [True, False, False, False]


def test_runs_of_a_level_take_turns_and_get_the_same(clock: Time) -> None:
    workers = [Worker(pid) for pid in range(5)]
    played(clock, workers, 2, 40)
    shares = [worker.clock.computed() for worker in workers]
    assert sum(shares) == pytest.approx(80, abs=1)
    assert max(shares) - min(shares) <= 3 * SLICE_SECONDS


def test_nobody_pauses_for_ever_however_many_new_ones_come(clock: Time) -> None:
    old = Worker(0)
    played(clock, [old], 1, 10)
    longest = 0.0
    for pid in range(1, 60):  # each stays for a picture and is replaced
        played(clock, [old, Worker(pid)], 1, LEVELS[0])
        longest = max(longest, old.clock.lasted() if old.clock.pausing else 0)
    assert longest <= MOST_PAUSED_SECONDS + LEVELS[0]
    rounds = 59 * LEVELS[0] / (MOST_PAUSED_SECONDS + LEVELS[0] + RELIEF_SECONDS)
    assert old.clock.computed() > 10 + 0.9 * rounds * RELIEF_SECONDS


def test_a_short_run_ends_soon_however_many_long_ones_there_are(clock: Time) -> None:
    long = [Worker(pid) for pid in range(13)]
    played(clock, long, 2, 60)
    short = Worker(99)
    took = 0.0
    while short.clock.computed() < 0.95:  # seconds of computing
        played(clock, [*long, short], 2, 0.05)
        took += 0.05
    assert took < 1.6


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    made = LocalEngine(CORES + 2, find="toys:experiment", limits=Limits(seconds=1.5))
    until(lambda: made.stats()["workers"] == CORES + 2, 30)
    yield made
    made.close()


def until(met: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def job(seed: int, toy: str = "loop", steps: int = FOREVER) -> Job:
    return Job(f"toy/{toy}", toys.Settings(steps=steps, seed=seed))


def paused(engine: LocalEngine) -> list[int]:
    processes = [psutil.Process(worker.process.pid) for worker in engine._workers.values()]
    return [one.pid for one in processes if one.status() == psutil.STATUS_STOPPED]


@linux
def test_more_runs_than_cores_are_paused_in_turn_and_stop_at_once(engine: LocalEngine) -> None:
    runs = [engine.submit(job(seed)) for seed in range(CORES + 2)]
    until(lambda: all(run.events for run in runs))
    seen = set[int]()
    until(lambda: seen.update(paused(engine)) or len(seen) >= 3)
    assert {run.beside for run in runs} == {CORES + 1}
    began = time.monotonic()
    for run in runs:
        run.cancel()
    assert all(run.wait(2) for run in runs)
    assert time.monotonic() - began < 0.8
    assert [run.state for run in runs] == ["cancelled"] * len(runs)
    assert paused(engine) == []


@linux
def test_the_time_limit_counts_what_a_run_computes_and_results_stay_the_same(engine: LocalEngine) -> None:
    began = time.monotonic()
    runs = [engine.submit(job(seed)) for seed in range(CORES + 2)]
    assert all(run.wait(15) for run in runs)
    assert [run.state for run in runs] == ["timeout"] * len(runs)
    assert time.monotonic() - began > 1.5 * (CORES + 2) / CORES - 0.3
    busy = [engine.submit(job(seed)) for seed in range(CORES + 1)]
    run = engine.submit(job(1, "stream", 300))
    assert run.wait(10)
    assert (run.state, len(run.events)) == ("done", 250)
    for other in busy:
        other.cancel()


class Untimely(LocalEngine):
    """Pauses each worker at the last moment at which it counts as busy: its run has ended, it sleeps."""

    def _followed(self, run: Run, worker: process.Worker) -> End:
        end = super()._followed(run, worker)
        with self._changed:
            pause(worker, pausing=True)
        return end


@linux
def test_a_worker_that_is_paused_as_its_run_ends_begins_the_next_one() -> None:
    engine = Untimely(1, find="toys:experiment")
    large = Context(earlier=np.ones(2**20))  # eight megabytes: a pipe holds 64 kB
    for context in (Context(), large, Context()):
        run = engine.submit(Job("toy/names", toys.Settings(), context))
        assert run.wait(30), f"still {run.state}"
        assert (run.state, np.size(run.result[2])) == ("done", np.size(context.earlier))
    engine.close()
