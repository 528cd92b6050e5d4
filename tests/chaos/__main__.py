"""Ten learners while things break: `python -m tests.chaos`. Prints what broke and whether all went on.

Each fault strikes while some long runs compute and others wait for a worker; learners stay on their pages.
Afterwards every learner moves one slider, on the line that is still open or on a new one, and must get the
picture of that run, with all other settings as they were.
"""

import argparse
import asyncio
import json
import os
import random
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.error import HTTPError

import psutil

from lab.runs.turns import can_pause
from tests.browser.lab_server import LabServer, free_port, lab_served
from tests.chaos.proxy import Proxy, proxied
from tests.chaos.stubborn import Stubborn
from tests.load.learner import Change
from tests.load.session import Session
from tests.load.visitor import visiting

WORKERS = (os.cpu_count() or 1) + 2  # so that some runs are paused
LEARNERS = WORKERS + 1  # at least; so that some runs wait
LONG = {"data": "spiral", "hidden": "8-8-8", "networks": "32", "epochs": "2000"}
SHORT = "30"  # epochs
HEAVY = ("cnn", {"part": "train", "channels1": "32", "channels2": "64"})  # needs more than the memory below
SMALL = {"LAB_RUN_MEMORY_MB": "64", "LAB_WORKERS": str(WORKERS)}
PATIENCE = 60.0


class Stand:
    """A server that can be restarted at its port, behind a proxy.

    Args:
        environment: variables set for the server.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        self._environment = environment
        self._served = ExitStack()
        self.server: LabServer
        self.restart()
        self.proxy: Proxy

    def restart(self) -> None:
        """Stop the server if it runs, without asking the visitors, and start it anew."""
        self._served.close()
        self.server = self._served.enter_context(lab_served(self._environment, port=self.port))

    def close(self) -> None:
        """Stop the server."""
        self._served.close()


@contextmanager
def standing(environment: Mapping[str, str] | None = None) -> Iterator[Stand]:
    """Start a server and its proxy."""
    stand = Stand(environment or {})
    try:
        with proxied(stand.port) as stand.proxy:
            yield stand
    finally:
        stand.close()


def health(server: LabServer) -> dict[str, int]:
    """Return what the server tells its host."""
    try:
        with urllib.request.urlopen(f"{server.url}/lab/health", timeout=10) as answer:
            return json.load(answer)
    except HTTPError as answer:  # no worker is up
        return json.load(answer)


def wait_for(server: LabServer, fault: str, fits: Callable[[dict[str, int]], bool]) -> None:
    """Wait until the server's health fits, or fail with `fault`."""
    deadline = time.monotonic() + PATIENCE
    while not fits(said := health(server)):
        assert time.monotonic() < deadline, f"{fault}: {said}"
        time.sleep(0.05)


def at_work(server: LabServer, timeout: float = 30) -> list[psutil.Process]:
    """Return the workers, as soon as they are there."""
    deadline = time.monotonic() + timeout
    while not (workers := server.workers()):
        assert time.monotonic() < deadline, "there are no workers"
        time.sleep(0.1)
    return workers


def kill_one(stand: Stand, _silence: float) -> None:
    """One worker is killed, as the system does when memory runs out."""
    at_work(stand.server)
    stand.server.busy_worker(timeout=20).kill()


def kill_all(stand: Stand, _silence: float) -> None:
    """All workers are killed at once."""
    for worker in at_work(stand.server):
        worker.kill()


def fill(stand: Stand, _silence: float) -> None:
    """Nothing breaks: some runs wait in the queue, and all are then replaced."""
    wait_for(stand.server, "no run waits", lambda said: said["queued"] > 0 and said["busy"] > 1)


def cut(stand: Stand, _silence: float) -> None:
    """All connections are cut."""
    stand.proxy.cut()


def refuse(stand: Stand, silence: float) -> None:
    """All connections are cut and refused for a while."""
    stand.proxy.cut(refuse=True)
    time.sleep(silence)
    stand.proxy.restore()


def hush(stand: Stand, silence: float) -> None:
    """Connections stay open and silent for a while."""
    stand.proxy.silence()
    time.sleep(silence)
    stand.proxy.restore()


def restart(stand: Stand, _silence: float) -> None:
    """The server is restarted at the same port."""
    stand.restart()


