"""What the items of a grid's axes are told apart by; raises ConfigError where they aren't."""

from __future__ import annotations

from dataclasses import replace

from ttsgrid.grid.model_config import ModelConfig, SamplingConfig, require


def names_of_different(policies: tuple[ModelConfig, ...]) -> list[str]:
    """Return the name of each policy; once where only its sampling differs."""
    alike = SamplingConfig()
    different: list[ModelConfig] = []
    for policy in policies:
        asked = replace(policy, sampling=alike)
        different += [asked] if asked not in different else []
    return [policy.name for policy in different]


def require_distinct_ways(policies: tuple[ModelConfig, ...]) -> None:
    """Refuse a policy that samples twice in the same way."""
    ways = [(policy.name, policy.sampling) for policy in policies]
    doubled = sorted({name for name, way in ways if ways.count((name, way)) > 1})
    require(not doubled, f"policies names {', '.join(doubled)} twice with the same sampling")


def require_named_apart(setting: str, names: list[str]) -> None:
    """Refuse two items of an axis that have one name."""
    doubled = sorted({name for name in names if names.count(name) > 1})
    first = next(iter(doubled), "")
    require(
        not doubled,
        f"{setting} names {', '.join(doubled)} twice; where they differ, give one a name of its "
        f"own: {{base: {first}, name: ..., ...}}",
    )


def require_distinct(setting: str, names: list[str]) -> None:
    """Refuse a value that is named twice."""
    doubled = sorted({name for name in names if names.count(name) > 1})
    require(not doubled, f"{setting} names {', '.join(doubled)} twice")
