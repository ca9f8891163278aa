"""The grid's configuration: frozen, validated dataclasses, and nothing of Hydra.

`ttsgrid.grid.compose` turns a composed Hydra config into a `GridConfig` once; past
that point no DictConfig travels. Each class checks itself in `__post_init__`
and raises `ConfigError` with a message that names the setting and the choices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

# A benchmark is configured where it is read; the grid only holds it.
from ttsgrid.benchmarks import BenchmarkConfig as BenchmarkConfig
from ttsgrid.core.checks import refuse_unknown, require_choice
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.search_presets import PRESETS
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.strategies import STRATEGIES, Strategy, preset, search_of
from ttsgrid.core.tracking import TRACKERS
from ttsgrid.engines.spec import EngineSettings, fake_option_names
from ttsgrid.grid.endpoints import require_possible
from ttsgrid.grid.model_config import ModelConfig as ModelConfig
from ttsgrid.grid.model_config import SamplingConfig as SamplingConfig
from ttsgrid.grid.model_config import require, require_engine_name, require_positive
from ttsgrid.grid.plan_config import PlanConfig as PlanConfig
from ttsgrid.grid.told_apart import (
    names_of_different,
    require_distinct,
    require_distinct_ways,
    require_named_apart,
)


@dataclass(frozen=True)
class StrategyConfig:
    """One strategy of the grid; all but the first three are of searches.

    Attributes:
        name: the short name used on the command line and in every table.
        kind: a strategy of the catalogue (`ttsgrid.core.strategies`) that is no bound.
        budgets: overrides the grid's budgets for this strategy; None for the grid's.
        preset: whose rules a search follows (`ttsgrid.core.search_presets`).
        num_problems: search only the benchmark's first so many problems; None for
            `benchmark.search_problems`.
        keep_traces: store each tree. Not part of a search's identity.
        search: those of `SearchSettings` that a person sets, e.g. `beam_width`, as given.
    """

    name: str
    kind: str
    budgets: tuple[int, ...] | None = None
    preset: str = PRESETS[0]
    num_problems: int | None = None
    keep_traces: bool = True
    search: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"strategies: {self.name}."
        require_choice(
            f"{where}kind", self.kind, [one.name for one in STRATEGIES if not one.is_bound]
        )
        require_choice(f"{where}preset", self.preset, PRESETS)
        require_positive(f"{self.name}.num_problems", self.num_problems)
        if self.budgets is not None:
            _require_budgets(f"{self.name}.budgets", self.budgets)
        if self.is_search:
            # Of one beam, which every search can have: what is wrong is no budget's fault.
            self.search_at(self.beam_width)

    @property
    def entry(self) -> Strategy:
        """What the catalogue says of its kind."""
        return STRATEGIES.find(f"strategies: {self.name}.kind", self.kind)

    @property
    def is_search(self) -> bool:
        """Whether a PRM guides it step by step."""
        return self.entry.is_search

    @property
    def beam_width(self) -> int:
        """M, the children of a kept beam."""
        return int(self.search.get("beam_width", SearchSettings.beam_width))

    def search_at(self, budget: int, step_separator: str = "\n\n") -> SearchSettings:
        """Return the search at one N.

        Raises:
            ConfigError: it can't have that N, or a setting is out of range.
        """
        # A greedy search keeps one beam whatever its budget: all of N are its children.
        widths = {"beam_width": budget} if search_of(self.kind).one_beam else {}
        try:
            return SearchSettings(
                kind=self.kind,
                budget=budget,
                step_separator=step_separator,
                rules=preset(self.preset, self.kind),
                **{**self.search, **widths},
            )
        except ConfigError as error:
            raise ConfigError(f"strategies: {self.name}: {error}") from None


@dataclass(frozen=True)
class EngineConfig(EngineSettings):
    """How engines run: what each is told, and what its worker reserves.

    Attributes:
        cpus: CPUs a worker reserves from Ray. Below 1 several small engines share a core.
        memory_gib: memory a worker reserves from Ray.
        gpu_memory_gib: of one GPU, to compare weights with; None for this machine's GPUs, if any.
        start_timeout_s: how long a worker may take to load its model.
    """

    kind: str = "vllm"
    cpus: float = 1.0
    memory_gib: float = 2.0
    gpu_memory_gib: float | None = None
    start_timeout_s: float = 600.0

    def __post_init__(self) -> None:
        require_engine_name("engine.kind", self.kind)
        for setting in (
            "max_num_seqs",
            "cpus",
            "memory_gib",
            "kv_cache_gib",
            "gpu_memory_gib",
            "start_timeout_s",
        ):
            require_positive(f"engine.{setting}", getattr(self, setting))
        share = self.gpu_memory_utilization
        require(0 < share <= 1, f"engine.gpu_memory_utilization={share} must be in (0, 1]")
        refuse_unknown("engine.fake", self.fake, fake_option_names())
        if self.fake and not self.is_fake:
            raise ConfigError(
                f"engine.fake is for engine.kind=fake and does nothing with {self.kind}; "
                "leave it out, or set the kind"
            )


@dataclass(frozen=True)
class ClusterConfig:
    """Where to run.

    Attributes:
        address: a Ray cluster to join; None starts Ray on this machine (RAY_ADDRESS
            is honoured); `auto` joins the one running here.
        use_gpus: whether engines ask for GPUs; None: if the cluster has any.
        placement_timeout_s: how long workers may wait for resources while nothing runs.
        max_attempts: tries a unit gets before it is recorded as failed.
        silence_s: how long a worker may neither answer nor get on, at least, before it is
            killed and its units are handed out again.
        dashboard: start Ray's dashboard with it.
        grace_s: how long what is in flight may take to finish after SIGTERM or SIGHUP, before it
            is left to the next run; less than what the scheduler waits before it kills.
        new_nodes: how many nodes of one kind the cluster's autoscaler lets it have, those that
            run already included; Ray itself seldom tells.
        new_node_gpus: of each of them.
        new_node_cpus: of each of them.
        new_node_memory_gib: of each of them, as Ray counts it: 70 % of a container's.
        drain: a run that SIGTERM or SIGHUP stopped in good order ends with status 0 instead of
            143 or 129.
    """

    address: str | None = None
    use_gpus: bool | None = None
    placement_timeout_s: float = 300.0
    max_attempts: int = 3
    silence_s: float = 120.0
    dashboard: bool = True
    grace_s: float = 20.0
    new_nodes: int = 0
    new_node_gpus: float = 0.0
    new_node_cpus: float = 1.0
    new_node_memory_gib: float = 4.0
    drain: bool = False

    def __post_init__(self) -> None:
        require(self.new_nodes >= 0, f"cluster.new_nodes={self.new_nodes} must not be below 0")
        require(self.new_node_gpus >= 0, "cluster.new_node_gpus must not be below 0")
        require_positive("cluster.new_node_cpus", self.new_node_cpus)
        require_positive("cluster.new_node_memory_gib", self.new_node_memory_gib)
        require_positive("cluster.grace_s", self.grace_s)
        require_positive("cluster.placement_timeout_s", self.placement_timeout_s)
        require_positive("cluster.max_attempts", self.max_attempts)
        require_positive("cluster.silence_s", self.silence_s)


@dataclass(frozen=True)
class GridConfig:
    """The whole sweep: axes as tuples, expanded by the planner.

    Attributes:
        benchmarks: which problems: `benchmark=NAME` for one, a list of names or definitions
            for several, each with units and cells of its own.
        policies: names, or definitions inline; one that samples in several ways stands here
            once for each.
        prms: names, or definitions inline.
        strategies: names, or definitions inline.
        engine: `cpu` or `gpu`, or settings below `engine.`.
        cluster: `local` or `ray`, or settings below `cluster.`.
        plan_only: show what would run and what it costs, and stop.
        plan: what its costs take for granted, below `plan.`.
        budgets: N of every strategy that has none of its own.
        seed: determines every request's seed; several give each policy as many pools, greedy
            solutions and searches of its own.
        store: folder or URI of the results store.
        plugins: modules that add strategies, votes or bounds of your own to the
            catalogues; workers import them too.
        rules: that the report replays on the pools, as `--rules` names them; None for the
            usual ones, () for none. They are views: no unit depends on them.
        log_to: services that are told of progress and frontier: `wandb`, `mlflow`; each needs
            the extra of its name.
    """

    benchmarks: tuple[BenchmarkConfig, ...]
    policies: tuple[ModelConfig, ...]
    prms: tuple[ModelConfig, ...]
    strategies: tuple[StrategyConfig, ...]
    engine: EngineConfig
    cluster: ClusterConfig
    store: str
    budgets: tuple[int, ...] = (1, 4, 16, 64)
    seed: tuple[int, ...] = (0,)
    plan_only: bool = False
    plan: PlanConfig = field(default_factory=PlanConfig)
    plugins: tuple[str, ...] = ()
    rules: tuple[str, ...] | None = None
    log_to: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.log_to:
            require_choice("log_to", name, TRACKERS)
        require(bool(self.benchmarks), "benchmarks=[] leaves nothing to run; name at least one")
        require(bool(self.policies), "policies=[] leaves nothing to run; name at least one policy")
        require(bool(self.strategies), "strategies=[] leaves nothing to run; name at least one")
        for setting in ("benchmarks", "prms", "strategies"):
            require_named_apart(setting, [item.name for item in getattr(self, setting)])
        require_named_apart("policies", names_of_different(self.policies))
        require_distinct_ways(self.policies)
        require(bool(self.seed), "seed=[] leaves nothing to run; give at least one")
        _require_budgets("budgets", self.budgets)
        require(bool(self.store), "store is empty; name a folder or a URI")
        searches = [strategy.name for strategy in self.strategies if strategy.is_search]
        require_possible(self.policies, self.prms, searches)
        needs_prm = [s.name for s in self.strategies if s.entry.needs_prm]
        if needs_prm and not self.prms:
            raise ConfigError(f"prms=[] but {', '.join(needs_prm)} need a PRM; name one in prms")

    @property
    def parts(self) -> tuple[GridConfig, ...]:
        """The same grid over each benchmark alone."""
        return tuple(replace(self, benchmarks=(one,)) for one in self.benchmarks)

    @property
    def benchmark(self) -> BenchmarkConfig:
        """The benchmark of a part.

        Raises:
            ValueError: the grid has several; ask its `parts`.
        """
        (only,) = self.benchmarks
        return only


def _require_budgets(setting: str, budgets: tuple[int, ...]) -> None:
    require(bool(budgets), f"{setting}=[] leaves nothing to run; give at least one N")
    require(all(n > 0 for n in budgets), f"{setting}={list(budgets)} must be above 0")
    require_distinct(setting, [str(n) for n in budgets])