def crash(stand: Stand, _silence: float) -> None:
    """The server is killed while runs are paused, takes all its workers along, and is started anew."""
    deadline = time.monotonic() + 20
    while can_pause() and not any(is_paused(one) for one in at_work(stand.server)):
        assert time.monotonic() < deadline, "no run was paused"
        time.sleep(0.02)
    stand.server.kill()
    stand.restart()


def is_paused(worker: psutil.Process) -> bool:
    """Return whether a process is stopped and can go on."""
    return worker.status() == psutil.STATUS_STOPPED


def overfill(stand: Stand, _silence: float) -> None:
    """A run needs more memory than it may have, and says so."""
    with visiting(stand.server.url, *HEAVY) as visitor:
        visitor.messages()
        visitor.rerun()
        said = [one.body for one in visitor.session.of_kind("alert")]
        assert any("memory" in one for one in said), said


FAULTS: dict[str, Callable[[Stand, float], None]] = {
    "a worker killed": kill_one,
    "all workers killed": kill_all,
    "queue filled": fill,
    "connections cut": cut,
    "network gone": refuse,
    "network silent": hush,
    "server restarted": restart,
    "server killed": crash,
    "out of memory": overfill,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a fault.

    Attributes:
        fault: its name.
        next_runs: the run that each learner asked for afterwards.
        kept: how many pages then showed exactly the settings that their learners had.
        lines: how many lines all learners needed; one each if none broke.
    """

    fault: str
    next_runs: list[Change]
    kept: int
    lines: int

    @property
    def good(self) -> bool:
        """Whether everybody went on."""
        return self.kept == len(self.next_runs) and all(one.outcome == "final" for one in self.next_runs)


async def struck(
    stand: Stand, fault: str, learners: int, silence: float, round_number: int, ahead: float = 1.5
) -> Outcome:
    """Let all learners begin a long run, strike `ahead` seconds later, and let each ask for another one."""
    url = f"http://127.0.0.1:{stand.proxy.port}"
    visits = [Stubborn(url, "Playground", random.Random(number)) for number in range(learners)]
    queries = [LONG | {"seed": str(10_000 * round_number + number)} for number in range(learners)]
    with ExitStack() as last:
        for visit in visits:
            last.callback(visit.leave)
        for visit, query in zip(visits, queries, strict=True):
            visit.session = Session("playground", query)
        long = [asyncio.create_task(visit.pictured(2 * PATIENCE)) for visit in visits]
        await asyncio.gather(*(visit.opened.wait() for visit in visits))
        await asyncio.sleep(ahead)
        await asyncio.to_thread(FAULTS[fault], stand, silence)
        for visit, following in zip(visits, long, strict=True):
            await visit.stopped(following)
        found = await asyncio.gather(*(visit.pictured(PATIENCE, {"Epochs": SHORT}) for visit in visits))
        kept = [visit.shows(query | {"epochs": SHORT}) for visit, query in zip(visits, queries, strict=True)]
        hangs = "runs of before are still there"
        await asyncio.to_thread(
            wait_for, stand.server, hangs, lambda said: said["queued"] == said["busy"] == 0
        )
        return Outcome(fault, found, sum(kept), sum(visit.lines for visit in visits))


def row(outcome: Outcome) -> str:
    """Return a line of the table."""
    seconds = [one.final for one in outcome.next_runs if one.outcome == "final" and one.final is not None]
    faults = {one.fault for one in outcome.next_runs if one.outcome != "final"}
    slowest = f"{max(seconds):.1f} s" if seconds else "-"
    count = len(outcome.next_runs)
    cells = [
        outcome.fault,
        f"{len(seconds)} of {count}",
        slowest,
        f"{outcome.kept} of {count}",
        str(outcome.lines),
        "; ".join(faults),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Strike with every fault, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=max(10, LEARNERS))
    parser.add_argument("--silence", type=float, default=20, help="seconds without a network")
    asked = parser.parse_args()
    print("| fault | next runs with a picture | the slowest | settings kept | lines | what failed |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    good = True
    with standing(SMALL) as stand:
        for number, fault in enumerate(FAULTS, start=1):
            outcome = asyncio.run(struck(stand, fault, asked.learners, asked.silence, number))
            print(row(outcome), flush=True)
            good &= outcome.good
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
