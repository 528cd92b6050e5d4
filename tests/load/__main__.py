"""Learners on one server: `python -m tests.load --learners 30 --seconds 180`; without a number, the series.

Each learner is a WebSocket client that speaks Streamlit's protocol and follows the events of its runs. The
tables are printed, and with `--write` they replace those in docs/load.md.
"""

import argparse
import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.load.learner import PAGES, PATIENCE, Change, Learner
from tests.load.measured import Usage, measured_server
from tests.load.report import MARKERS, Load, markdown
from tests.load.verdict import all_met, bends, judged
from tests.waited import waited

DOCUMENT = Path(__file__).parents[2] / "docs" / "load.md"
SERIES = (10, 30, 60, 100)
PERIOD = 10.0  # seconds between two changes of a learner


def load(learners: int, seconds: float, seed: int = 1, period: float = PERIOD) -> Load:
    """Serve the lab to so many learners, each on one of the pages, who change settings for so long."""
    with measured_server() as measured:
        url = measured.server.url
        names = list(PAGES)
        waited(_warm_up(url, names[:learners]))
        visits = [
            Learner(url, names[number % len(names)], random.Random(1000 * seed + number))
            for number in range(learners)
        ]
        done = waited(_class(visits, seconds, period, measured.usage))
        if "Traceback" in measured.server.log():
            print(measured.server.log())
    return done


async def _warm_up(url: str, names: list[str]) -> None:
    """See each page once and leave."""
    for name in names:
        learner = Learner(url, name, random.Random(0))
        async with learner.connected() as line, asyncio.timeout(PATIENCE):
            await learner.settle(line, Change(name))


async def _class(visits: list[Learner], seconds: float, period: float, usage: Callable[[], Usage]) -> Load:
    """Let the first learner come, then all others within a period, then all change settings."""
    begin, leave = asyncio.Event(), asyncio.Event()
    living: list[asyncio.Task[None]] = []
    used: list[Usage] = []
    for group in (visits[:1], visits[1:]):
        for number, visit in enumerate(group):
            wait = period * number / len(group)
            living.append(asyncio.create_task(visit.live(period, seconds, begin, leave, wait)))
        await asyncio.gather(*(visit.opened.wait() for visit in group))
        used.append(await asyncio.to_thread(usage))
    began = os.times()
    begin.set()
    await asyncio.sleep(seconds)
    ended = os.times()
    last = await asyncio.to_thread(usage)
    leave.set()
    await asyncio.gather(*living)
    spent = ended.user + ended.system - began.user - began.system
    changes = [one for visit in visits for one in visit.changes]
    return Load(len(visits), seconds, changes, used[0], used[1], last, spent)


def main() -> None:
    """Run the loads that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, nargs="*", default=SERIES)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the tables in docs/load.md")
    parser.add_argument("--verbose", action="store_true", help="print each change")
    asked = parser.parse_args()
    loads: list[Load] = []
    for learners in asked.learners:
        try:
            loads.append(load(learners, asked.seconds, asked.seed))
        except Exception as fault:  # the next class shall have its chance
            print(f"N = {learners} broke off: {fault!r}", flush=True)
            continue
        if asked.verbose:
            print(*loads[-1].changes, sep="\n")
        print(*_faults(loads[-1]), markdown(loads[-1:]), sep="\n", flush=True)
        if asked.write:
            write(loads)
    if loads:
        print(judged(loads), bends(loads), sep="\n\n")
    raise SystemExit(0 if len(loads) == len(asked.learners) and all_met(loads) else 1)


def write(loads: Sequence[Load]) -> None:
    """Put the tables in docs/load.md, between the markers."""
    before, rest = DOCUMENT.read_text(encoding="utf-8").split(MARKERS[0])
    after = rest.split(MARKERS[1])[1]
    told = (bends(loads), judged(loads), markdown(loads))
    tables = "\n\n".join((MARKERS[0], *told, MARKERS[1]))
    DOCUMENT.write_text(before + tables + after, encoding="utf-8")


def _faults(done: Load) -> list[str]:
    """Return what was said of changes without a picture, each once with its number."""
    counts = Counter(f"{one.outcome}, {one.page}: {one.fault}" for one in done.changes if one.fault)
    return [f"{count} {text}" for text, count in counts.most_common()]


if __name__ == "__main__":
    main()
