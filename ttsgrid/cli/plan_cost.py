"""What a plan costs, as a sweep with `plan_only=true` shows it: per model, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.table import Table

from ttsgrid.grid.config import GridConfig, PlanConfig
from ttsgrid.grid.model_config import PER_PRICE_TOKENS
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.preflight.cost import Cost, costs_of
from ttsgrid.grid.resolve import ResolvedModel

AT_MOST = "≤ "  # before a figure that no length is known for
HEADINGS = ("model", "units", "solutions", "tokens", "FLOPs", "GPUs", "GPU-hours", "money")


def show_costs(
    grid: GridConfig, plan: Plan, models: Sequence[ResolvedModel]
) -> Iterator[Table | str]:
    """Yield a table of what each model is to do, and sentences of what it takes for granted."""
    means = mean_lengths(grid) if len(plan.missing) < len(plan.units) else {}
    costs = costs_of(plan, models, means, grid.plan.solution_tokens)
    costs = [cost for cost in costs if cost.num_units]
    if not costs:
        return
    table = Table(title="To run", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for cost in costs:
        table.add_row(*_row(cost, grid.plan))
    yield table
    yield from _totals(costs, grid.plan)
    yield from _assumptions(costs, grid.plan, means)


def mean_lengths(grid: GridConfig) -> dict[str, float]:
    """Return the mean number of tokens of a solution in the grid's store, by policy."""
    import polars as pl  # noqa: PLC0415 (data frames are not needed to compose a grid)

    from ttsgrid.store import scan  # noqa: PLC0415

    rows = (
        scan(grid.store, "solutions")
        .group_by("policy")
        .agg(pl.col("generated_tokens").mean())
        .collect()
    )
    return {policy: mean for policy, mean in rows.iter_rows() if mean is not None}


def money(cost: Cost, settings: PlanConfig) -> float | None:
    """Return what a model's work costs: an endpoint's output price, or GPU-hours at a price."""
    asked = cost.model.config.endpoint
    if asked is not None:
        price = asked.output_price
        return None if price is None else price * cost.tokens / PER_PRICE_TOKENS
    hours, price = cost.gpu_hours(settings.flops_per_s), settings.price_per_gpu_hour
    return None if hours is None or price is None else hours * price


def _row(cost: Cost, settings: PlanConfig) -> list[str]:
    bound = AT_MOST if cost.expected_tokens is None else ""
    flops, hours = cost.flops(cost.tokens), cost.gpu_hours(settings.flops_per_s)
    paid = money(cost, settings)
    return [
        cost.model.config.name,
        f"{cost.num_units:,}",
        f"{cost.num_solutions:,}",
        f"{bound}{cost.tokens:,}",
        "?" if flops is None else f"{bound}{flops:.2g}",
        str(cost.gpus),
        "?" if hours is None else f"{bound}{hours:,.1f}",
        "?" if paid is None else f"{bound}{paid:,.2f}",
    ]


def _totals(costs: Sequence[Cost], settings: PlanConfig) -> Iterator[str]:
    bound = "at most " if any(cost.expected_tokens is None for cost in costs) else "about "
    written = sum(cost.tokens for cost in costs if cost.model.role == "policy")
    read = sum(cost.tokens for cost in costs if cost.model.role == "prm")
    parts = [f"{written:,} tokens to write and {read:,} for PRMs to read"]
    flops = [cost.flops(cost.tokens) for cost in costs]
    if None not in flops:
        parts.append(f"{sum(f or 0.0 for f in flops):.2g} FLOPs")
    hours = [cost.gpu_hours(settings.flops_per_s) for cost in costs if cost.gpus]
    if hours and None not in hours:
        parts.append(f"{sum(h or 0.0 for h in hours):,.0f} GPU-hours")
    paid = [money(cost, settings) for cost in costs]
    if None not in paid:
        parts.append(f"{sum(p or 0.0 for p in paid):,.2f} in money")
    yield f"In all {bound}{', '.join(parts)}."


def _assumptions(
    costs: Sequence[Cost], settings: PlanConfig, means: Mapping[str, float]
) -> Iterator[str]:
    policies = [cost for cost in costs if cost.model.role == "policy"]
    stored = [cost.model.config.name for cost in policies if cost.model.config.name in means]
    others = [c.model.config.name for c in policies if c.model.config.name not in means]
    if stored:
        yield f"Lengths of {', '.join(stored)}: the mean of the store's solutions."
    if others and settings.solution_tokens is not None:
        yield (
            f"Assumed: {settings.solution_tokens:,.0f} tokens per solution of {', '.join(others)} "
            "(plan.solution_tokens), max_tokens where that is less."
        )
    elif others:
        yield (
            f"Assumed: solutions of {', '.join(others)} are as long as they may get; state a mean "
            "in plan.solution_tokens, or run a few problems into this store first."
        )
    if settings.flops_per_s is None:
        yield "GPU-hours need plan.flops_per_s, what one GPU gets done, e.g. 1e14; money a price."
    yield (
        "Not counted: prompts, tokens that searches write past a solution's end, and failures. "
        "Without GPUs engines run on this machine's cores."
    )
