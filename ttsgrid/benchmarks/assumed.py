"""Stand-ins for a benchmark's problems, for a plan where nothing gives the problems themselves."""

from __future__ import annotations

from ttsgrid.benchmarks.config import BenchmarkConfig
from ttsgrid.core.errors import ConfigError, UnreachableError
from ttsgrid.core.records import Problem

# The longest question of MATH-500 has 1,733 bytes, the longest of AIME and GSM8K under 1,000.
QUESTION_BYTES = 1000


def assumed_problems(benchmark: BenchmarkConfig, why: UnreachableError) -> tuple[Problem, ...]:
    """Return as many stand-ins as a plan over the benchmark has problems.

    Args:
        benchmark: its `size` says how many its source holds.
        why: what loading it raised.

    Raises:
        UnreachableError: the benchmark states no size; the message says so beside `why`.
        ConfigError: more problems are asked for than there are.
    """
    if benchmark.size is None:
        raise UnreachableError(
            f"{why}; to plan without its problems, say in benchmark.size how many there are"
        )
    number = benchmark.num_problems or benchmark.size
    if number > benchmark.size:
        raise ConfigError(
            f"benchmark.num_problems={number}: {benchmark.name} holds {benchmark.size} "
            "(benchmark.size)"
        )
    return tuple(
        Problem(f"assumed-{benchmark.name}-{i}", benchmark.name, i, "x" * QUESTION_BYTES, "0")
        for i in range(number)
    )
