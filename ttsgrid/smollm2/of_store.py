"""What a sweep's store says of the policies and the PRM, in the figures of the card.

Right is what boxes the gold number. A store's own verdict is milder: the grader also reads
answers in words, which the untrained model gives now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.core.voting import Bools
from ttsgrid.smollm2.measure import Pools, policy_figures, prm_figures
from ttsgrid.smollm2.problems import WordProblem
from ttsgrid.smollm2.solutions import Solution, is_correct
from ttsgrid.store import scan

KEYS = ("problem_id", "sample")


@dataclass(frozen=True)
class PolicySolutions:
    """What one policy did, problem by problem.

    Attributes:
        problems: without reference solutions.
        greedy: whether the greedy solution is right, shape (problems,).
    """

    problems: list[WordProblem]
    pools: Pools
    greedy: Bools


def store_figures(store: Path) -> dict[str, dict[str, Any]]:
    """Return each policy's figures, its PRM's beside them, as a sweep's pools give them.

    Args:
        store: of a sweep with CoT and one pool size.
    """
    solutions = _samples(store)
    scores = scan(store, "scores").collect()
    return {
        str(policy): _figures(solutions.filter(policy=policy), scores.filter(policy=policy))
        for policy in sorted(solutions["policy"].unique())
    }


def _samples(store: Path) -> pl.DataFrame:
    """Return the samples of all policies; `correct` says whether a box holds the gold number."""
    samples = scan(store, "solutions").filter(kind="sample")
    gold = scan(store, "problems").select("problem_id", gold="answer")
    found = samples.join(gold, on="problem_id", how="left").collect()
    boxed = map(is_correct, found["text"], found["gold"])
    return found.with_columns(pl.col("correct") & pl.Series(list(boxed), dtype=pl.Boolean))


def _figures(solutions: pl.DataFrame, scores: pl.DataFrame) -> dict[str, Any]:
    pool, greedy = _whole(solutions)
    pools = Pools.of(_read(pool))
    figures = policy_figures(pools, _read(greedy))
    joined = pool.join(scores.select(*KEYS, "step_scores"), on=KEYS, how="left")
    scored = joined.sort(KEYS)["step_scores_right"].to_list()
    if any(one for one in scored):
        figures["prm"] = prm_figures(pools, [one or [] for one in scored], pools.correct.shape[1])
    return figures


def _whole(solutions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a policy's pools and its greedy solutions, of problems that have both."""
    pool = solutions.filter(pl.col("temperature") > 0).sort(KEYS)
    greedy = solutions.filter(pl.col("temperature") == 0).sort(KEYS)
    # A sweep that was stopped has pools of several sizes: those that are whole count.
    sizes = pool.group_by("problem_id").len()
    whole = sizes.filter(pl.col("len") == sizes["len"].max())["problem_id"]
    both = whole.filter(whole.is_in(greedy["problem_id"].implode())).implode()
    return (
        pool.filter(pl.col("problem_id").is_in(both)),
        greedy.filter(pl.col("problem_id").is_in(both)),
    )


def policy_solutions(store: Path, policy: str) -> PolicySolutions:
    """Return what a policy did in a sweep, on the problems that are whole."""
    pool, greedy = _whole(_samples(store).filter(policy=policy))
    known = scan(store, "problems").collect()
    asked = greedy.select("problem_id").join(known, on="problem_id", how="left")
    return PolicySolutions(
        [
            WordProblem(row["question"], (), row["answer"])
            for row in asked.sort("problem_id").iter_rows(named=True)
        ],
        Pools.of(_read(pool)),
        np.array(greedy["correct"], bool),
    )


def _read(rows: pl.DataFrame) -> Sequence[Solution]:
    numbers = {name: i for i, name in enumerate(rows["problem_id"].unique(maintain_order=True))}
    return [
        Solution(numbers[row["problem_id"]], row["policy"], row["text"], row["correct"])
        for row in rows.iter_rows(named=True)
    ]
