"""When two answers of a benchmark mean the same: the grader that the store names decides."""

from __future__ import annotations

import json
from collections.abc import Callable

from ttsgrid.analysis.frames.solutions import Equivalence
from ttsgrid.benchmarks import Grader, grader_for, make_grader
from ttsgrid.store import StorePath, read_benchmarks


def benchmark_equivalence(benchmark: str) -> Equivalence:
    """Return the equivalence that a shipped benchmark's own grader defines.

    Raises:
        ConfigError: no grader is known for it.
    """
    return grader_for(benchmark).group


def store_equivalence(store: StorePath) -> Callable[[str], Equivalence]:
    """Return a store's choice: a benchmark's name to its equivalence of answers.

    Stores written before sweeps recorded their graders hold shipped benchmarks alone.
    """
    grader_of = store_grader(store)
    return lambda benchmark: grader_of(benchmark).group


def store_grader(store: StorePath) -> Callable[[str], Grader]:
    """Return the same store's graders: a benchmark's name to who judges its answers."""
    records = read_benchmarks(store)

    def grader(benchmark: str) -> Grader:
        record = records.get(benchmark)
        if record is None:
            return grader_for(benchmark)
        return make_grader(record.grader, json.loads(record.grader_options))

    return grader
