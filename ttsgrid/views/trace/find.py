"""Searches in a store: list them, or get one by the first characters of its id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ttsgrid.core.errors import StoreError
from ttsgrid.core.search_trace import SearchTrace
from ttsgrid.core.strategies import display_name
from ttsgrid.store import StorePath, latest_units, scan
from ttsgrid.views.words.run_outcomes import outcome_in_words

NAMED = 10  # of what there is, in an error
_OUTCOME = ["outcome", "outcome_detail"]


@dataclass(frozen=True)
class FoundSearch:
    """A search with its trace.

    Attributes:
        title: what it searched, for people.
        correct: the grader's verdict on each answer, in the answers' order.
        outcomes: what running each came to, in words; empty texts where nothing was run.
    """

    unit_id: str
    title: str
    trace: SearchTrace
    correct: tuple[bool, ...]
    outcomes: tuple[str, ...] = ()


@dataclass(frozen=True)
class WantedSearches:
    """Which searches to list; what is None is not asked for.

    Attributes:
        problem: its index in the benchmark.
        right: whether one of the search's answers is right.
    """

    benchmark: str | None = None
    policy: str | None = None
    prm: str | None = None
    strategy: str | None = None
    budget: int | None = None
    problem: int | None = None
    right: bool | None = None

    def named(self) -> Iterator[tuple[str, str | int]]:
        """Yield the columns that must hold a value, and which."""
        for name in ("benchmark", "policy", "prm", "strategy", "budget", "problem"):
            value = getattr(self, name)
            if value is not None:
                yield name, value


def list_searches(store: StorePath, wanted: WantedSearches | None = None) -> pl.DataFrame:
    """Return one row per search: what it was and how many of its answers are right.

    Columns: unit_id, benchmark, strategy, budget (the tree's own; null for a DVTS subtree),
    policy, prm, problem (its index), status, answers, correct.

    Raises:
        StoreError: no search is as wanted; the error names what there is.
    """
    units = latest_units(store).filter(kind="search")
    answers = scan(store, "solutions").filter(kind="search").group_by("unit_id")
    counts = answers.agg(pl.len().alias("answers"), pl.col("correct").sum())
    problems = scan(store, "problems").select("problem_id", pl.col("index").alias("problem"))
    joined = units.join(problems, on="problem_id", how="left").join(
        counts, on="unit_id", how="left"
    )
    cells = ("benchmark", "strategy", "budget", "policy", "prm", "problem")
    counted = joined.with_columns(pl.col("answers", "correct").fill_null(0))
    listed = counted.select("unit_id", *cells, "status", "answers", "correct")
    return _only(listed.sort(*cells, "unit_id").collect(), wanted or WantedSearches())


def _only(searches: pl.DataFrame, wanted: WantedSearches) -> pl.DataFrame:
    for name, value in wanted.named():
        found = searches.filter(pl.col(name) == value)
        if found.is_empty() and not searches.is_empty():
            there = [str(one) for one in searches[name].drop_nulls().unique().sort()]
            more = f" and {len(there) - NAMED} more" if len(there) > NAMED else ""
            known = f"{', '.join(there[:NAMED])}{more}" if there else "none"
            option = "n" if name == "budget" else name
            raise StoreError(f"--{option}: no such search has {value!r}; there is: {known}")
        searches = found
    if wanted.right is None or searches.is_empty():
        return searches
    found = searches.filter((pl.col("correct") > 0) == wanted.right, status="done")
    if found.is_empty():
        raise StoreError(f"none of these {len(searches):,} searches is so; ask for less")
    return found


def find_search(store: StorePath, prefix: str) -> FoundSearch:
    """Return the search whose unit id begins with `prefix`.

    Raises:
        StoreError: there is none or more than one, it failed, or it left no trace.
    """
    # By prefix, as git does: the list of searches shows half of an id.
    units = latest_units(store).filter(
        pl.col("kind") == "search", pl.col("unit_id").str.starts_with(prefix)
    )
    wanted = ("unit_id", "status", "error", "policy", "prm", "strategy", "trace")
    rows = units.select(wanted).collect()
    if len(rows) != 1:
        known = ", ".join(rows["unit_id"].head(5)) if len(rows) else "none"
        raise StoreError(f"UNIT={prefix!r} must begin one search's id; it begins: {known}")
    row = rows.row(0, named=True)
    if row["status"] != "done":
        raise StoreError(f"search {row['unit_id']} failed: {row['error']}")
    if row["trace"] is None:
        raise StoreError(f"search {row['unit_id']} was run without keeping its trace")
    name = display_name(row["strategy"])
    title = f"{name} of {row['policy']} with {row['prm']}, unit {row['unit_id'][:12]}"
    trace = SearchTrace.from_json(row["trace"])
    answers = _answers(store, row["unit_id"])
    return FoundSearch(
        row["unit_id"],
        title,
        trace,
        tuple(answers["correct"]),
        tuple(outcome_in_words(*row) for row in answers.select(_OUTCOME).iter_rows()),
    )


def _answers(store: StorePath, unit_id: str) -> pl.DataFrame:
    solutions = scan(store, "solutions").filter(pl.col("unit_id") == unit_id)
    return solutions.sort("sample").select("correct", *_OUTCOME).collect()
