"""All benchmarks, as ratios in one run: `make bench`. It fails if a promised figure is missed."""

import sys

from lab.runs.engine import EXPERIMENTS
from tests.benchmarks import bench_cnn, bench_engine, bench_rnn, bench_runs, bench_sweep
from tests.benchmarks.targets import report

if __name__ == "__main__":
    print("# The engine against the tutorial loop\n")
    bench_engine.main()
    print("\n# The Playground's default run by worker, events and store against its bare generator\n")
    bench_runs.main("playground/train", EXPERIMENTS)
    print("\n# Sixty learning rates in one pass against one after the other\n")
    bench_sweep.main()
    print("\n# The convolutional network against the tutorial loop\n")
    targets = bench_cnn.main()
    print("\n# Recurrent cells, form against form\n")
    targets += bench_rnn.main()
    print("\n# What is promised\n")
    sys.exit(report(targets))
