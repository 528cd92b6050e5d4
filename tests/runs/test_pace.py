"""What a learner sees of long runs of images and sequences: something soon, often, and an end at once.

A run of a warm worker is followed for some two seconds and then stopped.
"""

import math
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from lab.core.events import Evaluated, Framed, Stepped
from lab.curriculum import experiment
from lab.data.languages import LANGUAGES
from lab.runs.engine import EXPERIMENTS, Job, Run
from lab.runs.local import LocalEngine

pytestmark = pytest.mark.alone

FIRST, APART, STOP = 0.5, 1.0, 0.25
"""Seconds until the first picture, from picture to picture, and from a stop to a worker that is free."""
FOLLOWED, TRIES = 1.8, 3
LARGE_GRU = {"series_cell": "gru", "series_hidden": 64, "series_layers": 2, "series_length": 60}
SMALL_STEPS = {"language_cell": "gru", "language_hidden": 100, "language_batch": 10}
LARGE_LETTERS = {"text_hidden": 200, "text_layers": 2, "text_length": 100, "text_batch": 50, "text_steps": 40}
RUNS = {
    "sunspots": ("rnn/series", {"series_epochs": 100}),
    "a large GRU on weekly CO2": ("rnn/series", {"series_task": "co2_weekly", **LARGE_GRU}),
    "letters": ("rnn/letters", {"text_steps": 1000}),
    "letters, as large as can be": ("rnn/letters", LARGE_LETTERS),
    "letters, two GRU layers": ("rnn/letters", {"text_cell": "gru", "text_layers": 2, "text_length": 100}),
    "languages": ("rnn/language", {"language_epochs": 20}),
    "all languages, small steps": ("rnn/language", {"language_several": LANGUAGES, **SMALL_STEPS}),
    "recall": ("rnn/memory_delay", {"memory_delay_longest": 40, "memory_delay_hidden": 32}),
    "clipping": ("rnn/memory_clip", {"memory_clip_cell": "lstm", "memory_clip_length": 50}),
    "images": ("cnn/train", {"epochs": 10}),
    "images, the text's network": ("cnn/train", {"epochs": 10, "channels1": 32, "channels2": 64}),
}
NO_PICTURES = {
    "gradients": (
        "rnn/memory_back",
        {"memory_back_networks": 50, "memory_back_hidden": 64, "memory_back_length": 100},
    ),
    "cost": ("rnn/cost", {"cost_hidden": 128, "cost_inputs": 100, "cost_batch": 128, "cost_length": 100}),
}
"""Runs whose picture needs all of it: only their progress is seen."""


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    made = LocalEngine(1, find=EXPERIMENTS)
    yield made
    made.close()


def asked(name: str, **values: object) -> Job:
    """Return a run of these settings, its values put in the form of their controls."""
    chosen = experiment(name)
    return Job(name, chosen.settings.checked({**dict(chosen.settings()), **values}))


def warm(engine: LocalEngine, name: str) -> None:
    shortest = experiment(name).shortest
    assert engine.submit(Job(name, shortest() if shortest else experiment(name).settings())).wait(30)


def followed(run: Run, kinds: type | tuple[type, ...]) -> list[float]:
    """Return when events of these kinds came, in seconds from now, and when nobody looked any more."""
    start, seen, moments = time.perf_counter(), 0, list[float]()
    while not run.ended and time.perf_counter() - start < FOLLOWED:
        for event in run.events[seen:]:
            seen += 1
            if isinstance(event, kinds):
                moments.append(time.perf_counter() - start)
        time.sleep(0.002)
    return [*moments, time.perf_counter() - start]


def paced(engine: LocalEngine, job: Job, kinds: type | tuple[type, ...]) -> tuple[float, float, float]:
    """Return seconds until the first event, between two events at most, and until a stopped run is over."""
    run = engine.submit(job)
    moments = followed(run, kinds)
    end = time.perf_counter()
    run.cancel()
    assert run.wait(10)
    taken = time.perf_counter() - end
    assert run.state in ("cancelled", "done"), run.message
    apart = max([later - one for one, later in pairwise(moments)], default=0.0)
    return moments[0], apart, taken


def within(found: tuple[float, float, float]) -> bool:
    return all(seconds < most for seconds, most in zip(found, (FIRST, APART, STOP), strict=True))


@pytest.mark.parametrize("name", [*RUNS, *NO_PICTURES])
def test_something_is_seen_soon_and_often_and_a_stop_is_heard(engine: LocalEngine, name: str) -> None:
    experiment_name, values = (RUNS | NO_PICTURES)[name]
    kinds = (Evaluated, Framed) if name in RUNS else Stepped
    warm(engine, experiment_name)
    found = [(math.inf, math.inf, math.inf)]
    while not within(found[-1]) and len(found) <= TRIES:  # a neighbour's burst is no slow run
        found.append(paced(engine, asked(experiment_name, **values), kinds))
    assert within(found[-1]), found[1:]


def test_a_worker_is_not_replaced_by_a_stop(engine: LocalEngine) -> None:
    for name in ("letters, as large as can be", "all languages, small steps"):
        run = engine.submit(asked(RUNS[name][0], **RUNS[name][1]))
        followed(run, Evaluated)
        run.cancel()
        assert run.wait(10)
    assert engine.stats()["restarts"] == 0
