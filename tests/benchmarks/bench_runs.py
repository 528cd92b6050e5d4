"""What the whole road of a run costs over its bare generator; run as `python tests/benchmarks/bench_runs.py`.

Each pair is one run iterated in this process and the same run asked for at the desk: submitted, executed
by a worker, streamed back, stored. On a busy machine workers wait longer, since they run at low priority:
then trust the ratio of CPU seconds, worker and server together, more than that of wall time.
"""

import statistics
import sys
import time
from pathlib import Path

import psutil
import torch

from lab.runs.desk import Desk
from lab.runs.engine import EXPERIMENTS, Job
from lab.runs.local import LocalEngine
from lab.runs.options import Options
from lab.runs.store import Store
from lab.runs.worker import experiment_named

TOYS = "toys:experiment"
PAIRS = 21


def seconds_bare(find: str, job: Job) -> float:
    """Return the wall time of the generator alone."""
    train = experiment_named(find, job.experiment).train
    start = time.perf_counter()
    for _ in train(job.settings, job.context):
        pass
    return time.perf_counter() - start


def seconds_asked(desk: Desk, job: Job) -> tuple[float, float]:
    """Return the wall time until the first event and until the run is over and stored."""
    start = time.perf_counter()
    run = desk.ask(job, "visitor")
    while not (run.events or run.ended):
        time.sleep(0.0002)
    first = time.perf_counter() - start
    run.wait()
    assert run.state == "done", run.message
    return first, time.perf_counter() - start


def cpu_seconds() -> float:
    """Return the CPU seconds used so far by this process and its workers."""
    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def calibrated_steps(find: str, experiment: str, seconds: float = 0.25) -> int:
    """Return how many steps let the toy stream take about `seconds`."""
    settings = experiment_named(find, experiment).settings
    trial = Job(experiment, settings(steps=100))
    seconds_bare(find, trial)
    return max(1, round(100 * seconds / min(seconds_bare(find, trial) for _ in range(3))))


def report(find: str, jobs: list[Job]) -> float:
    """Print the medians over `jobs`, which differ only in their seed; return the cost as a share."""
    engine = LocalEngine(1, find=find)
    desk = Desk(engine, Store(), Options(in_place_seconds=0), find=find)
    warm, *pairs = jobs
    seconds_bare(find, warm)
    seconds_asked(desk, warm)
    bare, firsts, roads, bare_cpu, road_cpu = [], [], [], 0.0, 0.0
    for job in pairs:
        before = cpu_seconds()
        bare.append(seconds_bare(find, job))
        between = cpu_seconds()
        first, road = seconds_asked(desk, job)
        firsts.append(first)
        roads.append(road)
        bare_cpu += between - before
        road_cpu += cpu_seconds() - between
    desk.close()
    cost = statistics.median(road / alone for road, alone in zip(roads, bare, strict=True)) - 1
    print(f"bare generator   {1000 * statistics.median(bare):7.1f} ms")
    print(f"first event      {1000 * statistics.median(firsts):7.1f} ms after asking")
    print(f"done and stored  {1000 * statistics.median(roads):7.1f} ms after asking")
    print(f"the road costs   {cost:7.1%} of wall time (median of {len(pairs)} pairs)")
    print(f"                 {road_cpu / bare_cpu - 1:7.1%} of CPU time (sums)")
    return cost


def main(experiment: str = "toy/stream", find: str = TOYS) -> None:
    """Measure `experiment` at its defaults, or the toy: 250 events and 60 frames of 8 x 33 in 0.25 s."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
    torch.set_num_threads(1)
    settings = experiment_named(find, experiment).settings
    sizes = {"steps": calibrated_steps(find, experiment)} if find == TOYS else {}
    report(find, [Job(experiment, settings(**sizes, seed=seed)) for seed in range(PAIRS + 1)])


if __name__ == "__main__":
    main(*sys.argv[1:2], *([EXPERIMENTS] if sys.argv[1:] else []))
