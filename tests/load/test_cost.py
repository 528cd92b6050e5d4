"""What a visitor costs the server, counted in CPU seconds of its own process, without the workers."""

import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lab.topics.playground.settings import Settings
from tests.browser.lab_page import moments_of, trained_alone
from tests.browser.lab_server import LabServer, lab_served
from tests.load.visitor import visiting

ROUNDS, TURNS = 7, 8  # the system counts CPU time in hundredths of a second
RATES = ("0.03", "0.05")
MOST_FOR_A_CHANGE, MOST_FOR_NOTHING = (
    0.040,
    0.030,
)  # processors differ by two; unfrozen garbage costs ten times


@pytest.fixture(scope="module")
def server() -> Iterator[LabServer]:
    with lab_served() as served:
        yield served
        assert "Traceback" not in served.log(), served.log()


def cost(server: LabServer, act: Callable[[int], None]) -> float:
    """Return the server's CPU seconds for one act: the median over rounds of several."""
    spent = []
    for _round in range(ROUNDS):
        before = server.cpu_seconds()
        for turn in range(TURNS):
            act(turn)
        spent.append((server.cpu_seconds() - before) / TURNS)
    return statistics.median(spent)


def test_an_empty_rerun_costs_little(server: LabServer) -> None:
    """Without gc.freeze it would be 0.1 s and more: Streamlit collects garbage after each run."""
    with visiting(server.url) as visitor:
        assert "page_link" in visitor.kinds()
        spent = cost(server, lambda _turn: visitor.rerun())
        assert "exception" not in visitor.kinds()
    print(f"an empty rerun of the start page: {1000 * spent:.1f} ms CPU")
    assert spent < MOST_FOR_NOTHING


def test_a_slider_moved_to_a_known_setting_costs_little(server: LabServer) -> None:
    with visiting(server.url, "playground") as visitor:
        runs = set()
        for rate in RATES:  # so that both settings are known
            visitor.move("Learning rate (per step)", rate)
            visitor.messages()
            runs.add(visitor.stage()["run"])
        assert len(runs) == 2

        def turn(number: int) -> None:
            visitor.move("Learning rate (per step)", RATES[number % 2])
            stage = visitor.stage()
            assert stage["events"] is None  # nothing was computed for it
            assert stage["run"] in runs

        spent = cost(server, turn)
        assert visitor.stage()["message"]["done"]
        assert "exception" not in visitor.kinds()
    print(f"a slider moved to a known setting: {1000 * spent:.1f} ms CPU, {visitor.bytes:,} bytes")
    assert spent < MOST_FOR_A_CHANGE


def test_two_at_once_get_what_each_gets_alone(server: LabServer) -> None:
    chosen = [Settings(seed=seed, networks=6, epochs=400, noise=0.1, shuffle=seed > 21) for seed in (21, 22)]

    def parameters(settings: Settings) -> np.ndarray:
        with visiting(server.url, "playground", settings.to_query()) as visitor:
            assert visitor.stage()["events"]  # a worker computes
            return moments_of(visitor.messages())

    with ThreadPoolExecutor(len(chosen)) as pool:
        found = list(pool.map(parameters, chosen))
    for settings, flat in zip(chosen, found, strict=True):
        alone, _losses = trained_alone(settings)
        np.testing.assert_array_equal(flat, alone.ravel())
