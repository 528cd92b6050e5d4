"""One worker and three learners: the page of each who waits says how many are ahead, and for how long."""

import json
import re
import time
from collections.abc import Iterator

import pytest

from tests.browser.lab_server import LabServer, lab_served
from tests.serving.visits import Guest, ask, guest

LONG = {"epochs": "2000", "networks": "32", "batch_size": "1"}


@pytest.fixture(scope="module")
def server() -> Iterator[LabServer]:
    with lab_served({"LAB_WORKERS": "1"}) as served:
        deadline = time.monotonic() + 60
        while ask(served.url, "/lab/health").status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield served


def streamed(server: LabServer, visitor: Guest) -> str:
    """Return the words beside the bar in the first event of the visitor's run."""
    first = ask(server.url, visitor.stage()["events"]).body.decode()
    (text,) = re.findall(r'"progress":\{"share":[0-9.]+,"text":"([^"]*)"', first)
    return text


def test_place_and_wait_reach_the_page(server: LabServer) -> None:
    with guest(server.url, "playground", {**LONG, "seed": "2"}) as ann:
        assert ann.stage()["events"]
        with guest(server.url, "playground", {**LONG, "seed": "3"}) as bob:
            said = bob.stage()["message"]["progress"]["text"]
            assert re.fullmatch(r"Yours is the next run, about \d+ s", said)
            with guest(server.url, "playground", {**LONG, "seed": "4"}) as cleo:
                behind = cleo.stage()["message"]["progress"]["text"]
                assert re.fullmatch(r"1 run ahead of yours, about \d+ s", behind)
                assert seconds(behind) > seconds(said)
                assert re.fullmatch(r"1 run ahead of yours, about \d+ s", streamed(server, cleo))
            counts = json.loads(ask(server.url, "/lab/health").body)
            assert (counts["busy"], counts["queued"]) in (
                (1, 1),
                (1, 2),
            )  # as cleo's session may go on a moment


def seconds(said: str) -> int:
    return int(said.split()[-2])
