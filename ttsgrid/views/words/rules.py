"""What rules that stop early save, and which of them lose, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from ttsgrid.analysis.replay.rules import RULES
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.core.tally import counted
from ttsgrid.views.words.numbers import Row, listed, points, points_span

# A point either way: what the rule may lose and still be said to come close.
CLOSE = 0.01


def rule_sentences(rules: pl.DataFrame) -> Iterator[str]:
    """Yield what each rule does on each benchmark, losses as losses.

    Args:
        rules: columns as in `ttsgrid.analysis.replay.table.RULE_SCHEMA`.
    """
    for (benchmark,), rows in rules.group_by("benchmark", maintain_order=True):
        for sentence in findings(rows):
            yield f"{benchmark}: {sentence[0].lower()}{sentence[1:]}"


def findings(rows: pl.DataFrame) -> Iterator[str]:
    """Yield one sentence per rule about one benchmark.

    Args:
        rows: of that benchmark.
    """
    enough = rows.filter(pl.col("num_problems") >= MIN_PROBLEMS)
    if enough.is_empty() and not rows.is_empty():
        number = int(rows["num_problems"].to_numpy().max())
        verb = "is" if number == 1 else "are"
        yield f"{counted(number, 'problem')} {verb} too few to compare rules."
    for (label,), of_rule in enough.group_by("rule", maintain_order=True):
        yield f"{_name(str(label))} {'; '.join(_by_verdict(of_rule, _of_policy))}."


def paragraphs(rows: pl.DataFrame) -> Iterator[str]:
    """Yield how rules were replayed on one benchmark, then what each does; nothing without any."""
    sentences = list(findings(rows))
    if sentences:
        yield "Replayed on the stored samples, in many random orders and without a new one."
        yield from sentences


def in_brief(rows: pl.DataFrame) -> str:
    """Return what the first rule does on one benchmark, without intervals; empty without rules.

    Args:
        rows: of that benchmark.
    """
    enough = rows.filter(pl.col("num_problems") >= MIN_PROBLEMS)
    if enough.is_empty():
        return ""
    label = str(enough["rule"][0])
    done = _by_verdict(enough.filter(rule=label), lambda row: f"{row['policy']}{_cost(row)}")
    return f"Stopping early ({label}) {'; '.join(done)}."


def _name(label: str) -> str:
    """A rule's name that begins a sentence; one of somebody else's goes by its label."""
    rule = RULES.get(label.partition("=")[0])
    return label if rule is None else f"{rule.display[0].upper()}{rule.display[1:]} ({label})"


def _by_verdict(rows: pl.DataFrame, said_of: Callable[[Row], str]) -> Iterator[str]:
    """One part per thing that the rule does, with the policies for which it does it."""
    done: dict[str, list[str]] = {}
    for row in rows.iter_rows(named=True):
        done.setdefault(_verdict(row), []).append(said_of(row))
    for verdict, policies in done.items():
        yield f"{verdict} for {listed(policies)}"


def _verdict(row: Row) -> str:
    if row["low"] > 0:
        return f"beats {row['fixed']}"
    if row["high"] < 0:
        return f"loses accuracy to {row['fixed']}"
    if abs(row["difference"]) <= CLOSE:
        return f"comes within a point of {row['fixed']}"
    return f"is not clearly better or worse than {row['fixed']}"


def _of_policy(row: Row) -> str:
    """Who, what it costs and how far it is from the cell beside it."""
    after = f" after {row['smaller']}" if row["smaller"] else ""
    guided = f" with {row['prm']}" if row["prm"] else ""
    span = points_span(row["low"], row["high"])
    distance = f"({points(row['difference'])} points, {span})"
    return f"{row['policy']}{after}{guided}{_cost(row)} {distance}"


def _cost(row: Row) -> str:
    measure = "tokens" if row["flops_share"] is None else "FLOPs"
    share = row["generated_share"] if row["flops_share"] is None else row["flops_share"]
    return "" if share is None else f" at {100 * share:.0f} % of its {measure}"
