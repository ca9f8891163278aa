"""From a composed Hydra config to a `GridConfig`: the one place that knows OmegaConf.

Axes are lists of names; each name is looked up in its group's folder on Hydra's
search path (`conf/policy/zoo-s.yaml` for `policies=[zoo-s]`), so that a person's
own `--config-dir` adds models to the shipped ones. A list may also hold a whole
definition inline: `policies=[{name: mine, model: /path, format: qwen}]`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from omegaconf import DictConfig, OmegaConf

from ttsgrid.config import (
    BenchmarkConfig,
    ClusterConfig,
    EngineConfig,
    GridConfig,
    ModelConfig,
    SamplingConfig,
    StrategyConfig,
)
from ttsgrid.errors import ConfigError

T = TypeVar("T")
Plain = Mapping[str, Any]

AXES = {"policies": "policy", "prms": "prm", "strategies": "strategy"}
TOP_LEVEL = {
    "benchmark", "policies", "prms", "strategies", "budgets", "sampling",
    "engine", "cluster", "store", "seed", "plan_only",
}  # fmt: skip


def to_grid(config: DictConfig, search_path: Sequence[Path]) -> GridConfig:
    """Validate a composed config and freeze it.

    Args:
        config: what Hydra composed.
        search_path: folders that hold the config groups, first match wins.

    Raises:
        ConfigError: naming the setting that is wrong, and the choices.
    """
    plain = OmegaConf.to_container(config, resolve=True)
    if not isinstance(plain, dict):
        raise ConfigError("the config must be a mapping")
    plain = {str(key): value for key, value in plain.items()}
    _refuse_unknown("", plain, TOP_LEVEL)
    axes = {
        axis: [_definition(axis, item, search_path) for item in _as_list(axis, plain.get(axis, []))]
        for axis in AXES
    }
    override = {k: v for k, v in (plain.get("sampling") or {}).items() if v is not None}
    _refuse_unknown("sampling", override, {field.name for field in fields(SamplingConfig)})
    policies = [
        {**item, "sampling": {**item.get("sampling", {}), **override}} for item in axes["policies"]
    ]
    return GridConfig(
        benchmark=build(BenchmarkConfig, "benchmark", plain.get("benchmark") or {}),
        policies=tuple(build(ModelConfig, f"policies.{p.get('name')}", p) for p in policies),
        prms=tuple(build(ModelConfig, f"prms.{p.get('name')}", p) for p in axes["prms"]),
        strategies=tuple(
            build(StrategyConfig, f"strategies.{s.get('name')}", s) for s in axes["strategies"]
        ),
        budgets=tuple(
            sorted({_typed("budgets", int, n) for n in _as_list("budgets", plain["budgets"])})
        ),
        engine=build(EngineConfig, "engine", plain.get("engine") or {}),
        cluster=build(ClusterConfig, "cluster", plain.get("cluster") or {}),
        store=str(plain["store"]),
        seed=_typed("seed", int, plain.get("seed", 0)),
        plan_only=_typed("plan_only", bool, plain.get("plan_only", False)),
    )


def build(cls: Callable[..., T], setting: str, values: Plain) -> T:
    """Build a config dataclass from plain data, refusing unknown keys and wrong types.

    Raises:
        ConfigError: naming `setting.key`.
    """
    hints = get_type_hints(cls)
    known = fields(cls)  # type: ignore[arg-type]
    _refuse_unknown(setting, values, set(hints))
    required = [f.name for f in known if f.default is MISSING and f.default_factory is MISSING]
    for name in required:
        if name not in values:
            raise ConfigError(f"{setting}.{name} is missing; give it a value")
    typed = {key: _typed(f"{setting}.{key}", hints[key], value) for key, value in values.items()}
    return cls(**typed)


def _typed(setting: str, kind: Any, value: Any) -> Any:
    """Return `value` as `kind`, or raise a `ConfigError` that names the setting."""
    if isinstance(kind, UnionType):
        if value is None:
            return None
        return _typed(setting, next(k for k in get_args(kind) if k is not NoneType), value)
    if is_dataclass(kind):
        return build(kind, setting, value)
    if get_origin(kind) is tuple:
        return tuple(_typed(setting, get_args(kind)[0], item) for item in _as_list(setting, value))
    if get_origin(kind) is dict:
        return dict(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError(f"{setting}={value!r} must be of type {kind.__name__}")
    return value


def _definition(axis: str, item: Any, search_path: Sequence[Path]) -> dict[str, Any]:
    """Resolve one item of an axis: a name looked up in its group, or a definition inline."""
    if isinstance(item, Mapping):
        return dict(item)
    group, name = AXES[axis], str(item)
    for folder in search_path:
        file = folder / group / f"{name}.yaml"
        if file.is_file():
            loaded = OmegaConf.to_container(OmegaConf.load(file), resolve=True)
            return {"name": name, **(loaded if isinstance(loaded, dict) else {})}  # type: ignore[dict-item]
    choices = sorted({f.stem for folder in search_path for f in (folder / group).glob("*.yaml")})
    near = difflib.get_close_matches(name, choices, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ConfigError(f"{axis}: {name!r} is not one of: {', '.join(choices)}.{hint}")


def _refuse_unknown(setting: str, values: Plain, known: set[str]) -> None:
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            where = f"{setting}.{key}" if setting else str(key)
            raise ConfigError(f"unknown setting {where}; known: {', '.join(sorted(known))}.{hint}")


def _as_list(setting: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{setting}={value!r} must be a list, e.g. {setting}=[{value}]")
    return list(value)
