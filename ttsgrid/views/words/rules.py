"""What rules that stop early save, and which of them lose, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from ttsgrid.analysis.replay.rules import RULES
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.views.words.numbers import Row, listed, points, points_span

# A point either way: what the rule may lose and still be said to keep the accuracy.
CLOSE = 0.01


def rule_sentences(rules: pl.DataFrame) -> Iterator[str]:
    """Yield what each rule does on each benchmark, losses as losses.

    Args:
        rules: columns as in `ttsgrid.analysis.replay.table.RULE_SCHEMA`.
    """
    for (benchmark,), rows in rules.group_by("benchmark", maintain_order=True):
        enough = rows.filter(pl.col("num_problems") >= MIN_PROBLEMS)
        if enough.is_empty():
            number = rows["num_problems"].to_numpy().max()
            yield f"{benchmark}: {number} problems are too few to compare rules."
        for (label,), of_rule in enough.group_by("rule", maintain_order=True):
            yield f"{benchmark}: {_name(str(label))} {'; '.join(_parts(of_rule))}."


def _name(label: str) -> str:
    """A rule's name in a sentence; one of somebody else's goes by its label."""
    rule = RULES.get(label.partition("=")[0])
    return label if rule is None else f"{rule.display} ({label})"


def _parts(rows: pl.DataFrame) -> Iterator[str]:
    """One part per thing that the rule does, with the policies for which it does it."""
    done: dict[str, list[str]] = {}
    for row in rows.iter_rows(named=True):
        done.setdefault(_verdict(row), []).append(_of_policy(row))
    for verdict, policies in done.items():
        yield f"{verdict} for {listed(policies)}"


def _verdict(row: Row) -> str:
    if row["low"] > 0:
        return f"beats {row['fixed']}"
    if row["high"] < 0:
        return f"loses accuracy to {row['fixed']}"
    if abs(row["difference"]) <= CLOSE:
        return f"keeps within a point of {row['fixed']}"
    return f"is not clearly better or worse than {row['fixed']}"


def _of_policy(row: Row) -> str:
    """Who, what it costs and how far it is from the cell beside it."""
    after = f" after {row['smaller']}" if row["smaller"] else ""
    guided = f" with {row['prm']}" if row["prm"] else ""
    measure = "tokens" if row["flops_share"] is None else "FLOPs"
    share = row["generated_share"] if row["flops_share"] is None else row["flops_share"]
    cost = "" if share is None else f" at {100 * share:.0f} % of its {measure}"
    span = points_span(row["low"], row["high"])
    return f"{row['policy']}{after}{guided}{cost} ({points(row['difference'])} points, {span})"
