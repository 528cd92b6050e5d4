import threading

import numpy as np
import pytest
import toys
from paper import Paper

from lab.core.events import Framed
from lab.core.lesson import Context
from lab.runs import desk as desks
from lab.runs.desk import Desk
from lab.runs.engine import End, Job, Run, State
from lab.runs.local import LocalEngine
from lab.runs.options import Options
from lab.runs.store import Store
from lab.training.devices import devices


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def desk(paper: Paper) -> Desk:
    return Desk(paper, Store(1), find="toys:experiment")


@pytest.fixture(autouse=True)
def nothing_computed() -> None:
    toys.computed.clear()


def job(steps: int, toy: str = "walk") -> Job:
    """An estimate of a millisecond per step: from 150 steps on, it is for the engine."""
    return Job(f"toy/{toy}", toys.Settings(steps=steps))


def test_a_short_run_is_computed_in_place_once_and_then_served_from_the_store(
    desk: Desk, paper: Paper
) -> None:
    first = desk.ask(job(10), "ann")
    assert (first.state, first.result.shape) == ("done", (3, 1))
    second, third = desk.ask(job(10), "ann"), desk.ask(job(10), "bob")
    assert len(toys.computed) == 1
    assert paper.runs == []
    for run in (second, third):
        assert (run.state, run.result) == ("done", first.result)
        assert [type(event) for event in run.events] == [type(event) for event in first.events]
    assert len({first.token, second.token, third.token}) == 3
    frames = [event.parameters for event in first.events if isinstance(event, Framed)]
    assert not np.array_equal(frames[0], frames[-1])  # snapshots of a buffer that went on changing
    desk.ask(job(11), "ann")
    assert len(toys.computed) == 2


def test_the_estimate_decides_where_a_run_is_computed(paper: Paper) -> None:
    desk = Desk(paper, Store(1), Options(in_place_seconds=0.02), find="toys:experiment")
    assert desk.ask(job(19), "ann").state == "done"
    assert desk.ask(job(20), "ann").state == "queued"
    assert [run.job for run in paper.runs] == [job(20)]


def test_two_visitors_share_a_run_and_then_its_result(desk: Desk, paper: Paper) -> None:
    run = desk.ask(job(500), "ann")
    assert desk.ask(job(500), "bob") is run
    assert desk.ask(job(500), "ann") is run
    assert desk.find(run.token) is run
    paper.runs[0].finish(End("done", result=7))
    later = desk.ask(job(500), "cleo")
    assert (later.state, later.result) == ("done", 7)
    assert desk.ask(job(500), "ann").result == 7
    assert len(paper.runs) == 1
    assert paper.cancelled == []


def test_the_latest_job_wins_within_one_experiment(desk: Desk, paper: Paper) -> None:
    first = desk.ask(job(500), "ann")
    other = desk.ask(job(500, "loop"), "ann")
    second = desk.ask(job(501), "ann")
    assert paper.cancelled == [first]
    desk.ask(job(10), "ann")  # a short one takes the slot as well
    assert paper.cancelled == [first, second]
    assert other.stop_asked is None


def test_a_run_is_cancelled_only_when_nobody_is_attached_any_more(desk: Desk, paper: Paper) -> None:
    run = desk.ask(job(500), "ann")
    desk.ask(job(500), "bob")
    desk.ask(job(501), "ann")
    assert paper.cancelled == []
    desk.leave("bob")
    assert paper.cancelled == [run]
    desk.leave("nobody")
    desk.leave("ann")
    assert paper.cancelled == [run, paper.runs[1]]


def test_nobody_joins_a_run_that_is_being_cancelled(desk: Desk, paper: Paper) -> None:
    left = desk.ask(job(500), "ann")
    desk.leave("ann")
    assert desk.ask(job(500), "cleo") is not left
    desk.ask(job(600), "cleo").cancel()
    assert desk.ask(job(600), "bob") is not paper.runs[2]
    assert len(paper.runs) == 4


def test_a_page_that_is_drawn_after_its_session_ended_begins_nothing(desk: Desk, paper: Paper) -> None:
    desk.ask(job(500), "ann")
    desk.leave("ann")
    late = [desk.ask(job(steps), "ann") for steps in (5, 600)]
    assert [run.state for run in late] == ["cancelled", "cancelled"]
    assert len(paper.runs) == 1
    assert toys.computed == []
    assert (desk.stats()["visitors"], desk._slots) == (0, {})
    assert desk.ask(job(600), "bob").state == "queued"


