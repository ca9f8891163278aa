"""The report's sentences: the question and the answer.

No sentence claims what its interval does not hold. Comparisons named here were fixed
before anything was seen (majority voting at the largest N against greedy CoT), or are
cross-fitted, or carry the adjustment for being picked (`ttsgrid.views.words.headline`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.statistics.intervals import difference_intervals
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.core.strategies import COT, MAJORITY, ONE_SAMPLE, PASS_AT_K
from ttsgrid.views.words.cells import short_name
from ttsgrid.views.words.headline import headline_paragraphs
from ttsgrid.views.words.next_buy import next_buy_sentences
from ttsgrid.views.words.numbers import Row, listed, percent, points, points_span, span
from ttsgrid.views.words.order import by_size
from ttsgrid.views.words.policies import search_gain_sentences
from ttsgrid.views.words.ranking import ranking_sentences
from ttsgrid.views.words.rules import paragraphs as paragraphs_on_rules
from ttsgrid.views.words.searches import search_comparison_sentences
from ttsgrid.views.words.serving import sentences_on_axes

_ONCE = {COT.name: "one greedy solution", PASS_AT_K.name: ONE_SAMPLE}
"""What a policy's majority vote is set against: the first of these that was run."""


@dataclass(frozen=True)
class Topic:
    """What the store says of one thing: a heading and its paragraphs, one at least."""

    heading: str
    paragraphs: tuple[str, ...]


def question(frontier: Frontier, benchmark: str) -> str:
    """Return what is asked of a benchmark."""
    frame = frontier.cells.frame.filter(benchmark=benchmark)
    policies = by_size(frontier.cells, frame["policy"].to_list())
    means = "reward model and strategy" if frame["prm"].count() else "strategy"
    start = (
        "A language model can spend compute when it answers: it can try a problem many times, or "
        "search step by step."
    )
    if len(policies) == 1:
        return (
            f"{start} With which {means} does {policies[0]} solve most of {benchmark} for the "
            "compute it takes?"
        )
    return (
        f"{start} Which of {listed(policies)}, with which {means}, solves most of {benchmark} "
        "for the compute it takes? And when does a small model that tries many times beat a "
        "large one that tries once?"
    )


def question_of_published(benchmark: str) -> str:
    """Return what is asked of a benchmark that has published points alone."""
    return (
        f"Which of the results that were published on {benchmark} are worth their compute? "
        "For this benchmark the store holds published accuracies and no solutions of its own."
    )


def answer(frontier: Frontier, benchmark: str) -> tuple[Topic, ...]:
    """Return what the store says about a benchmark, topic by topic, the main one first."""
    searches = frontier.search_comparisons.filter(benchmark=benchmark)
    buys = frontier.next_buys.filter(benchmark=benchmark)
    searched_by = by_size(frontier.cells, searches["policy"].to_list())
    bought_for = by_size(frontier.cells, buys["policy"].to_list())
    said: dict[str, Iterable[str]] = {
        "Small against large": (
            *headline_paragraphs(frontier, benchmark),
            *_too_few(frontier, benchmark),
        ),
        "Voting": _gains(frontier, benchmark),
        "Choosing by difficulty": _optimal(frontier, benchmark),
        "Searching": (
            *search_comparison_sentences(searches, searched_by),
            *search_gain_sentences(frontier.search_gains.filter(benchmark=benchmark)),
        ),
        "Reward models": ranking_sentences(frontier.prm_quality.filter(benchmark=benchmark)),
        "What would help more": next_buy_sentences(buys, bought_for),
        "What to use": (
            *sentences_on_axes(frontier.contests, benchmark),
            *_winners(frontier, benchmark),
        ),
        "Stopping early": paragraphs_on_rules(frontier.rules.filter(benchmark=benchmark)),
    }
    topics = (Topic(heading, tuple(paragraphs)) for heading, paragraphs in said.items())
    return tuple(topic for topic in topics if topic.paragraphs)


def num_problems(frontier: Frontier, benchmark: str) -> int:
    """Return on how many problems the cell with most of them was run."""
    overall = frontier.cells.frame.filter(benchmark=benchmark, bin=Bin.ALL.value)
    return int(overall["num_problems"].to_numpy().max())


def _too_few(frontier: Frontier, benchmark: str) -> Iterator[str]:
    number = num_problems(frontier, benchmark)
    if number < MIN_PROBLEMS:
        yield (
            f"This store holds {number} problems of {benchmark}. That is too few to support any "
            f"claim (at least {MIN_PROBLEMS} are needed for the intervals to mean what they say): "
            "take the figures below as a demonstration."
        )


