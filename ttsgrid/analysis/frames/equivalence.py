"""When two answers of a benchmark mean the same: as its own grader says.

Which grader that is, a store says itself where it holds an imported benchmark; for the
others the benchmark's name does.
"""

from __future__ import annotations

from collections.abc import Callable

from ttsgrid.analysis.frames.solutions import Equivalence
from ttsgrid.benchmarks import grader_for
from ttsgrid.store import StorePath, scan


def benchmark_equivalence(benchmark: str) -> Equivalence:
    """Return the equivalence that a known benchmark's own grader defines.

    Raises:
        ConfigError: no grader is known for it.
    """
    return grader_for(benchmark).group


def store_equivalence(store: StorePath) -> Callable[[str], Equivalence]:
    """Return a store's choice: a benchmark's name to its equivalence of answers."""
    graders = dict(scan(store, "benchmarks").select("benchmark", "grader").collect().iter_rows())

    def equivalence(benchmark: str) -> Equivalence:
        return grader_for(graders.get(benchmark, benchmark)).group

    return equivalence
