import logging
import os
import signal
import subprocess
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

HERE = Path(__file__).parent
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


def test_places_in_the_queue_and_cancelling_there(engine: LocalEngine) -> None:
    busy = [engine.submit(job("loop", FOREVER)) for _ in range(2)]
    for run in busy:
        wait_for_events(run)
    waiting = [engine.submit(job("walk", 5, seed)) for seed in range(4)]
    assert [run.place for run in [*busy, *waiting]] == [0, 0, 0, 1, 2, 3]
    assert engine.stats()["queued"] == 4
    assert engine.stats()["busy"] == 2
    waiting[1].cancel()
    assert (waiting[1].state, waiting[1].events) == ("cancelled", [])
    assert [run.place for run in waiting] == [0, 0, 1, 2]
    for run in busy:
        run.cancel()
    assert [finished(run).state for run in waiting] == ["done", "cancelled", "done", "done"]


@pytest.mark.parametrize(("toy", "steps"), [("power", 1), ("sleep", 100), ("stubborn", 1)])
def test_what_cannot_be_interrupted_is_killed_after_the_grace(
    engine: LocalEngine, toy: str, steps: int
) -> None:
    neighbour = engine.submit(job("loop", FOREVER))
    run = engine.submit(job(toy, steps))
    wait_for_events(run)
    time.sleep(0.1)
    start = time.perf_counter()
    run.cancel()
    assert finished(run).state == "cancelled"
    assert 0.9 < time.perf_counter() - start < 2.5
    start = time.perf_counter()
    assert finished(engine.submit(job("walk"))).state == "done"
    assert time.perf_counter() - start < 4
    assert neighbour.state == "running"
    neighbour.cancel()


def test_a_killed_worker_is_replaced_and_its_run_is_lost(engine: LocalEngine) -> None:
    before = engine.stats()
    neighbour, run = engine.submit(job("loop", FOREVER)), engine.submit(job("loop", FOREVER))
    wait_for_events(neighbour)
    wait_for_events(run)
    os.kill(worker_of(engine, run), signal.SIGKILL)
    assert finished(run, 2).state == "lost"
    assert "start it again" in run.message
    assert finished(engine.submit(job("walk"))).state == "done"
    assert neighbour.state == "running"
    neighbour.cancel()
    assert finished(neighbour).state == "cancelled"
    after = engine.stats()
    assert (after["lost"] - before["lost"], after["restarts"] - before["restarts"]) == (1, 1)


def test_a_worker_that_dies_idle_costs_no_run(engine: LocalEngine) -> None:
    lost = engine.stats()["lost"]
    restarts = engine.stats()["restarts"]
    for worker in list(engine._workers.values()):
        os.kill(worker.process.pid, signal.SIGKILL)
    time.sleep(0.1)  # a death takes the kernel a moment
    runs = [engine.submit(job("walk", 5, seed)) for seed in range(3)]
    assert [finished(run).state for run in runs] == ["done"] * 3
    assert engine.stats()["restarts"] == restarts + 2
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
    with caplog.at_level(logging.ERROR):
        run = finished(engine.submit(job("fault")))
    assert (run.state, len(run.events)) == ("error", 1)
    assert run.message == "Something went wrong in this run (ValueError): the lab's log has the details."
    assert "secret inner detail" in caplog.text
    assert "toys.py" in caplog.text


@pytest.mark.parametrize(
    ("toy", "message"),
    [
        ("refusal", "My table: expected at least 2 rows, got 20"),
        ("endless", "Something went wrong in this run (StopIteration): the lab's log has the details."),
        ("none", "There is no experiment named 'toy/none': open the page again."),
        ("../../etc/passwd" * 50, "There is no experiment named"),
    ],
)
def test_runs_that_end_in_error_say_why(engine: LocalEngine, toy: str, message: str) -> None:
    run = finished(engine.submit(job(toy)))
    assert run.state == "error"
    assert run.message.startswith(message)
    assert len(run.message) < 130


def test_what_cannot_be_pickled_ends_in_error(engine: LocalEngine) -> None:
    there = Job("toy/names", toys.Settings(), Context(earlier=lambda: None))
    for run in (engine.submit(job("closure")), engine.submit(there)):
        assert finished(run).state == "error"
        assert "Something went wrong" in run.message
    assert finished(engine.submit(job("walk"))).state == "done"


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


MAIN = """
import sys, time, types
from pathlib import Path
with open({note!r}, "a") as note:
    note.write("executed\\n")
sys.path.insert(0, {here!r})
import toys
from lab.runs.engine import Job
from lab.runs.local import LocalEngine
page = types.ModuleType("__main__")
page.__file__ = {note!r} + ".py"
Path(page.__file__).write_text("open({note!r}, 'a').write('page executed\\\\n')")
if {as_page}:
    sys.modules["__main__"] = page  # as Streamlit does, on each rerun
engine = LocalEngine({workers}, find="toys:experiment")
runs = [engine.submit(Job("toy/" + {toy!r}, toys.Settings(steps={steps}, seed=n))) for n in range({workers})]
while not all(run.events for run in runs):
    time.sleep(0.01)
print("ready", flush=True)
for run in runs:
    assert run.wait(30) and run.state == "done", run.message
"""


def script(tmp_path: Path, **values: object) -> list[str]:
    path = tmp_path / "main.py"
    path.write_text(MAIN.format(note=str(tmp_path / "note"), here=str(HERE), **values))
    return [sys.executable, str(path)]


def test_workers_do_not_execute_the_page_again(tmp_path: Path) -> None:
    command = script(tmp_path, as_page=True, toy="walk", steps=5, workers=2)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ready\n", "")
    assert (tmp_path / "note").read_text() == "executed\n"


def test_a_killed_server_leaves_no_orphans_and_its_script_ran_once(tmp_path: Path) -> None:
    more_than_cores = (os.cpu_count() or 1) + 1  # so that one is paused, and cannot end itself
    command = script(tmp_path, as_page=False, toy="loop", steps=FOREVER, workers=more_than_cores)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        children = psutil.Process(server.pid).children(recursive=True)
        if sys.platform == "linux":
            until(lambda: psutil.STATUS_STOPPED in [child.status() for child in children])
        server.kill()
    assert len(children) >= 3
    assert (tmp_path / "note").read_text() == "executed\n"
    until(lambda: not any(map(is_alive, children)))  # the server they were forked from tidies up first


def until(met: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE  # a container may have nobody who buries the dead
    except psutil.NoSuchProcess:
        return False
