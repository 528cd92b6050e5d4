import threading
import time
from importlib.metadata import version

import pytest
import toys

from lab.core.events import Started
from lab.core.lesson import Context
from lab.runs.engine import End, Job, Limits, Run, code_version, end_by_fault


def test_a_key_names_what_the_result_depends_on() -> None:
    job = Job("toy/walk", toys.Settings())
    same = [
        Job("toy/walk", toys.Settings(steps=20)),
        Job("toy/walk", toys.Settings(), Context(earlier=1)),
    ]
    others = [
        Job("toy/loop", toys.Settings()),
        Job("toy/walk", toys.Settings(steps=21)),
        Job("toy/walk", toys.Settings(), Context(device="cuda:0")),
        Job("toy/walk", toys.Settings(), Context(files={"a": b""})),
    ]
    assert {other.key for other in same} == {job.key}
    assert len({other.key for other in [job, *others]}) == 5
    assert len(job.key) == len(code_version()) == 64


def test_another_version_of_a_library_is_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = code_version.__wrapped__()
    assert ours == code_version() == code_version.__wrapped__()
    for library in ("numpy", "pandas", "torch"):
        other = {library: "0.0.1"}
        monkeypatch.setattr(
            "lab.runs.engine.version", lambda name, other=other: other.get(name) or version(name)
        )
        assert code_version.__wrapped__() != ours


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (MemoryError(), "memory"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
            "memory",
        ),
        (RuntimeError("std::bad_alloc"), "memory"),
        (RuntimeError("could not create a primitive"), "memory"),
        (ValueError("Error tokenizing data. C error: out of memory"), "memory"),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), "error"),
    ],
)
def test_no_memory_is_told_whatever_library_missed_it(fault: Exception, state: str) -> None:
    assert end_by_fault(fault, Limits()).state == state


def test_a_run_ends_once_and_calls_back_before_anyone_stops_waiting() -> None:
    run, seen = Run(Job("toy/walk", toys.Settings())), list[str]()

    def slow(ended: Run) -> None:
        time.sleep(0.1)
        seen.append(ended.state)

    run.when_ended(slow)
    assert not run.wait(0.01)
    assert not run.ended
    thread = threading.Thread(target=run.finish, args=(End("done", result=7),))
    thread.start()
    assert run.wait(5)
    assert seen == ["done"]
    run.finish(End("lost", "too late"))
    thread.join()
    assert (run.state, run.message, run.result) == ("done", "", 7)
    run.when_ended(slow)
    assert seen == ["done", "done"]


def test_a_run_asks_its_engine_to_stop_once_and_only_while_it_lasts() -> None:
    asked = list[Run]()
    run, over = (Run(Job("toy/walk", toys.Settings()), asked.append) for _ in range(2))
    over.finish(End("done"))
    for _ in range(2):
        run.cancel()
        over.cancel()
    assert asked == [run]
    assert not run.ended


def test_tokens_cannot_be_guessed_and_events_only_grow() -> None:
    runs = [Run(Job("toy/walk", toys.Settings())) for _ in range(50)]
    assert len({run.token for run in runs}) == 50
    assert min(len(run.token) for run in runs) >= 21
    events = runs[0].events
    runs[0].extend([Started(1, 1)], 10)
    runs[0].extend([Started(2, 1)], 5)
    assert (runs[0].events is events, len(events), runs[0].size) == (True, 2, 15)
