"""A small store made up from known success rates, written through the store's own door."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np

from tests.unit.analysis.trees import Search, search_commits
from ttsgrid.core.price import distinct, prefixes_of, tail_tokens
from ttsgrid.core.records import (
    FinishReason,
    Price,
    Problem,
    Solution,
    StepScores,
    UnitResult,
    Usage,
)
from ttsgrid.core.units import ModelIdentity, SampleBlock, SamplingIdentity, ScoreBlock, pool_blocks
from ttsgrid.store import Commit, ModelRecord, Store

PROMPT_TOKENS = 20
TAIL_TOKENS = 4  # of a prompt of 20 tokens, beyond its one whole block
BLOCK_TOKENS = 16
GENERATED_TOKENS = 50
PRM_TOKENS = 75
PRM_QUESTION_TOKENS = 40  # two whole blocks, which all inputs of a problem share


@dataclass(frozen=True)
class Policy:
    """A policy whose pass@1 on a problem of ease e in (0, 1) is e ** (1 / skill)."""

    name: str
    skill: float
    num_parameters: int

    @property
    def identity(self) -> ModelIdentity:
        return ModelIdentity(self.name, f"made/{self.name}", self.name, "{}")


@dataclass(frozen=True)
class Prm:
    """A PRM whose scores of right and wrong solutions lie `sharpness` deviations apart."""

    name: str
    sharpness: float

    @property
    def identity(self) -> ModelIdentity:
        return ModelIdentity(self.name, f"made/{self.name}", self.name, '{"prm":true}')


@dataclass(frozen=True)
class World:
    """What to make up."""

    policies: tuple[Policy, ...] = (
        Policy("tiny", 0.35, 1_000_000),
        Policy("small", 0.9, 3_000_000),
        Policy("large", 2.5, 12_000_000),
    )
    prms: tuple[Prm, ...] = (Prm("sharp", 2.5), Prm("dull", 1.2))
    num_problems: int = 40
    pool_size: int = 16
    num_answers: int = 12
    benchmark: str = "made-up"
    problem_prefix: str = "p"
    seed: int = 0
    searches: tuple[Search, ...] = ()
    cot: bool = True


def write_store(path: Path, world: World) -> None:
    """Write the world's store: CoT, a pool, its scores and searches per (problem, policy)."""
    problems = [
        Problem(f"{world.problem_prefix}{i:04}", world.benchmark, i, f"question {i}", "0")
        for i in range(world.num_problems)
    ]
    with Store.open(path, run_id="synthetic") as store:
        store.write_problems(problems)
        store.write_models(
            [
                *(ModelRecord(p.identity, "policy", p.num_parameters, 1e9) for p in world.policies),
                *(ModelRecord(p.identity, "prm", 2_000_000) for p in world.prms),
            ]
        )
        for policy in world.policies:
            store.commit([c for p in problems for c in _commits(world, policy, p)])


def _commits(world: World, policy: Policy, problem: Problem) -> list[Commit]:
    rng = np.random.default_rng([world.seed, problem.index, policy.num_parameters])
    ease = (problem.index + 0.5) / world.num_problems
    rate = ease ** (1 / policy.skill)
    greedy = SampleBlock(problem.id, policy.identity, SamplingIdentity(0.0, 1.0, 99, 0), 0, 1)
    commits = []
    if world.cot:
        commits.append(_sampled(world, greedy, problem, rng, min(1.0, rate * 1.1)))
    sampling = SamplingIdentity(0.7, 1.0, 99, 0)
    for start, stop in pool_blocks(world.pool_size):
        block = SampleBlock(problem.id, policy.identity, sampling, start, stop)
        pool = _sampled(world, block, problem, rng, rate)
        commits += [pool, *(_scored(block, problem, p, pool.result, rng) for p in world.prms)]
    for search in world.searches:
        if problem.index < search.num_problems:
            for prm in world.prms:
                trees = search_commits(search, problem, policy.identity, prm.identity, rate)
                commits.extend(trees)
    return commits


def _sampled(
    world: World, block: SampleBlock, problem: Problem, rng: np.random.Generator, rate: float
) -> Commit:
    solutions = tuple(
        _solution(world, sample, bool(rng.random() < rate), rng)
        for sample in range(block.start, block.stop)
    )
    usage = reduce(add, (s.usage for s in solutions))
    alone = Usage(usage.prompt_tokens, _shared(len(solutions)), usage.generated_tokens)
    price = Price(alone, question_tokens=PROMPT_TOKENS, policy_block_tokens=BLOCK_TOKENS)
    result = UnitResult(block.id, solutions=solutions, policy_usage=usage, price=price, seconds=0.5)
    return Commit(block, result, problem)


def _shared(num_samples: int) -> int:
    """Prompt tokens that a block's samples read from the cache that its first one filled."""
    return (num_samples - 1) * (PROMPT_TOKENS - tail_tokens(PROMPT_TOKENS, BLOCK_TOKENS))


def _solution(world: World, sample: int, correct: bool, rng: np.random.Generator) -> Solution:
    # Wrong answers repeat, the first one most often, and one in ten has none.
    wrong = 1 + int(min(rng.geometric(0.4), world.num_answers))
    answer = "0" if correct else None if rng.random() < 0.1 else str(wrong)
    tokens = GENERATED_TOKENS + int(rng.integers(-5, 6))
    return Solution(
        sample=sample,
        text="text",
        steps=("one", "two", "three"),
        finish_reason=FinishReason.STOP,
        answer=answer,
        correct=correct,
        # The pool's first sample computes the prompt, the others read it from the cache.
        usage=Usage(PROMPT_TOKENS, PROMPT_TOKENS if sample else 0, tokens),
        seed=sample,
    )


def _scored(
    block: SampleBlock, problem: Problem, prm: Prm, pool: UnitResult, rng: np.random.Generator
) -> Commit:
    scores = tuple(_scored_sample(prm, problem, s, rng) for s in pool.solutions)
    unit, usage = ScoreBlock(block, prm.identity), reduce(add, (s.usage for s in scores))
    computed = distinct(s.prefixes for s in scores).num_tokens
    alone = Usage(usage.prompt_tokens, usage.prompt_tokens - computed)
    result = UnitResult(
        unit.id,
        scores=scores,
        prm_usage=usage,
        price=Price(prm=alone, prm_block_tokens=BLOCK_TOKENS),
        seconds=0.1,
    )
    return Commit(unit, result, problem)


def _scored_sample(
    prm: Prm, problem: Problem, solution: Solution, rng: np.random.Generator
) -> StepScores:
    """A sample's scores; samples with the same answer begin alike, and differ at the end."""
    steps = _step_scores(prm, solution.correct, rng)
    answer = int(solution.answer or -1)
    ids = [problem.index] * PRM_QUESTION_TOKENS + [answer] * 20
    ids += [1000 + solution.sample] * (PRM_TOKENS - len(ids))
    return StepScores(
        solution.sample,
        steps,
        Usage(PRM_TOKENS, 0, 0),
        input_tokens=PRM_TOKENS,
        prefixes=prefixes_of(ids, BLOCK_TOKENS),
    )


def _step_scores(prm: Prm, correct: bool, rng: np.random.Generator) -> tuple[float, ...]:
    centre = prm.sharpness * (1.0 if correct else 0.0) - prm.sharpness / 2
    logits = centre + rng.normal(size=1) + 0.5 * rng.normal(size=3)
    return tuple(float(x) for x in 1 / (1 + np.exp(-logits)))
