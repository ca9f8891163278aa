"""Policies whose solutions (nearly) never state an answer; the rule is `core.stated`'s."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.core.stated import too_few_state_answers
from ttsgrid.core.voting import NO_ANSWER


@dataclass(frozen=True)
class FewAnswers:
    """Pools of one policy on one benchmark in which too few solutions state an answer."""

    benchmark: str
    policy: str
    num_solutions: int
    num_answered: int


def few_answers(frames: StoreFrames) -> tuple[FewAnswers, ...]:
    """Return the policies whose solutions (nearly) never state an answer."""
    # Over all pools of a policy: one warning, not one per sampling.
    counted = (
        frames.solutions.group_by("series")
        .agg(pl.len(), answered=(pl.col("answer_class") != NO_ANSWER).sum())
        .join(frames.series, on="series")
        .group_by("benchmark", "policy", maintain_order=False)
        .agg(pl.col("len").sum(), pl.col("answered").sum())
        .sort("benchmark", "policy")
    )
    pools = (FewAnswers(*row) for row in counted.iter_rows())
    return tuple(p for p in pools if too_few_state_answers(p.num_solutions, p.num_answered))
