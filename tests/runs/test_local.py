import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import toys

from lab.core.events import Done, Evaluated, Event, Framed
from lab.core.lesson import Context
from lab.runs.engine import Job, Limits, Run
from lab.runs.local import LocalEngine
from lab.runs.record import record_end

FOREVER = 10_000_000


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    made = LocalEngine(2, find="toys:experiment", limits=Limits(seconds=20, memory_mb=300))
    yield made
    made.close()


def job(toy: str, steps: int = 20, seed: int = 1, **files: bytes) -> Job:
    return Job(f"toy/{toy}", toys.Settings(steps=steps, seed=seed), Context(files=files))


def finished(run: Run, seconds: float = 20) -> Run:
    assert run.wait(seconds), f"still {run.state} after {seconds} s"
    return run


def wait_for_events(run: Run, count: int = 1, seconds: float = 8) -> float:
    """Return how long it took until the run had `count` events."""
    start = time.perf_counter()
    while len(run.events) < count:
        assert not run.ended, run.message
        assert time.perf_counter() - start < seconds
        time.sleep(0.0005)
    return time.perf_counter() - start


def until(met: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def plain(events: list[Event]) -> list[object]:
    """Return events in a form that `==` compares to the last bit."""

    def bits(event: Event) -> object:
        if isinstance(event, Framed):
            return event.epoch, event.parameters.dtype.str, event.parameters.tobytes()
        if isinstance(event, Evaluated):
            return event.epoch, {name: values.tobytes() for name, values in event.scores.items()}
        return event

    return [bits(event) for event in events]


def bare(asked: Job) -> tuple[list[object], np.ndarray]:
    """Iterate the generator in this process: the oracle."""
    events: list[object] = []
    for item in toys.experiment(asked.experiment).train(asked.settings, asked.context):
        if isinstance(item, Done):
            return events, item.result
        events += plain([item])  # at once: a frame's array may go on changing
    raise AssertionError


def worker_of(engine: LocalEngine, run: Run) -> int:
    return next(worker.process.pid for worker in engine._workers.values() if worker.run is run)


def test_a_run_gives_the_events_and_the_result_of_the_bare_generator(engine: LocalEngine) -> None:
    run = finished(engine.submit(job("walk", 300)))
    events, result = bare(job("walk", 300))
    assert (run.state, run.message) == ("done", "")
    assert plain(run.events) == events
    assert len(events) == 602
    assert run.result.tobytes() == result.tobytes()
    assert run.size > 602 * 12


def test_two_runs_at_the_same_time_equal_the_same_runs_alone(engine: LocalEngine) -> None:
    runs = [engine.submit(job("walk", 400, seed)) for seed in (5, 6)]
    for run in runs:
        assert plain(finished(run).events) == bare(run.job)[0]


def test_the_context_arrives_and_code_runs_in_the_main_thread(engine: LocalEngine) -> None:
    context = Context(files={"hash": b"table"}, earlier=np.arange(3))
    run = finished(engine.submit(Job("toy/names", toys.Settings(), context)))
    thread, files, earlier = run.result
    assert (thread, files, earlier.tolist()) == ("MainThread", {"hash": b"table"}, [0, 1, 2])


def test_a_stop_strikes_inside_an_epoch_and_frees_the_worker_at_once(
    engine: LocalEngine, tmp_path: Path
) -> None:
    neighbour, note = engine.submit(job("loop", FOREVER)), tmp_path / "note"
    taken = []
    for _ in range(5):
        run = engine.submit(job("loop", FOREVER, note=str(note).encode()))
        wait_for_events(run)
        time.sleep(0.05)
        start = time.perf_counter()
        run.cancel()
        assert time.perf_counter() - start < 0.05
        run.cancel()
        successor = engine.submit(job("loop", FOREVER))
        wait_for_events(successor)
        taken.append(time.perf_counter() - start)
        assert (finished(run).state, run.message) == ("cancelled", "The run was stopped.")
        assert note.read_text() == "cleaned up"
        note.unlink()
        successor.cancel()
        finished(successor)
    assert sorted(taken)[2] < 0.25
    assert neighbour.state == "running"
    neighbour.cancel()
    assert finished(neighbour).state == "cancelled"
    assert engine.stats()["restarts"] == 0


def test_a_stop_that_comes_late_does_not_hit_the_next_run(engine: LocalEngine) -> None:
    for seed in range(30):
        run = engine.submit(job("walk", 5, seed))
        wait_for_events(run)
        run.cancel()
        after = finished(engine.submit(job("walk", 3, seed)))
        assert after.state == "done"
        assert finished(run).state in ("done", "cancelled")


@pytest.mark.parametrize(("toy", "steps"), [("power", 1), ("sleep", 100), ("stubborn", 1)])
def test_what_cannot_be_interrupted_is_killed_after_the_grace(
    engine: LocalEngine, toy: str, steps: int
) -> None:
    neighbour = engine.submit(job("loop", FOREVER))
    run = engine.submit(job(toy, steps))
    wait_for_events(run)
    time.sleep(0.5)  # on a busy machine, too, the power has begun by now
    start = time.perf_counter()
    run.cancel()
    assert finished(run).state == "cancelled"
    assert 0.9 < time.perf_counter() - start < 2.5
    start = time.perf_counter()
    assert finished(engine.submit(job("walk"))).state == "done"
    assert time.perf_counter() - start < 4
    assert neighbour.state == "running"
    neighbour.cancel()


def test_a_worker_that_dies_idle_costs_no_run(engine: LocalEngine) -> None:
    lost = engine.stats()["lost"]
    restarts = engine.stats()["restarts"]
    for worker in list(engine._workers.values()):
        os.kill(worker.process.pid, signal.SIGKILL)
    time.sleep(0.1)  # a death takes the kernel a moment
    runs = [engine.submit(job("walk", 5, seed)) for seed in range(3)]
    assert [finished(run).state for run in runs] == ["done"] * 3
    until(lambda: engine.stats()["restarts"] == restarts + 2)  # one worker alone can be quick enough for all
    assert engine.stats()["lost"] == lost


@pytest.mark.parametrize("seed", [0, 1], ids=["torch", "numpy"])
def test_the_memory_limit_ends_the_run_but_not_the_worker(engine: LocalEngine, seed: int) -> None:
    restarts = engine.stats()["restarts"]
    run = finished(engine.submit(job("greedy", 1000, seed)))
    assert run.state == "memory"
    assert run.message == (
        "The worker ran out of memory (limit 300 MB): choose fewer networks, neurons or epochs."
    )
    assert 20 <= len(run.events) <= 31
    assert finished(engine.submit(job("greedy", 20, seed))).result == 20
    assert engine.stats()["restarts"] == restarts


def test_memory_that_an_earlier_run_left_to_the_allocator_counts_for_the_next_one() -> None:
    with contextlib.closing(LocalEngine(1, find="toys:experiment", limits=Limits(memory_mb=300))) as one:
        assert finished(one.submit(job("crumbs", 2500))).state == "done"
        run = finished(one.submit(job("greedy", 1000)))
    assert run.state == "memory"
    assert 20 <= len(run.events) <= 31


@pytest.mark.parametrize("toy", ["power", "sleep", "loop"])
def test_the_time_limit_ends_any_run(toy: str) -> None:
    limited = LocalEngine(1, find="toys:experiment", limits=Limits(seconds=0.7))
    run, after = limited.submit(job(toy, FOREVER)), limited.submit(job("names"))
    assert finished(run).state == "timeout"
    assert run.message.startswith("The run took longer than 0.7 s and was ended: choose fewer")
    assert len(run.events) == 1
    assert finished(after).state == "done"
    limited.close()


def test_a_fault_is_told_to_the_log_and_not_to_the_learner(
    engine: LocalEngine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        run = finished(engine.submit(job("fault", 20)))
        record_end(run)
    assert (run.state, len(run.events)) == ("error", 1)
    assert run.message == "Something went wrong in this run (ValueError): the lab's log has the details."
    failed, ended = caplog.records
    assert failed.message.startswith("A run of toy/fault failed\n")
    assert failed.message.endswith("\nValueError")
    assert "toys.py" in failed.message
    assert "20020" not in caplog.text  # the fault's own words, made of the learner's
    assert vars(failed)["run"] == vars(ended)["run"]
    assert run.token not in caplog.text


def test_a_lost_run_is_told_to_the_log_by_its_name(
    engine: LocalEngine, caplog: pytest.LogCaptureFixture
) -> None:
    run = engine.submit(job("loop", FOREVER))
    wait_for_events(run)
    with caplog.at_level(logging.WARNING):
        os.kill(worker_of(engine, run), signal.SIGKILL)
        finished(run)
    (died,) = caplog.records
    assert died.message == "The worker of toy/loop died"
    assert vars(died)["run"] == run.log_fields["run"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone lets a process say so")
def test_the_kernel_takes_a_worker_before_the_server(engine: LocalEngine) -> None:
    until(lambda: engine.stats()["workers"] == 2)
    scores = [int(Path(f"/proc/{w.pid}/oom_score").read_text()) for w in engine._workers.values()]
    assert min(scores) > int(Path("/proc/self/oom_score").read_text()) + 200


def test_modes_do_not_leak_from_run_to_run(engine: LocalEngine) -> None:
    for _ in range(4):
        assert finished(engine.submit(job("careless"))).result == (True, False, 1)


def test_a_closed_engine_ends_its_runs_and_leaves_no_process() -> None:
    own = LocalEngine(1, find="toys:experiment")
    run, waiting = own.submit(job("loop", FOREVER)), own.submit(job("walk"))
    wait_for_events(run)
    process = psutil.Process(worker_of(own, run))
    own.close()
    late = own.submit(job("walk"))
    for ended in (run, waiting, late):
        assert finished(ended, 1).state == "cancelled"
        assert "shutting down" in ended.message
    assert not process.is_running()
    own.close()
