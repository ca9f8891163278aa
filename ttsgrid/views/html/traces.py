"""A few stored searches of the smallest policy that searched: every strategy, several problems.

Chosen by rule: a problem that the examples show comes first, then the benchmark's
order; of several budgets the largest that a page can still show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import polars as pl

from ttsgrid.core.errors import StoreError
from ttsgrid.store import StorePath, latest_units, scan
from ttsgrid.views.html.view import Trace
from ttsgrid.views.trace import trace_html
from ttsgrid.views.trace.find import find_search

MAX_TRACES = 3
MAX_BUDGET = 16  # a larger search is a screen of pruned candidates
MAX_CHARACTERS = 200_000  # of HTML; the default sweep's page has 1.3 million in all


def traces(store: StorePath, benchmark: str, shown_problems: Sequence[str]) -> tuple[Trace, ...]:
    """Return the traces of a few searches as HTML fragments; none where none was stored.

    Args:
        store: folder or URI.
        benchmark: one of the store's.
        shown_problems: ids of problems to prefer.
    """
    picked = _picked(_candidates(store, benchmark, shown_problems))
    fragments = (_trace(store, unit_id) for unit_id in picked)
    return tuple(islice((trace for trace in fragments if trace is not None), MAX_TRACES))


def _picked(candidates: pl.DataFrame) -> Iterator[str]:
    """Yield units in turn of their strategies, each time of another problem while there is one."""
    shown_of, seen = Counter[str](), set[str]()
    rows = candidates.to_dicts()
    while rows:
        # `min` takes the first of equals, and the rows come best first.
        row = min(rows, key=lambda row: (shown_of[row["strategy"]], row["problem_id"] in seen))
        yield row["unit_id"]
        rows.remove(row)
        shown_of[row["strategy"]] += 1
        seen.add(row["problem_id"])


def _candidates(store: StorePath, benchmark: str, shown_problems: Sequence[str]) -> pl.DataFrame:
    """Searches that may be shown, the best choice first."""
    searches = (
        latest_units(store)
        .filter(kind="search", status="done", benchmark=benchmark)
        .select("unit_id", "problem_id", "policy_id", "strategy", "budget")
        .filter(pl.col("budget").is_null() | (pl.col("budget") <= MAX_BUDGET))
    )
    problems = scan(store, "problems").select("problem_id", "index").unique("problem_id")
    sizes = scan(store, "models").select("num_parameters", policy_id="model_id").unique("policy_id")
    rank = {problem_id: i for i, problem_id in enumerate(shown_problems)}
    preferred = pl.col("problem_id").replace_strict(rank, default=len(rank), return_dtype=pl.Int64)
    joined = searches.join(problems, on="problem_id").join(sizes, on="policy_id", how="left")
    order = ("num_parameters", preferred, "index", -pl.col("budget"), "unit_id")
    return joined.sort(*order, nulls_last=True).collect()


def _trace(store: StorePath, unit_id: str) -> Trace | None:
    try:
        search = find_search(store, unit_id)
    except StoreError:  # it left no trace: searches may be run without
        return None
    fragment = trace_html(search.trace, search.correct, search.outcomes)
    return Trace(search.title, fragment) if len(fragment) <= MAX_CHARACTERS else None
