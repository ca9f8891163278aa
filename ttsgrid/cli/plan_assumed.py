"""What the figures of a plan's costs take for granted, a sentence each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ttsgrid.cli.plan_measured import Measured
from ttsgrid.cli.plan_priced import Priced
from ttsgrid.grid.config import GridConfig


def assumptions(grid: GridConfig, shown: Sequence[Priced], measured: Measured) -> Iterator[str]:
    """Yield where lengths and speeds come from, and what is not counted."""
    yield from _about_lengths(grid, shown, measured)
    yield from _about_speeds(grid, shown)
    yield (
        "Assumed: a PRM needs as many tokens for a text as its policy. Disk: 3 bytes per token "
        "that is written and 1 per token that is read, once small files are merged."
    )
    yield (
        "Each unit is counted as if it ran alone; FLOPs, hours and money count prompts, too. Not "
        "counted: starting engines, grading, and failures."
    )


def _about_lengths(grid: GridConfig, shown: Sequence[Priced], measured: Measured) -> Iterator[str]:
    policies = [one.cost.model.config.name for one in shown if one.cost.model.role == "policy"]
    here = {benchmark.name for benchmark in grid.benchmarks}
    asked = {name: {on for policy, on in measured.lengths if policy == name} for name in policies}
    stored = [name for name, on in asked.items() if on & here]
    lacking = [name for name, on in asked.items() if here - on]
    stated = grid.plan.solution_tokens
    elsewhere = [name for name in lacking if asked[name] and stated is None]
    unknown = [name for name in lacking if name not in elsewhere]
    if stored:
        yield (
            f"Lengths of {_list(stored)}: the mean of the store's solutions; tokens as those of "
            "this grid's units there came out."
        )
    if elsewhere:
        yield (
            f"Assumed: solutions of {_list(elsewhere)} to what the store lacks are as long as "
            "those that it holds."
        )
    if unknown and stated is not None:
        yield (
            f"Assumed: {stated:,.0f} tokens per solution of {_list(unknown)} "
            "(plan.solution_tokens), max_tokens where that is less, and "
            f"{grid.plan.step_tokens:,.0f} per step (plan.step_tokens)."
        )
    elif unknown:
        yield (
            f"Assumed: solutions of {_list(unknown)} are as long as they may get; state a mean "
            "in plan.solution_tokens, or sample a few problems into this store with plan.probe=8."
        )


def _about_speeds(grid: GridConfig, shown: Sequence[Priced]) -> Iterator[str]:
    settings = grid.plan
    stored = [one for one in shown if one.seconds_per_token is not None and not one.is_on_cores]
    on_cores = [one for one in shown if one.is_on_cores]
    others = [one for one in shown if one.seconds_per_token is None and one.cost.gpus]
    if stored:
        yield f"Speeds of {_list(_names(stored))}: as their units ran in the store."
    if on_cores:
        yield f"Speeds of {_list(_names(on_cores))}: as their units ran in the store, without GPUs."
    if others and settings.flops_per_s is not None:
        yield (
            f"Assumed: {settings.flops_per_s:.2g} FLOP/s per GPU for {_list(_names(others))} "
            "(plan.flops_per_s)."
        )
    elif others:
        yield "GPU-hours need plan.flops_per_s, what one GPU gets done, e.g. 1e14; money a price."


def _names(shown: Sequence[Priced]) -> list[str]:
    return [one.cost.model.config.name for one in shown]


def _list(names: Collection[str]) -> str:
    return ", ".join(names)
