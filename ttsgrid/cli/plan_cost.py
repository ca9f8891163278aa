"""What a plan costs, as a sweep with `plan_only=true` shows it: per model, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ttsgrid.cli.plan_assumed import assumptions
from ttsgrid.cli.plan_measured import Measured, computed_by, measured_in
from ttsgrid.cli.plan_priced import Priced
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.preflight.cost import SECONDS_PER_HOUR, Cost, Lengths, costs_of
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.words.numbers import duration, power_of_ten, quantity

AT_MOST = "≤"  # before tokens that no length is known for
UNKNOWN = "?"
GIB = 2**30
LEAST_SHOWN = 0.01
EXACT_BELOW = 10**8  # tokens; of more nobody reads all digits
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


@dataclass(frozen=True)
class Costs:
    """What a plan costs.

    Attributes:
        totals: of all models, in sentences.
        table: a row for each model; None where none has anything to do.
        assumed: what the figures take for granted, in sentences.
    """

    totals: tuple[str, ...]
    table: Table | None
    assumed: tuple[str, ...]


def without_column(table: Table, heading: str) -> Table:
    """Return a table without one of its columns."""
    place = table.headings.index(heading)
    rows = tuple((*row[:place], *row[place + 1 :]) for row in table.rows)
    headings = tuple(other for other in table.headings if other != heading)
    return replace(table, headings=headings, rows=rows)


def costs_shown(grid: GridConfig, plan: Plan, models: Sequence[ResolvedModel]) -> Costs:
    """Return what each model is to do and what all of them come to."""
    measured = measured_of(grid)
    costs = expected_costs(grid, plan, models, measured)
    shown = [Priced(cost, grid.plan, measured) for cost in costs if cost.num_units]
    if not shown:
        return Costs((), None, ())
    is_bound = any(one.cost.expected_tokens is None for one in shown)
    # Sums stand in words; digits in full would leave no room for a column each.
    table = Table(
        "",
        f"{AT_MOST}: at most, and so is all that follows from it." if is_bound else "",
        HEADINGS,
        1,
        tuple(tuple(Entry(text) for text in _row(one)) for one in shown),
    )
    return Costs(tuple(_totals(shown)), table, tuple(assumptions(grid, shown, measured)))


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


def _row(one: Priced) -> tuple[str, ...]:
    cost, bound = one.cost, AT_MOST if one.cost.expected_tokens is None else ""
    flops = cost.flops(cost.computed_tokens)
    return (
        cost.model.config.name,
        _brief(cost.num_units),
        _brief(cost.num_solutions),
        bound + _brief(cost.tokens),
        UNKNOWN if flops is None else power_of_ten(flops),
        str(cost.gpus),
        _three_digits(one.gpu_hours),
        _three_digits(one.hours),
        _three_digits(cost.num_bytes / GIB),
        _three_digits(one.money),
    )


def _brief(number: float) -> str:
    """A quantity without a space, since columns stand one space apart."""
    return quantity(number).replace(" ", "")


def _three_digits(value: float | None) -> str:
    """Return e.g. `3.94`, `11.7` or `1,349`; no zero for what is only small."""
    if value is None:
        return UNKNOWN
    if value < LEAST_SHOWN:
        return f"<{LEAST_SHOWN}" if value else "0"
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def _totals(shown: Sequence[Priced]) -> Iterator[str]:
    costs = [one.cost for one in shown]
    bound = "at most " if any(cost.expected_tokens is None for cost in costs) else "about "
    tokens = {
        role: sum(c.tokens for c in costs if c.model.role == role) for role in ("policy", "prm")
    }
    to_write, to_read = (_few_digits(number) for number in tokens.values())
    parts = [f"{to_write} tokens to write and {to_read} for PRMs to read"]
    sums: dict[str, list[float | None]] = {
        "FLOPs": [cost.flops(cost.computed_tokens) for cost in costs],
        "GPU-hours": [one.gpu_hours for one in shown if one.cost.gpus],
        "GiB of disk": [cost.num_bytes / GIB for cost in costs],
        "in money": [one.money for one in shown],
    }
    for what, figures in sums.items():
        known = [figure for figure in figures if figure is not None]
        if known and len(known) == len(figures):
            say = power_of_ten if what == "FLOPs" else _three_digits
            parts.append(f"{say(sum(known))} {what}")
    yield f"In all {bound}{', '.join(parts)}."
    yield from _time(shown, bound)


def _few_digits(number: int) -> str:
    return f"{number:,}" if number < EXACT_BELOW else quantity(number)


def _time(shown: Sequence[Priced], bound: str) -> Iterator[str]:
    hours = {one.cost.model.config.name: one.hours for one in shown}
    known = {name: taken for name, taken in hours.items() if taken is not None}
    if len(known) < len(hours):
        return
    slowest = max(known, key=lambda name: known[name])
    yield (
        f"Time: {bound}{_long(known[slowest])} with all engines side by side (longest: {slowest}), "
        f"{_long(sum(known.values()))} in turn."
    )


def _long(hours: float) -> str:
    seconds = SECONDS_PER_HOUR * hours
    return f"{_three_digits(hours)} h" if hours >= 1 else duration(round(seconds))
