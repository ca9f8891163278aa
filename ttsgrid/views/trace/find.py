"""Searches in a store: list them, or get one by the first characters of its id."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ttsgrid.core.errors import StoreError
from ttsgrid.core.search_trace import SearchTrace
from ttsgrid.store import StorePath, latest_units, scan
from ttsgrid.views.words.run_outcomes import outcome_in_words

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


def list_searches(store: StorePath) -> pl.DataFrame:
    """Return one row per search: what it was and how many of its answers are right.

    Columns: unit_id, strategy, budget (the tree's own; null for a DVTS subtree), policy,
    prm, problem (its index), status, answers, correct.
    """
    units = latest_units(store).filter(kind="search")
    answers = scan(store, "solutions").filter(kind="search").group_by("unit_id")
    counts = answers.agg(pl.len().alias("answers"), pl.col("correct").sum())
    problems = scan(store, "problems").select("problem_id", pl.col("index").alias("problem"))
    joined = units.join(problems, on="problem_id", how="left").join(
        counts, on="unit_id", how="left"
    )
    columns = ("unit_id", "strategy", "budget", "policy", "prm", "problem", "status")
    counted = joined.with_columns(pl.col("answers", "correct").fill_null(0))
    order = ("strategy", "budget", "policy", "prm", "problem", "unit_id")
    return counted.select(*columns, "answers", "correct").sort(*order).collect()


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
    title = f"{row['strategy']} of {row['policy']} with {row['prm']}, unit {row['unit_id'][:12]}"
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
