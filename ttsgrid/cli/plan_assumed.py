"""What the figures of a plan's costs take for granted, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from ttsgrid.cli.plan_measured import Measured
from ttsgrid.cli.plan_priced import Priced
from ttsgrid.grid.config import GridConfig
from ttsgrid.views.words.numbers import all_or_some, power_of_ten


def assumptions(grid: GridConfig, shown: Sequence[Priced], measured: Measured) -> Iterator[str]:
    """Yield where lengths and speeds come from, and what is not counted."""
    yield from _about_lengths(grid, shown, measured)
    yield from _about_speeds(grid, shown)
    yield (
        "Hours are those with all replicas. Assumed: PRMs need as many tokens for a text as "
        "policies; 3 bytes of disk per token written, 1 per token read. Each unit is counted as if "
        "it ran alone, prompts included; starting engines, grading and failures aren't."
    )


def _about_lengths(grid: GridConfig, shown: Sequence[Priced], measured: Measured) -> Iterator[str]:
    policies = _names([one for one in shown if one.cost.model.role == "policy"])
    said = partial(all_or_some, every=policies, noun="policy")
    here = {benchmark.name for benchmark in grid.benchmarks}
    asked = {name: {on for policy, on in measured.lengths if policy == name} for name in policies}
    stored = [name for name, on in asked.items() if on & here]
    lacking = [name for name, on in asked.items() if here - on]
    stated = grid.plan.solution_tokens
    elsewhere = [name for name in lacking if asked[name] and stated is None]
    unknown = [name for name in lacking if name not in elsewhere]
    if stored:
        yield (
            f"Lengths of {said(stored)}: the mean of the store's solutions; tokens as those of "
            "this grid's units there came out."
        )
    if elsewhere:
        yield (
            f"Assumed: solutions of {said(elsewhere)} to what the store lacks are as long as "
            "those that it holds."
        )
    if unknown and stated is not None:
        yield (
            f"Assumed: {stated:,.0f} tokens per solution of {said(unknown)} "
            "(plan.solution_tokens), max_tokens where that is less, and "
            f"{grid.plan.step_tokens:,.0f} per step (plan.step_tokens)."
        )
    elif unknown:
        yield (
            f"Assumed: solutions of {said(unknown)} are as long as they may get; state a mean "
            "in plan.solution_tokens, or sample a few problems into this store with plan.probe=8."
        )


def _about_speeds(grid: GridConfig, shown: Sequence[Priced]) -> Iterator[str]:
    settings = grid.plan
    said = partial(all_or_some, every=_names(shown), noun="model")
    stored = [one for one in shown if one.seconds_per_token is not None and not one.is_on_cores]
    on_cores = [one for one in shown if one.is_on_cores]
    others = [one for one in shown if one.seconds_per_token is None and one.cost.gpus]
    if stored:
        yield f"Speeds of {said(_names(stored))}: as their units ran in the store."
    if on_cores:
        yield f"Speeds of {said(_names(on_cores))}: as their units ran in the store, without GPUs."
    if others and settings.flops_per_s is not None:
        yield (
            f"Assumed: {power_of_ten(settings.flops_per_s)} FLOP/s per GPU for "
            f"{said(_names(others))} (plan.flops_per_s)."
        )
    elif others:
        yield "GPU-hours need plan.flops_per_s, what one GPU gets done, e.g. 1e14; money a price."


def _names(shown: Sequence[Priced]) -> list[str]:
    return [one.cost.model.config.name for one in shown]
