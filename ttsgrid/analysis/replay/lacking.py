"""Which rules a store can't answer, and what they lack: a sentence each; the rest goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.replay.choosing import MIN_CHOOSING
from ttsgrid.analysis.replay.rules import RuleAt


def lacking_sentences(
    frames: StoreFrames, rules: Sequence[RuleAt], table: pl.DataFrame
) -> Iterator[str]:
    """Yield what is missing for rules that have no row, or none for some policies.

    Args:
        frames: the store.
        rules: that were asked for.
        table: what came of them (`ttsgrid.analysis.replay.table.RULE_SCHEMA`).
    """
    held = set(table["rule"].to_list())
    wordless = _policies_without_lengths(frames)
    for rule in rules:
        if rule.rule.reads_lengths and wordless:
            yield (
                f"{rule.label} needs the tokens of each sample, which the store does not state for "
                f"{', '.join(wordless)}."
            )
        elif rule.label not in held:
            yield f"{rule.label} {_reason(frames, rule)}."


def _policies_without_lengths(frames: StoreFrames) -> list[str]:
    known = frames.solutions.group_by("series").agg(known=(pl.col("generated_tokens") > 0).any())
    without = frames.series.filter(~pl.col("greedy")).join(
        known.filter(~pl.col("known")), on="series"
    )
    return without["policy"].unique().sort().to_list()


def _reason(frames: StoreFrames, rule: RuleAt) -> str:
    needs = rule.rule.needs
    if needs.cells:
        return "needs the policy's size, and the searches that it names for it, with a PRM"
    if needs.two and not _has_two(frames):
        return "needs pools of two policies of known, different sizes on one benchmark"
    if needs.scores and frames.scored_blocks.is_empty():
        return "needs a PRM's scores of the pools, and the store has none"
    if (rule.is_chosen or needs.all_problems) and len(frames.problems) < MIN_CHOOSING:
        return f"chooses on some problems for others: it needs at least {MIN_CHOOSING} with pools"
    return (
        "needs pools of at least two samples, and of as many as --budgets says; sample more, or "
        "lower --budgets"
    )


def _has_two(frames: StoreFrames) -> bool:
    sizes = frames.models.filter(role="policy").select("model_id", "num_parameters")
    pools = frames.series.filter(~pl.col("greedy")).join(
        sizes, left_on="policy_id", right_on="model_id"
    )
    counted = pools.group_by("benchmark").agg(pl.col("num_parameters").drop_nulls().n_unique())
    return bool((counted["num_parameters"] > 1).any())
