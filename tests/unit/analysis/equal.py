"""Stores in which every strategy is equally good: coins for answers, noise for scores.

Each sample is right with probability 1/2, wrong answers are all the same one, and the PRM
scores at random. So one sample, any vote over any number of them and the best by any
score are all right half of the time, whatever the problem.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ttsgrid.core.records import FinishReason, Problem, Solution, StepScores, UnitResult, Usage
from ttsgrid.core.units import ModelIdentity, SampleBlock, SamplingIdentity, ScoreBlock
from ttsgrid.store import Commit, ModelRecord, Store

POLICY = ModelIdentity("coin", "made/coin", "coin", "{}")
PRM = ModelIdentity("noise", "made/noise", "noise", '{"prm":true}')
SAMPLING = SamplingIdentity(1.0, 1.0, 9, 0)
POOL_SIZE = 8


def write_equal_store(path: Path, num_problems: int, seed: int) -> None:
    """Write a pool of coins, scored with noise, for each problem."""
    rng = np.random.default_rng([seed, num_problems])
    problems = [Problem(f"p{i:04}", "coins", i, f"flip {i}", "0") for i in range(num_problems)]
    with Store.open(path, run_id="equal") as store:
        store.write_problems(problems)
        store.write_models([ModelRecord(POLICY, "policy", 10), ModelRecord(PRM, "prm", 10)])
        store.commit([commit for problem in problems for commit in _commits(problem, rng)])


def _commits(problem: Problem, rng: np.random.Generator) -> list[Commit]:
    block = SampleBlock(problem.id, POLICY, SAMPLING, 0, POOL_SIZE)
    solutions = tuple(_solution(i, bool(rng.random() < 0.5)) for i in range(POOL_SIZE))
    scored = ScoreBlock(block, PRM)
    scores = tuple(StepScores(i, tuple(rng.random(2).tolist()), Usage(5)) for i in range(POOL_SIZE))
    return [
        Commit(block, UnitResult(block.id, solutions=solutions), problem),
        Commit(scored, UnitResult(scored.id, scores=scores), problem),
    ]


def _solution(sample: int, correct: bool) -> Solution:
    answer = "0" if correct else "1"
    return Solution(
        sample, "a\n\nb", ("a", "b"), FinishReason.STOP, answer, correct, Usage(5, 0, 7), 0
    )