def _gains(frontier: Frontier, benchmark: str) -> Iterator[str]:
    """What majority voting at the largest N brings each policy: no choice, so no luck."""
    frame = frontier.cells.frame.filter(benchmark=benchmark, bin=Bin.ALL.value)
    parts: dict[str, list[str]] = {}
    for policy in by_size(frontier.cells, frame["policy"].to_list()):
        of_policy = frame.filter(policy=policy)
        votes = of_policy.filter(pl.col("n") > 1, strategy=MAJORITY.name).sort("n")
        for strategy, name in _ONCE.items():
            # Both were fixed before anything was seen, so no adjustment for choosing is due.
            once = of_policy.filter(strategy=strategy, n=1)
            if len(once) and len(votes):
                gain = _gain(frontier, votes.row(-1, named=True), once["outcome"][0])
                parts.setdefault(name, []).extend(gain)
                break
    for name, gains in parts.items():
        if gains:
            yield (
                f"A majority vote over N solutions, compared with {name}, changes accuracy by "
                f"{listed(gains)} (95 % intervals; one that includes zero shows no clear change)."
            )


def _gain(frontier: Frontier, vote: Row, cot: int) -> Iterator[str]:
    voted, greedy = frontier.cells.accuracies([vote["outcome"], cot])
    both = ~np.isnan(voted - greedy)
    if both.any():
        interval = difference_intervals(voted[both], greedy[both])
        mean = float((voted - greedy)[both].mean())
        yield (
            f"{points(mean)} points for {vote['policy']} at N = {vote['n']} "
            f"({points_span(float(interval.low), float(interval.high))})"
        )


def _optimal(frontier: Frontier, benchmark: str) -> Iterator[str]:
    """What choosing by difficulty achieves without gold answers."""
    rows = list(_at_largest_budgets(frontier, benchmark))
    if not rows:
        return
    parts = [_optimum(row, num_prms) for row, num_prms in rows]
    most = max(float(row["optimism"]) for row, _ in rows)
    yield (
        "Choosing a strategy by predicted difficulty, on problems other than those it is scored "
        f"on, reaches {listed(parts)}. Chosen in hindsight on the same problems, as is often "
        f"reported, it would look up to {points(max(most, 0.0), sign=False)} points better."
    )
    yield from _worth_of_difficulty([row for row, _ in rows if row["by_difficulty"]])


def _at_largest_budgets(frontier: Frontier, benchmark: str) -> Iterator[tuple[Row, int]]:
    """Each policy's row at its largest N with its best PRM, and of how many PRMs that is.

    A policy that had no choice there has none.
    """
    rows = frontier.optimism.filter(pl.col("num_candidates") > 1, benchmark=benchmark)
    real = rows.filter(pl.col("n") > 1)
    for policy in by_size(frontier.cells, real["policy"].to_list()):
        of_policy = real.filter(policy=policy)
        at_most = of_policy.filter(pl.col("n") == pl.col("n").max())
        yield at_most.sort("accuracy").row(-1, named=True), len(at_most)


def _worth_of_difficulty(rows: list[Row]) -> Iterator[str]:
    """Whether choosing by difficulty is better than one strategy for all problems."""
    if not rows:
        return
    wins = any(row["gain_low"] > 0 for row in rows)
    yield (
        "Compared with one strategy for all problems, chosen in the same way, choosing by "
        f"difficulty changes accuracy by {listed([_changed(row) for row in rows])}"
        f"{'.' if wins else ': it is not shown to pay at these N.'}"
    )


def _changed(row: Row) -> str:
    if row["gain_low"] == row["gain_high"] == 0:
        return f"0.0 points for {row['policy']} (the same strategy throughout)"
    bounds = points_span(row["gain_low"], row["gain_high"])
    return f"{points(row['gain'])} points for {row['policy']} ({bounds})"


def _optimum(row: Row, num_prms: int) -> str:
    with_prm = f" with PRM {row['prm']}" if row["prm"] else ""
    best_of = f", the best of {num_prms} PRMs" if num_prms > 1 else ""
    return (
        f"{percent(row['accuracy'])} % for {row['policy']} at N = {row['n']}{with_prm} "
        f"({span(row['low'], row['high'])}{best_of})"
    )


def _winners(frontier: Frontier, benchmark: str) -> Iterator[str]:
    """Which strategy is best where, at the largest N; chosen in-sample, which the sentence says."""
    best = frontier.best.filter(pl.col("num_candidates") > 1, benchmark=benchmark)
    parts = []
    for name in (Bin.EASY, Bin.MEDIUM, Bin.HARD):
        in_bin = best.filter(bin=name.value)
        at_most = in_bin.filter(pl.col("n") == pl.col("n").max().over("policy"), pl.col("n") > 1)
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
            f"Most accurate at the largest N: {'; '.join(parts)}. These were chosen on the same "
            "problems, often by a small margin: hints at what to try, not findings."
        )


def _together(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Name each strategy once, with all its policies."""
    groups: dict[str, list[str]] = {}
    for strategy, policy in pairs:
        groups.setdefault(strategy, []).append(policy)
    return [f"{strategy} for {listed(policies)}" for strategy, policies in groups.items()]
