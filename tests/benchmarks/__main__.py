"""All benchmarks, as ratios in one run: `make bench`."""

from lab.runs.engine import EXPERIMENTS
from tests.benchmarks import bench_engine, bench_runs

if __name__ == "__main__":
    print("# The engine against the tutorial loop\n")
    bench_engine.main()
    print("\n# The Playground's default run by worker, events and store against its bare generator\n")
    bench_runs.main("playground/train", EXPERIMENTS)
