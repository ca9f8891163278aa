"""What a plan costs, as a sweep with `plan_only=true` shows it: per model, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ttsgrid.cli.plan_assumed import assumptions
from ttsgrid.cli.plan_measured import Measured, computed_by, measured_in
from ttsgrid.cli.plan_priced import Priced
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.preflight.cost import Cost, Lengths, costs_of
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.views.words.numbers import quantity

AT_MOST = "≤ "  # before a figure that no length is known for
UNKNOWN = "?"
GIB = 2**30
HEADINGS = (
    "model",
    "units",
    "solutions",
    "tokens",
    "FLOPs",
    "GPUs",
    "GPU-h",
    "hours",
    "GiB",
    "money",
)


def show_costs(
    grid: GridConfig, plan: Plan, models: Sequence[ResolvedModel]
) -> Iterator[Table | str]:
    """Yield a table of what each model is to do, and sentences of what it takes for granted."""
    measured = measured_of(grid)
    costs = expected_costs(grid, plan, models, measured)
    shown = [Priced(cost, grid.plan, measured) for cost in costs if cost.num_units]
    if not shown:
        return
    # Exact sums follow in words; digits in full would leave no room for a column each.
    table = Table(
        title="To run: hours with all replicas, GiB of disk",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for heading in HEADINGS:
        justify: Literal["left", "right"] = "left" if heading == "model" else "right"
        table.add_column(heading, justify=justify, overflow="fold")
    for one in shown:
        table.add_row(*_row(one))
    yield table
    yield from _totals(shown)
    yield from assumptions(grid, shown, measured)


def expected_costs(
    grid: GridConfig, plan: Plan, models: Sequence[ResolvedModel], measured: Measured
) -> list[Cost]:
    """Return what each model is to do, as its units in the store came out.

    Solutions that are equal, or begin alike, are read once. How many are, no mean length tells:
    so the units that the store has of this plan are expected, too, and what they came to
    scales the rest.
    """
    lengths = lengths_of(grid, measured)
    costs = costs_of(plan, models, lengths)
    held = plan.units.minus(plan.missing)
    if not held:
        return costs
    computed = computed_by(grid.store, {unit.id for unit in held})
    done = costs_of(replace(plan, missing=held), models, lengths)
    return [
        cost.scaled(ratio(computed.get(cost.model.identity.id), known.expected_tokens))
        for cost, known in zip(costs, done, strict=True)
    ]


def ratio(found: int | None, expected: int | None) -> float:
    """Return how far off an expectation was; 1 where either is unknown."""
    return found / expected if found and expected else 1.0


def measured_of(grid: GridConfig) -> Measured:
    """Return what a grid's store tells of its models."""
    return measured_in(grid.store, is_fake=grid.engine.is_fake)


def lengths_of(grid: GridConfig, measured: Measured) -> Lengths:
    """Return how long a grid's solutions are, as its store and its settings say."""
    stated = grid.plan
    return Lengths(
        measured.lengths, stated.solution_tokens, stated.step_tokens, measured.block_tokens
    )


def _row(one: Priced) -> list[str]:
    cost, bound = one.cost, AT_MOST if one.cost.expected_tokens is None else ""
    flops = cost.flops(cost.computed_tokens)
    shown = {
        "tokens": quantity(cost.tokens),
        "FLOPs": None if flops is None else f"{flops:.2g}",
        "GPU-hours": None if one.gpu_hours is None else f"{one.gpu_hours:,.1f}",
        "time": None if one.hours is None else f"{one.hours:,.2f}",
        "disk": f"{cost.num_bytes / GIB:,.2f}",
        "money": None if one.money is None else f"{one.money:,.2f}",
    }
    figures = {key: UNKNOWN if text is None else bound + text for key, text in shown.items()}
    counts = [cost.model.config.name, quantity(cost.num_units), quantity(cost.num_solutions)]
    before, after = list(figures.values())[:2], list(figures.values())[2:]
    return [*counts, *before, str(cost.gpus), *after]


def _totals(shown: Sequence[Priced]) -> Iterator[str]:
    costs = [one.cost for one in shown]
    bound = "at most " if any(cost.expected_tokens is None for cost in costs) else "about "
    tokens = {
        role: sum(c.tokens for c in costs if c.model.role == role) for role in ("policy", "prm")
    }
    parts = [f"{tokens['policy']:,} tokens to write and {tokens['prm']:,} for PRMs to read"]
    sums: dict[str, list[float | None]] = {
        "{:.2g} FLOPs": [cost.flops(cost.computed_tokens) for cost in costs],
        "{:,.0f} GPU-hours": [one.gpu_hours for one in shown if one.cost.gpus],
        "{:,.2f} GiB": [cost.num_bytes / GIB for cost in costs],
        "{:,.2f} in money": [one.money for one in shown],
    }
    for text, figures in sums.items():
        known = [figure for figure in figures if figure is not None]
        if known and len(known) == len(figures):
            parts.append(text.format(sum(known)))
    yield f"In all {bound}{', '.join(parts)}."
    yield from _time(shown, bound)


def _time(shown: Sequence[Priced], bound: str) -> Iterator[str]:
    hours = {one.cost.model.config.name: one.hours for one in shown}
    known = {name: taken for name, taken in hours.items() if taken is not None}
    if len(known) < len(hours):
        return
    slowest = max(known, key=lambda name: known[name])
    yield (
        f"Time: {bound}{known[slowest]:,.2f} h with all engines side by side ({slowest} takes "
        f"longest), {sum(known.values()):,.2f} h one after the other."
    )
