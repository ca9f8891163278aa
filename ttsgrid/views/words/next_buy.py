"""A larger N, a better PRM or a larger policy: `ttsgrid.analysis.advice.next_buy` in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from ttsgrid.analysis.advice.next_buy import BETTER_PRM, LARGER_N, LARGER_POLICY, STEP
from ttsgrid.analysis.statistics.intervals import LEVEL
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.views.words.numbers import Row, percent, points

_GAINS = {BETTER_PRM: "prm_gain", LARGER_N: "n_gain", LARGER_POLICY: "policy_gain"}


def next_buy_sentences(buys: pl.DataFrame, policies: Sequence[str]) -> Iterator[str]:
    """Say for each policy, with its most accurate PRM, what is worth buying next.

    Args:
        buys: `Frontier.next_buys` of one benchmark.
        policies: in the order in which to name them.
    """
    for policy in policies:
        rows = buys.filter(policy=policy).sort("accuracy", descending=True, maintain_order=True)
        if not rows.is_empty() and rows["num_problems"][0] >= MIN_PROBLEMS:
            prm = "a better PRM" if rows["prm"].count() else "a PRM"
            yield _sentence(rows.row(0, named=True), prm)


def _sentence(row: Row, prm: str) -> str:
    n, how = row["n"], f"PRM {row['prm']}" if row["prm"] else "a majority vote"
    start = (
        f"Would more help {row['policy']}? At N = {n}, {percent(row['coverage'])} % of the "
        f"problems have a right solution among the samples, and {how} turns "
        f"{100 * (row['turned_share'] or 0):.0f} % of that into accuracy "
        f"({percent(row['accuracy'])} %). At N = {STEP * n} coverage would be "
        f"{percent(row['coverage_more'])} % ({percent(row['coverage_more_low'])} to "
        f"{percent(row['coverage_more_high'])})."
    )
    if row["buy"] is None:
        return f"{start} Every problem is answered right: nothing is left to buy."
    return (
        f"{start} At best {prm} would add {_gain(row, BETTER_PRM)} and N = {STEP * n} "
        f"would add {_gain(row, LARGER_N)}; {_gain(row, LARGER_POLICY)} are out of this policy's "
        f"reach. {_verdict(row, prm)}"
    )


def _verdict(row: Row, prm: str) -> str:
    names = {BETTER_PRM: prm, LARGER_N: "a larger N", LARGER_POLICY: "a larger policy"}
    name, share = names[row["buy"]], f"{100 * row['buy_share']:.0f} % of draws"
    if row["buy_share"] >= LEVEL:
        return f"So {name} is the next thing to buy (the largest of the three in {share})."
    return (
        f"Which of the three is the next thing to buy can't be told: {name} has the lead, in "
        f"{share} only."
    )


def _gain(row: Row, part: str) -> str:
    name = _GAINS[part]
    low, high = points(row[f"{name}_low"], sign=False), points(row[f"{name}_high"], sign=False)
    return f"{points(row[name], sign=False)} points ({low} to {high})"
