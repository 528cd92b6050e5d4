"""Desks with real workers, and what is asked at them."""

import time
from collections.abc import Callable, Iterator

import pytest
import toys

from lab.core.lesson import Context
from lab.runs.desk import Desk
from lab.runs.engine import Job, Run
from lab.runs.local import LocalEngine
from lab.runs.options import Options
from lab.runs.shared_store import SharedStore
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