def test_a_short_run_on_a_device_that_only_a_worker_has_is_not_computed_in_place(
    desk: Desk, paper: Paper
) -> None:
    assert desk.devices() == ("cpu", "cuda")
    there = Job("toy/walk", toys.Settings(steps=1), Context(device="cuda"))
    assert desk.ask(there, "ann") is paper.runs[0]
    assert Desk(None, Store(1), find="toys:experiment").devices() == devices()


@pytest.mark.parametrize("state", ["error", "cancelled", "timeout", "memory", "lost"])
def test_a_run_that_ended_badly_is_kept_until_it_is_asked_for_again(
    desk: Desk, paper: Paper, state: State
) -> None:
    run = desk.ask(job(500), "ann")
    run.finish(End(state, "Because."))
    assert desk.ask(job(500), "ann") is run
    assert len(paper.runs) == 1
    assert desk.ask(job(500), "bob") is not run
    again = desk.ask(job(500), "ann", again=True)
    assert again is paper.runs[1]
    assert desk.ask(job(500), "ann", again=True) is again


def test_stop_ends_the_run_for_one_visitor_only(desk: Desk, paper: Paper) -> None:
    run = desk.ask(job(500), "ann")
    desk.ask(job(500), "bob")
    desk.stop("ann", "toy/walk")
    stopped = desk.ask(job(500), "ann")
    assert (stopped.state, paper.cancelled) == ("cancelled", [])
    assert desk.ask(job(500), "bob") is run
    desk.stop("bob", "toy/walk")
    assert paper.cancelled == [run]
    assert desk.ask(job(500), "bob") is run
    desk.stop("nobody", "toy/walk")


def test_an_unknown_experiment_and_a_fault_in_place_end_in_a_sentence(desk: Desk, paper: Paper) -> None:
    unknown = desk.ask(Job("toy/<script>", toys.Settings()), "ann")
    assert (unknown.state, unknown.message) == (
        "error",
        "There is no experiment named 'toy/<script>': open the page again.",
    )
    fault = desk.ask(job(10, "fault"), "ann")
    assert "(ValueError)" in fault.message
    assert desk.ask(job(10, "fault"), "ann") is fault
    assert desk.ask(job(10, "closure"), "ann").state == "error"
    assert paper.runs == []


def test_tokens_are_found_while_live_and_a_little_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, paper: Paper
) -> None:
    monkeypatch.setattr(desks, "RECENT_SECONDS", 0.05)
    desk = Desk(paper, Store(1), find="toys:experiment")
    run, short = desk.ask(job(500), "ann"), desk.ask(job(1), "bob")
    assert (desk.find(run.token), desk.find(short.token), desk.find("guess")) == (run, short, None)
    run.finish(End("done"))
    assert desk.find(run.token) is run
    threading.Event().wait(0.1)
    assert (desk.find(run.token), desk.find(short.token)) == (None, None)


def test_many_threads_asking_for_one_job_get_one_computation(desk: Desk, paper: Paper) -> None:
    gate, runs = threading.Barrier(8), list[Run]()

    def ask(visitor: str) -> None:
        gate.wait()
        runs.append(desk.ask(job(500), visitor))

    threads = [threading.Thread(target=ask, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paper.runs) == len(set(map(id, runs))) == 1


def test_modes_of_an_experiment_in_place_do_not_stay_in_the_server(desk: Desk) -> None:
    for steps in (1, 2):
        assert desk.ask(job(steps, "careless"), "ann").result == (True, False, 1)


def test_in_place_and_worker_give_the_same_bits() -> None:
    engine = LocalEngine(1, find="toys:experiment")
    far = Desk(engine, Store(1), Options(in_place_seconds=0), find="toys:experiment")
    near = Desk(None, Store(1), find="toys:experiment")
    there, here = far.ask(job(50), "ann"), near.ask(job(50), "ann")
    assert there.wait(20)
    assert there.result.tobytes() == here.result.tobytes()
    assert repr(there.events) == repr(here.events)
    assert far.stats()["workers"] == 1
    assert near.stats()["workers"] == 0  # nothing was started
    assert there.size == here.size
    assert far.ask(job(50), "bob").state == "done"
    far.close()
    near.close()
