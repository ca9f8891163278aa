"""The report's sentences: the question and the answer.

No sentence claims what its interval does not hold. Comparisons named here were fixed
before anything was seen (majority voting at the largest N against greedy CoT), or are
cross-fitted, or carry the adjustment for being picked (`ttsgrid.frontier.sentences`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.frontier import Bin, Frontier, difference_intervals
from ttsgrid.frontier.outcomes import COT, MAJORITY
from ttsgrid.frontier.sentences import MIN_PROBLEMS
from ttsgrid.report.pictures import by_size
from ttsgrid.report.searching import rival_sentences
from ttsgrid.report.words import listed, percent, points, points_span, short_name, span


def question(frontier: Frontier, benchmark: str) -> str:
    """Return what is asked of a benchmark."""
    frame = frontier.cells.frame.filter(benchmark=benchmark)
    policies = by_size(frontier.cells, frame["policy"].to_list())
    return (
        f"A language model that may try a problem many times answers more of them. Which of "
        f"{listed(policies)}, with which reward model and strategy, answers most of {benchmark} "
        f"for the compute it takes? And when does a small model that tries many times beat a "
        f"large one that tries once?"
    )


def question_elsewhere(benchmark: str) -> str:
    """Return what is asked of a benchmark that has published points alone."""
    return (
        f"Which of the results that were published on {benchmark} are worth their compute? "
        "The store holds accuracies from elsewhere here, and no solutions of its own."
    )


def answer(frontier: Frontier, benchmark: str) -> tuple[str, ...]:
    """Return what the store says about a benchmark, a paragraph each, the main one first."""
    said = [
        frontier.headline(benchmark),
        *_too_few(frontier, benchmark),
        *_gains(frontier, benchmark),
        *_optimal(frontier, benchmark),
        *rival_sentences(frontier, benchmark),
        *_winners(frontier, benchmark),
    ]
    return tuple(said)


def num_problems(frontier: Frontier, benchmark: str) -> int:
    """Return on how many problems the cell with most of them was run."""
    overall = frontier.cells.frame.filter(benchmark=benchmark, bin=Bin.ALL.value)
    return int(overall["num_problems"].to_numpy().max())


def _too_few(frontier: Frontier, benchmark: str) -> Iterator[str]:
    found = num_problems(frontier, benchmark)
    if found < MIN_PROBLEMS:
        yield (
            f"This store holds {found} problems of {benchmark}. That is too few to support any "
            f"claim (at least {MIN_PROBLEMS} are needed for the intervals to mean what they say): "
            "take the figures below as a demonstration."
        )


def _gains(frontier: Frontier, benchmark: str) -> Iterator[str]:
    """What majority voting at the largest N brings each policy: no choice, so no luck."""
    frame = frontier.cells.frame.filter(benchmark=benchmark, bin=Bin.ALL.value)
    parts: list[str] = []
    for policy in by_size(frontier.cells, frame["policy"].to_list()):
        mine = frame.filter(policy=policy)
        cot, votes = mine.filter(strategy=COT), mine.filter(pl.col("n") > 1, strategy=MAJORITY)
        if len(cot) == 1 and len(votes):
            most = votes.sort("n").row(-1, named=True)
            parts.extend(_gain(frontier, most, cot["outcome"].item()))
    if parts:
        yield (
            f"A majority vote over N solutions, against one greedy solution, brings "
            f"{listed(parts)} (95 % intervals; one that includes zero shows no change)."
        )


def _gain(frontier: Frontier, vote: dict[str, Any], cot: int) -> Iterator[str]:
    voted, greedy = frontier.cells.accuracies([vote["outcome"], cot])
    both = ~np.isnan(voted - greedy)
    if both.any():
        interval = difference_intervals(voted[both], greedy[both])
        mean = float((voted - greedy)[both].mean())
        yield (
            f"{vote['policy']} {points(mean)} points at N = {vote['n']} "
            f"({points_span(float(interval.low), float(interval.high))})"
        )


def _optimal(frontier: Frontier, benchmark: str) -> Iterator[str]:
    """What choosing by difficulty keeps for somebody who has no gold answers."""
    kept = frontier.optimism.filter(benchmark=benchmark)
    parts = []
    for policy in by_size(frontier.cells, kept["policy"].to_list()):
        mine = kept.filter(policy=policy)
        at_most = mine.filter(pl.col("n") == pl.col("n").max())
        parts.append(_optimum(at_most.sort("accuracy").row(-1, named=True), len(at_most)))
    if parts:
        most = float(kept["optimism"].to_numpy().max())
        yield (
            "Choosing a strategy by predicted difficulty, and on other problems than it is scored "
            f"on, keeps {listed(parts)}. Chosen in hindsight on the same problems, as it is often "
            f"reported, the same would look up to {points(max(most, 0.0), sign=False)} points "
            "better."
        )


def _optimum(row: dict[str, Any], num_prms: int) -> str:
    with_prm = f" with PRM {row['prm']}" if row["prm"] else ""
    best_of = f", the best of {num_prms} PRMs" if num_prms > 1 else ""
    return (
        f"{percent(row['accuracy'])} % for {row['policy']} at N = {row['n']}{with_prm} "
        f"({span(row['low'], row['high'])}{best_of})"
    )


def _winners(frontier: Frontier, benchmark: str) -> Iterator[str]:
    """Who wins where, at the largest N; chosen in-sample, and said to be so."""
    best = frontier.best.filter(benchmark=benchmark)
    parts = []
    for name in (Bin.EASY, Bin.MEDIUM, Bin.HARD):
        found = best.filter(bin=name.value)
        at_most = found.filter(pl.col("n") == pl.col("n").max().over("policy"), pl.col("n") > 1)
        top = at_most.sort("accuracy", descending=True, maintain_order=True)
        rows = top.unique("policy", keep="first", maintain_order=True)
        order = by_size(frontier.cells, rows["policy"].to_list())
        wins = _together(
            (short_name(row), str(row["policy"]))
            for policy in order
            for row in rows.filter(policy=policy).iter_rows(named=True)
        )
        if wins:
            parts.append(f"on {name.value} problems {listed(wins)}")
    if parts:
        yield (
            f"Highest at the largest N: {'; '.join(parts)}. These winners were chosen on the "
            "same problems, often by little: hints at what to try, not findings."
        )


def _together(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Say each strategy once with all its policies."""
    groups: dict[str, list[str]] = {}
    for strategy, policy in pairs:
        groups.setdefault(strategy, []).append(policy)
    return [f"{strategy} for {listed(policies)}" for strategy, policies in groups.items()]
