"""How much faster sixty learning rates are in one pass than one after the other, on one thread.

Both walk the same steps in one process, in turns; each figure is the median of the rounds. Run from the root
of the repository:

    python -m tests.benchmarks.bench_sweep
"""

from statistics import median
from time import perf_counter, process_time

import numpy as np
import torch

from lab.models.surfaces import Surface, surface
from lab.training.rates import Rule, descents

RATES, STEPS, ROUNDS = 60, 200, 3
SURFACE = "rosenbrock"
RULES = ("sgd", "momentum", "adam")


def pass_over(ground: Surface, rule: str, rates: list[float]) -> None:
    """Walk all steps with every one of `rates` at once."""
    for _moment in descents(ground, [Rule(rule)], rates, ground.start, STEPS):
        pass


def real_optimizer(rule: str, place: torch.nn.Parameter, rate: float) -> torch.optim.Optimizer:
    """Return what a tutorial would take."""
    if rule == "adam":
        return torch.optim.Adam([place], lr=rate)
    return torch.optim.SGD([place], lr=rate, momentum=0.9 if rule == "momentum" else 0.0)


def tutorial_run(ground: Surface, rule: str, rate: float) -> None:
    """Walk all steps with one rate, as tutorials write it."""
    place = torch.nn.Parameter(torch.tensor(ground.start, dtype=torch.float64))
    optimizer = real_optimizer(rule, place, rate)
    for _step in range(STEPS):
        optimizer.zero_grad()
        ground.value(place[0], place[1]).backward()
        optimizer.step()


def report(rule: str, rates: list[float]) -> None:
    """Print one line of the table."""
    ground = surface(SURFACE)
    pass_over(ground, rule, rates[:1])  # warm up
    rounds: list[tuple[float, float, float, float]] = []
    for _round in range(ROUNDS):
        start, cpu = perf_counter(), process_time()
        pass_over(ground, rule, rates)
        between, used = perf_counter(), process_time() - cpu
        for rate in rates:
            pass_over(ground, rule, [rate])
        single = perf_counter()
        for rate in rates:
            tutorial_run(ground, rule, rate)
        rounds.append((between - start, used, single - between, perf_counter() - single))
    seconds = median(used for _wall, used, _alone, _tutorial in rounds)
    alone = median(single / wall for wall, _used, single, _tutorial in rounds)
    tutorial = median(theirs / wall for wall, _used, _alone, theirs in rounds)
    print(f"{rule:>10}{1000 * seconds:>9.0f} ms{alone:>14.0f}x{tutorial:>15.0f}x")


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(f"{RATES} rates, {STEPS} steps on {SURFACE}")
    print(f"{'rule':>10}{'one pass':>12}{'60 passes':>15}{'60 torch.optim':>16}")
    rates = np.geomspace(1e-4, 1, RATES).tolist()
    for rule in RULES:
        report(rule, rates)
    print("one pass: CPU time. The others: wall time as multiples of the pass.")


if __name__ == "__main__":
    main()
