"""What rules that stop early save, and which of them lose, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.core.strategies import MAJORITY
from ttsgrid.views.words.numbers import Row, listed, percent, points, points_span

# A point either way: what the rule may lose and still be said to keep the vote's accuracy.
CLOSE = 0.01
_GROUP = ("benchmark", "policy", "n")


def rule_sentences(rules: pl.DataFrame) -> Iterator[str]:
    """Yield a sentence for each (benchmark, policy, N).

    Args:
        rules: columns as in `ttsgrid.analysis.replay.table.RULE_SCHEMA`.
    """
    for (benchmark, policy, n), rows in rules.group_by(_GROUP, maintain_order=True):
        named = f"{benchmark}, {policy}"
        if rows["num_problems"][0] < MIN_PROBLEMS:
            yield f"{named}: {rows['num_problems'][0]} problems are too few to compare rules."
            continue
        yield f"{named}: {_saving(rows, MAJORITY.at(int(str(n))))}{_losing(rows)}"


def _saving(rows: pl.DataFrame, vote: str) -> str:
    """The cheapest rule that keeps the vote's accuracy."""
    kept = rows.filter(pl.col("difference") >= -CLOSE, pl.col("low") <= 0, pl.col("high") >= 0)
    cheapest = kept.sort("flops_share", "generated_share", nulls_last=True)
    if cheapest.is_empty() or _share(cheapest.row(0, named=True)) >= 1:
        return f"no rule saves anything and stays within a point of {vote}."
    row = cheapest.row(0, named=True)
    measure = "tokens" if row["flops_share"] is None else "FLOPs"
    return (
        f"{row['rule']} takes {100 * _share(row):.0f} % of the {measure} of {vote} and answers "
        f"{percent(row['accuracy'])} % of the problems, {vote} {percent(row['accuracy_fixed'])} % "
        f"({points(row['difference'])} points, {points_span(row['low'], row['high'])})."
    )


def _losing(rows: pl.DataFrame) -> str:
    """The rules that clearly lose accuracy."""
    losing = [
        f"{row['rule']} ({points(row['difference'])} points)"
        for row in rows.filter(pl.col("high") < 0).iter_rows(named=True)
    ]
    return f" Accuracy is lost by {listed(losing)}." if losing else ""


def _share(row: Row) -> float:
    share = row["generated_share"] if row["flops_share"] is None else row["flops_share"]
    return float(share)
