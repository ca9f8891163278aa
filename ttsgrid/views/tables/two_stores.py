"""Two stores side by side: sentences with the answer, and a table of cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from ttsgrid.analysis.findings.two_stores import BestOfEach
from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.words.cells import describe
from ttsgrid.views.words.numbers import Row, percent, points, points_span

HEADINGS = ("policy", "cell", "difference", "adjusted", "first", "second", "problems")


def answer(found: pl.DataFrame, best: Sequence[BestOfEach]) -> Iterator[str]:
    """Yield what a reader wants to know, a sentence or two for each benchmark."""
    for benchmark in sorted({*found["benchmark"], *(one.benchmark for one in best)}):
        cells = found.filter(benchmark=benchmark)
        if not cells.is_empty():
            yield from (f"{benchmark}: {said}" for said in _of_cells(cells))
        yield from (f"{benchmark}: {_of_best(one)}" for one in best if one.benchmark == benchmark)


def surest_first(cells: pl.DataFrame) -> pl.DataFrame:
    """Return cells in the order of how surely the stores differ."""
    least = pl.max_horizontal("low_adjusted", -pl.col("high_adjusted")).round(9)
    return cells.sort(least, pl.col("difference").abs(), descending=True, maintain_order=True)


def differences_table(cells: pl.DataFrame, num_rows: int | None = None) -> Table:
    """Return the cells in which two stores differ most surely; all for None."""
    shown = surest_first(cells).head(num_rows if num_rows is not None else cells.height)
    return Table(
        "The second store less the first",
        "In points, paired by problem, with 95 % intervals. Adjusted: intervals that hold for all "
        f"{cells.height} cells together. First and second: the accuracies, in %.",
        HEADINGS,
        2,
        tuple(_row(row) for row in shown.iter_rows(named=True)),
    )


def _of_cells(cells: pl.DataFrame) -> Iterator[str]:
    better = cells.filter(pl.col("low_adjusted") > 0).height
    worse = cells.filter(pl.col("high_adjusted") < 0).height
    open_ = cells.height - better - worse
    fewest, most = cells["num_problems"].to_numpy().min(), cells["num_problems"].to_numpy().max()
    on = f"{most}" if fewest == most else f"{fewest} to {most}"
    yield (
        f"of {cells.height} cells that both stores have, on {on} problems of both, the second is "
        f"clearly better in {better}, clearly worse in {worse}, and {open_} can't be "
        "told apart (95 % intervals that hold for all of them together)."
    )
    row = surest_first(cells).row(0, named=True)
    which = "Surest" if better + worse else "The largest difference"
    yield (
        f"{which}: {row['policy']} with {describe(row)}, {percent(row['second'])} % in the second "
        f"and {percent(row['first'])} % in the first, {points(row['difference'])} points "
        f"({points_span(row['low_adjusted'], row['high_adjusted'])})."
    )


def _of_best(one: BestOfEach) -> str:
    first, second = one.first._asdict(), one.second._asdict()
    row = one.numbers
    return (
        f"the most accurate of each, chosen on these very problems: {first['policy']} with "
        f"{describe(first)}, {percent(row['first'])} %, in the first; {second['policy']} with "
        f"{describe(second)}, {percent(row['second'])} %, in the second: "
        f"{points(row['difference'])} points ({points_span(row['low'], row['high'])}) on "
        f"{row['num_problems']} problems."
    )


def _row(row: Row) -> tuple[Entry, ...]:
    tone = "good" if row["low_adjusted"] > 0 else "bad" if row["high_adjusted"] < 0 else ""
    return (
        Entry(row["policy"]),
        Entry(describe(row)),
        Entry(points(row["difference"]), note=points_span(row["low"], row["high"]), tone=tone),
        Entry(points_span(row["low_adjusted"], row["high_adjusted"])),
        Entry(percent(row["first"])),
        Entry(percent(row["second"])),
        Entry(f"{row['num_problems']}"),
    )
