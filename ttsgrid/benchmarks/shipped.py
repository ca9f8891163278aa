"""The benchmarks that ttsgrid ships, read from `conf/benchmark/` without Hydra.

For what knows a benchmark by its name alone: a library's user, an import, and stores that
were written before a store said who grades its benchmarks.
"""

from __future__ import annotations

from functools import cache

from ttsgrid.benchmarks.config import BenchmarkConfig
from ttsgrid.core.checks import build, require_choice
from ttsgrid.core.shipped import CONF


@cache
def shipped_benchmarks() -> tuple[str, ...]:
    """Return the names of the shipped benchmarks, sorted."""
    return tuple(sorted(file.stem for file in (CONF / "benchmark").glob("*.yaml")))


@cache
def shipped_benchmark(name: str) -> BenchmarkConfig:
    """Return a shipped benchmark.

    Raises:
        ConfigError: there is none of that name.
    """
    # Late: a tenth of what importing the analysis takes, which seldom needs it.
    import yaml  # noqa: PLC0415

    require_choice("benchmark.name", name, shipped_benchmarks())
    text = (CONF / "benchmark" / f"{name}.yaml").read_text(encoding="utf-8")
    return build(BenchmarkConfig, "benchmark", yaml.safe_load(text))
