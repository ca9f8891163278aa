"""What labels the steps of a benchmark's solutions, where its store names something.

The zoo's problems are recipes, so its steps are right or wrong beyond doubt; most
benchmarks judge final answers only.
"""

from __future__ import annotations

from ttsgrid.benchmarks import shipped_benchmark, shipped_benchmarks
from ttsgrid.benchmarks.labels import StepLabels
from ttsgrid.core.dotted import load_own
from ttsgrid.store import StorePath, read_benchmarks


def store_step_labels(store: StorePath, benchmark: str) -> StepLabels | None:
    """Return what labels a benchmark's steps; None where nothing does.

    Raises:
        ConfigError: the store names code that isn't there.
    """
    record = read_benchmarks(store).get(benchmark)
    path = record.step_labels if record else None
    if record is None and benchmark in shipped_benchmarks():
        path = shipped_benchmark(benchmark).step_labels  # a store of schema 1
    if path is None:
        return None
    labels: StepLabels = load_own(path, "benchmark.step_labels", StepLabels)
    return labels
