"""From a composed Hydra config to a `GridConfig`: the one place that knows OmegaConf.

Axes are lists of names; each name is looked up in its group's folder on Hydra's
search path (`conf/policy/zoo-s.yaml` for `policies=[zoo-s]`), so that a person's
own `--config-dir` adds models to the shipped ones. A list may also hold a whole
definition inline: `policies=[{name: mine, model: /path, format: qwen}]`, or what differs
from a named one: `policies=[{base: zoo-s, replicas: 2}]`.

A setting of `sampling` and `seed` may be lists: then each policy samples in each of these ways.

One benchmark is composed by Hydra below `benchmark`. Where `benchmarks` lists several, they
are looked up like models, and what stands below `benchmark` holds for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ttsgrid.core.checks import (
    Plain,
    as_list,
    build,
    mapping,
    refuse_unknown,
    typed,
)
from ttsgrid.core.dotted import load_plugins
from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.config import (
    BenchmarkConfig,
    ClusterConfig,
    EngineConfig,
    GridConfig,
    ModelConfig,
    PlanConfig,
    SamplingConfig,
)
from ttsgrid.grid.definitions import AXES, definition, laid_over
from ttsgrid.grid.strategy_settings import to_strategy
from ttsgrid.models import SAMPLING_OF_FORMAT, base_format, inline_format
from ttsgrid.models.prms import inline_prm_format

SECTIONS: dict[str, type] = {
    "benchmark": BenchmarkConfig,
    "sampling": SamplingConfig,
    "engine": EngineConfig,
    "cluster": ClusterConfig,
    "plan": PlanConfig,
}
TOP_LEVEL = {field.name for field in fields(GridConfig)} | {"sampling", "benchmark"}
# With several benchmarks these would give each the same problems, or the same name.
OF_ONE_BENCHMARK = ("name", "path", "dataset", "generator")


def to_grid(config: DictConfig, search_path: Sequence[Path]) -> GridConfig:
    """Validate a composed config and freeze it.

    Args:
        config: what Hydra composed.
        search_path: folders that hold the config groups, first match wins.

    Raises:
        ConfigError: naming the setting that is wrong, and the choices.
    """
    plain = _resolved(_with_joined_name(config))
    refuse_unknown("", plain, TOP_LEVEL)
    plugins = typed("plugins", tuple[str, ...], plain.get("plugins") or [])
    load_plugins(plugins)  # first: what they add may be named below
    budgets = _budgets(plain.get("budgets"))
    axes = {
        axis: [definition(axis, item, search_path) for item in as_list(axis, plain.get(axis, []))]
        for axis in AXES
    }
    override = {
        k: v for k, v in mapping("sampling", plain.get("sampling")).items() if v is not None
    }
    refuse_unknown("sampling", override, {field.name for field in fields(SamplingConfig)})
    policies = [
        _spelled_out("policies", sampled, inline_format)
        for item in axes["policies"]
        for sampled in _sampled(item, override)
    ]
    prms = [_spelled_out("prms", _unsampled(item), inline_prm_format) for item in axes["prms"]]
    strategies = axes["strategies"]
    if budgets:
        strategies = _for_budgets(plain.get("strategies", []), strategies)
    return GridConfig(
        benchmarks=tuple(_located(one, search_path) for one in _benchmarks(plain, search_path)),
        policies=tuple(build(ModelConfig, _where("policies", p), p) for p in policies),
        prms=tuple(build(ModelConfig, _where("prms", p), p) for p in prms),
        strategies=tuple(to_strategy(_where("strategies", s), s) for s in strategies),
        engine=build(EngineConfig, "engine", plain.get("engine")),
        cluster=build(ClusterConfig, "cluster", plain.get("cluster")),
        store=typed("store", str, plain.get("store")),
        seed=_seeds(plain.get("seed", 0)),
        plan=build(PlanConfig, "plan", plain.get("plan")),
        plan_only=typed("plan_only", bool, plain.get("plan_only", False)),
        plugins=plugins,
        rules=typed("rules", tuple[str, ...] | None, plain.get("rules")),
        log_to=typed("log_to", tuple[str, ...], plain.get("log_to") or []),
        **budgets,
    )


def _with_joined_name(config: DictConfig) -> DictConfig:
    """Return a config in which `${benchmark.name}` names all benchmarks that are listed.

    Raises:
        ConfigError: the settings of one benchmark stand beside the list; they would be
            taken for settings of all.
    """
    plain = OmegaConf.to_container(config, resolve=False)
    if not isinstance(plain, dict) or plain.get("benchmarks") is None:
        return config
    shared = mapping("benchmark", plain.get("benchmark"))
    if "name" in shared:
        raise ConfigError(
            f"benchmark={shared['name']} stands beside benchmarks=[...]; give one of the two "
            f"(`~benchmark` takes the default away)"
        )
    listed = as_list("benchmarks", plain["benchmarks"])
    names = (item.get("name") if isinstance(item, Mapping) else item for item in listed)
    joined = {"benchmark": {**shared, "name": "+".join(str(name) for name in names)}}
    return OmegaConf.create({**plain, **joined})


def _benchmarks(plain: Plain, search_path: Sequence[Path]) -> list[BenchmarkConfig]:
    """Return the benchmark, or those of the list with the shared settings over their own."""
    shared = mapping("benchmark", plain.get("benchmark"))
    if plain.get("benchmarks") is None:
        return [build(BenchmarkConfig, "benchmark", shared)]
    del shared["name"]  # of all together, for the store's path
    listed = as_list("benchmarks", plain["benchmarks"])
    if len(listed) > 1 and (own := [name for name in OF_ONE_BENCHMARK if name in shared]):
        raise ConfigError(
            f"benchmark.{own[0]} is of one benchmark; with several, spell it out in the list: "
            f"benchmarks=[{{name: ..., {own[0]}: ...}}, ...]"
        )
    definitions = [definition("benchmarks", item, search_path) for item in listed]
    return [
        build(BenchmarkConfig, _where("benchmarks", one), laid_over(one, shared))
        for one in definitions
    ]


def _located(benchmark: BenchmarkConfig, search_path: Sequence[Path]) -> BenchmarkConfig:
    """Return a benchmark with its file found: in the working directory, else beside its YAML."""
    if benchmark.path is None or Path(benchmark.path).expanduser().exists():
        return benchmark
    beside = [folder / "benchmark" / benchmark.path for folder in search_path]
    found = next((file for file in beside if file.is_file()), None)
    return replace(benchmark, path=str(found)) if found else benchmark


def _for_budgets(items: Sequence[Any], strategies: Sequence[Plain]) -> list[dict[str, Any]]:
    """Return strategies for budgets of the grid: those of their files are only defaults.

    Else budgets=[8] would plan beams at 4 and 16, those of their file, without a word.
    """
    return [
        {
            key: value
            for key, value in strategy.items()
            if key != "budgets" or (isinstance(item, Mapping) and "budgets" in item)
        }
        for item, strategy in zip(items, strategies, strict=True)
    ]


def _budgets(given: Any) -> dict[str, tuple[int, ...]]:
    """Return the field of `GridConfig`; none where the defaults are wanted."""
    if given is None:
        return {}
    # Sorted and without repetition: the largest is the pool's size, and the report's rows ascend.
    return {"budgets": tuple(sorted({typed("budgets", int, n) for n in as_list("budgets", given)}))}


def _seeds(given: Any) -> tuple[int, ...]:
    several = given if isinstance(given, list) else [given]
    return tuple(sorted({typed("seed", int, seed) for seed in several}))


def _resolved(config: DictConfig) -> dict[str, Any]:
    try:
        plain = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        setting = error.full_key or "the config"
        if "'benchmark.name'" in str(error):  # from which the default store has its name
            raise ConfigError(
                "benchmark has no name: write one into its file, or set benchmark.name=NAME"
            ) from error
        raise ConfigError(f"{setting}: {str(error).splitlines()[0]}") from error
    if not isinstance(plain, dict):
        raise ConfigError("the config must be a mapping")
    return {str(key): value for key, value in plain.items()}


def _sampled(policy: dict[str, Any], override: Plain) -> list[dict[str, Any]]:
    """Return a policy's definition, once for each way in which it samples.

    The grid's sampling goes over the policy's own, and that over its format's.
    """
    where = f"{_where('policies', policy)}.sampling"
    usual = SAMPLING_OF_FORMAT.get(str(base_format(policy.get("format"))), {})
    merged = {**usual, **mapping(where, policy.get("sampling")), **override}
    choices = {key: value if isinstance(value, list) else [value] for key, value in merged.items()}
    for key, several in choices.items():
        if not several:
            raise ConfigError(f"sampling.{key}=[] leaves nothing to run; give at least one value")
    ways = (dict(zip(choices, way, strict=True)) for way in product(*choices.values()))
    return [{**policy, "sampling": way} for way in ways]


def _unsampled(prm: dict[str, Any]) -> dict[str, Any]:
    """Return a PRM's definition if it has no sampling."""
    if prm.get("sampling") is not None:
        raise ConfigError(f"{_where('prms', prm)}.sampling does nothing: a PRM samples nothing")
    return prm


def _spelled_out(
    axis: str, model: dict[str, Any], inline: Callable[[Plain, str], str]
) -> dict[str, Any]:
    """Return a model's definition with a format that is spelled out as one text."""
    spelled_out = model.get("format")
    if not isinstance(spelled_out, Mapping):
        return model
    setting = f"{_where(axis, model)}.format"
    return {**model, "format": inline(mapping(setting, spelled_out), setting)}


def _where(axis: str, item: Plain) -> str:
    """Name an item of an axis in messages: `policies.zoo-s`."""
    return f"{axis}.{item['name']}" if item.get("name") is not None else f"{axis}[...]"
