"""All benchmarks, as ratios in one run: `make bench`."""

from lab.runs.engine import EXPERIMENTS
from tests.benchmarks import bench_engine, bench_runs

if __name__ == "__main__":
    print("# The engine against the tutorial loop\n")
    bench_engine.main()
    print("\n# The whole road of the Playground's default run (worker, events, store) against its bare generator\n")
    bench_runs.main("playground/train", EXPERIMENTS)
