"""What keeps two stores from being one: the same name for different things.

A unit's id says what was asked, not what came out: an engine promises no bit-identical output,
so two stores may have sampled the same block apart. Its scores then belong to the one text
and not to the other. And answers of one benchmark must have been judged by one grader.
What two runs of one PRM say of one text is compared in `ttsgrid.store.rescored`.
"""

from __future__ import annotations

from collections.abc import Set

import polars as pl

from ttsgrid.core.errors import StoreError
from ttsgrid.core.tally import counted
from ttsgrid.store.benchmarks import read_benchmarks, require_same_grading
from ttsgrid.store.committed import committed_units
from ttsgrid.store.files import Files
from ttsgrid.store.read import latest_units, scan

_SAMPLE = ["unit_id", "sample"]


def require_same_graders(files: Files, source: Files) -> None:
    """Refuse a source whose answers were judged otherwise.

    Raises:
        StoreError: they were.
    """
    for record in read_benchmarks(source).values():
        require_same_grading(files, record)


def differing_units(files: Files, source: Files) -> frozenset[str]:
    """Return the ids of units that are done in both stores and have different solutions.

    Raises:
        StoreError: one id stands for two different units.
    """
    both = committed_units(files).done & committed_units(source).done
    if not both:
        return frozenset()
    _require_same_specs(files, source, both)
    first, second = (_texts(store, both) for store in (files, source))
    joined = first.join(second, on=_SAMPLE, how="full", coalesce=True)
    differ = joined.filter(pl.col("text").ne_missing(pl.col("text_right")))
    return frozenset(differ["unit_id"])


def refusal(files: Files, source: Files, differing: Set[str]) -> StoreError:
    """Return the error for units that both stores ran, with different solutions."""
    found = latest_units(source).filter(pl.col("unit_id").is_in(list(differing)))
    row = found.sort("unit_id").head(1).collect().row(0, named=True)
    return StoreError(
        f"{counted(len(differing), 'unit')} ran in {files.uri} and in {source.uri} and gave other "
        f"solutions there, for instance {row['kind']} unit {row['unit_id']} of {row['policy']} on "
        f"problem {row['problem_id']}: add --keep-first to leave out those of the latter, with "
        "what it scored of them, or run one of the two with another seed"
    )


def _texts(store: Files, units: Set[str]) -> pl.DataFrame:
    """Return a number for each solution's text; texts themselves may not fit in memory twice."""
    rows = scan(store, "solutions").filter(pl.col("unit_id").is_in(list(units)))
    return rows.select(*_SAMPLE, pl.col("text").hash()).collect()


def _require_same_specs(files: Files, source: Files, units: Set[str]) -> None:
    first, second = (
        scan(store, "units")
        .filter(pl.col("unit_id").is_in(list(units)), status="done")
        .select("unit_id", "spec")
        for store in (files, source)
    )
    other = first.join(second, on="unit_id").filter(pl.col("spec") != pl.col("spec_right"))
    for (unit_id,) in other.select("unit_id").head(1).collect().iter_rows():
        raise StoreError(
            f"unit {unit_id} is one thing in {files.uri} and another in {source.uri}: one of the "
            "two was changed by hand, and they can't be merged"
        )
