"""The user's own code in a grid: checked on the driver, and what workers must import.

What an engine is told by a name is checked with it: an engine of one's own has its own names.
"""

from __future__ import annotations

from collections.abc import Iterator

from ttsgrid.benchmarks import benchmark_grader
from ttsgrid.benchmarks.labels import StepLabels
from ttsgrid.core.dotted import is_dotted, load_own
from ttsgrid.core.errors import ConfigError
from ttsgrid.engines.quantization import require_quantization
from ttsgrid.engines.spec import ENDPOINT, EngineSettings
from ttsgrid.engines.start import kind_for, require_engine, require_head
from ttsgrid.grid.config import GridConfig, ModelConfig
from ttsgrid.models import named_base, prompt_format
from ttsgrid.models.prms import prm_format
from ttsgrid.models.reasoning import VISIBLE


def check_own_code(grid: GridConfig) -> None:
    """Import what dotted paths name and check it, so that it is said before an engine starts.

    Raises:
        ConfigError: something isn't found, or isn't what its place needs.
    """
    for benchmark in grid.benchmarks:
        benchmark_grader(benchmark)
        if benchmark.step_labels is not None:
            load_own(benchmark.step_labels, "benchmark.step_labels", StepLabels)
    for policy in grid.policies:
        _check_thoughts(grid, policy)
        _check_engine(grid, policy, "policy", f"policies.{policy.name}")
    check_own_prms(grid)


def _check_thoughts(grid: GridConfig, policy: ModelConfig) -> None:
    """Refuse a policy whose thoughts shall cost nothing in a search, which pays for each step."""
    setting = f"policies.{policy.name}.format"
    reasoning = prompt_format(policy.format, setting).reasoning
    searches = [strategy.name for strategy in grid.strategies if strategy.is_search]
    if searches and reasoning is not None and reasoning.tokens == VISIBLE:
        raise ConfigError(
            f"{setting}.reasoning.tokens=visible can't be with {', '.join(searches)}: a search "
            "pays for all that it writes; set it to all, or take strategies without a search"
        )


def check_own_prms(grid: GridConfig) -> None:
    """Check what the PRMs of a grid name, and nothing else of it.

    Raises:
        ConfigError: something isn't found, or isn't what its place needs.
    """
    for prm in grid.prms:
        setting = f"prms.{prm.name}.format"
        require_head(prm_format(prm.format, setting).engine_task, setting)
        _check_engine(grid, prm, "prm", f"prms.{prm.name}")


def own_code(grid: GridConfig) -> list[str]:
    """Return the dotted paths that workers import, sorted."""
    return sorted({path for path in _named(grid) if is_dotted(path)})


def engine_of(grid: GridConfig, model: ModelConfig) -> EngineSettings:
    """Return what serves a model: its endpoint, its own engine, else the grid's."""
    if model.endpoint is not None:
        return EngineSettings(ENDPOINT, max_num_seqs=model.endpoint.concurrency)
    if model.engine is None:
        return grid.engine
    # The model's own kind with the grid's numbers: only the kind differs between models.
    told = grid.engine.as_told() | {"kind": model.engine}
    return EngineSettings(**told)


def _check_engine(grid: GridConfig, model: ModelConfig, role: str, where: str) -> None:
    kind = engine_of(grid, model).kind
    if model.engine is not None:
        require_engine(model.engine, role, f"{where}.engine")
    else:
        require_engine(grid.engine.kind, role, "engine.kind")
    if role == "prm":
        kind = kind_for(kind, prm_format(model.format, f"{where}.format").engine_task)
    require_quantization(kind, model.quantization, f"{where}.quantization")


def _named(grid: GridConfig) -> Iterator[str]:
    yield from (*(benchmark.grader for benchmark in grid.benchmarks), grid.engine.kind)
    for model in (*grid.policies, *grid.prms):
        yield from (named_base(model.format), model.engine or "")
    yield from (prm_format(prm.format).engine_task for prm in grid.prms)
