"""Ten learners while things break: `python -m tests.chaos`. Prints what broke and whether all went on.

Each fault strikes in the midst of everybody's long run. Afterwards every learner opens its own address
again, as a browser does, and must get the picture of another run; its settings are in the address.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psutil

from lab.runs.turns import can_pause
from tests.browser.lab_server import LabServer, free_port, lab_served
from tests.chaos.proxy import Proxy, proxied
from tests.chaos.stubborn import Stubborn
from tests.load.learner import Change
from tests.load.visitor import visiting

LONG = {"data": "spiral", "hidden": "8-8-8", "networks": "32", "epochs": "2000"}
NEXT = {"epochs": "30", "learning_rate": "0.1"}
HEAVY = ("cnn", {"part": "train"})  # needs more than MEMORY
MEMORY = {"LAB_RUN_MEMORY_MB": "64"}
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


def fill(_stand: Stand, _silence: float) -> None:
    """Nothing breaks: everybody's long run waits in the queue, and is then replaced."""


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
    """What came of a fault: the next run of each learner, and whether each address was kept."""

    fault: str
    next_runs: list[Change]
    kept: int

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
    seeds = [str(10_000 * round_number + number) for number in range(learners)]
    long = [
        asyncio.create_task(visit.pictured(PATIENCE, LONG | {"seed": seed}))
        for visit, seed in zip(visits, seeds, strict=True)
    ]
    await asyncio.sleep(ahead)
    await asyncio.to_thread(FAULTS[fault], stand, silence)
    for task in long:
        task.cancel()
    await asyncio.gather(*long, return_exceptions=True)
    found = await asyncio.gather(
        *(visit.pictured(PATIENCE, NEXT | {"seed": seed}) for visit, seed in zip(visits, seeds, strict=True))
    )
    kept = [
        f"seed={seed}" in visit.session.query.split("&") for visit, seed in zip(visits, seeds, strict=True)
    ]
    return Outcome(fault, found, sum(kept))


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
        "; ".join(faults),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Strike with every fault, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=10)
    parser.add_argument("--silence", type=float, default=20, help="seconds without a network")
    asked = parser.parse_args()
    print("| fault | next runs with a picture | the slowest | settings kept | what failed |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    good = True
    with standing(MEMORY) as stand:
        for number, fault in enumerate(FAULTS, start=1):
            outcome = asyncio.run(struck(stand, fault, asked.learners, asked.silence, number))
            print(row(outcome), flush=True)
            good &= outcome.good
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
