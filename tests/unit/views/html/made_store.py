"""A store that reads like a real one: the zoo's problems, made-up models, written by commits.

A made policy follows the recipe, slips at each step with a known rate and gets some
operations wrong nearly always; a made PRM sees wrong steps through noise. So there are
easy and hard problems, misled votes, wrong steps with low scores, searches with traces, a failed
unit, hosts and versions: everything a report shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.unit.views.html.made_searches import beam_commit
from ttsgrid.benchmarks import load_benchmark
from ttsgrid.benchmarks.zoo.task import Recipe, boxed_answer, test_set
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

BLOCK_TOKENS = 512  # longer than any prompt or solution: nothing is shared
PROVENANCE = {"host": "node-7", "ttsgrid": "0.0", "vllm": "0.0", "num_gpus": "0"}


@dataclass(frozen=True)
class MadePolicy:
    """Slips at a step with probability `slip`; nearly always at a share of operands."""

    name: str
    slip: float
    blind: float
    num_parameters: int | None

    @property
    def identity(self) -> ModelIdentity:
        return ModelIdentity(self.name, f"made/{self.name}", f"revision-{self.name}", "{}")


@dataclass(frozen=True)
class MadePrm:
    """Its logits of right and wrong steps lie `sharpness` deviations apart."""

    name: str
    sharpness: float

    @property
    def identity(self) -> ModelIdentity:
        return ModelIdentity(self.name, f"made/{self.name}", f"revision-{self.name}", '{"prm":1}')


@dataclass(frozen=True)
class MadeWorld:
    """What to make: by default three policies and two PRMs, as in the default sweep."""

    policies: tuple[MadePolicy, ...] = (
        MadePolicy("made-s", 0.14, 0.16, 100_000),
        MadePolicy("made-m", 0.10, 0.10, 400_000),
        MadePolicy("made-l", 0.06, 0.06, 1_600_000),
    )
    prms: tuple[MadePrm, ...] = (MadePrm("judge", 1.7), MadePrm("critic", 0.9))
    num_problems: int = 40
    pool_size: int = 16
    searches: bool = True
    seed: int = 0


def write_made_store(path: Path, world: MadeWorld) -> None:
    """Write the world's store; the last unit of the first policy fails."""
    problems = load_benchmark("zoo", num_problems=world.num_problems, seed=0)
    recipes = test_set(world.num_problems)
    with Store.open(path, run_id="made") as store:
        store.write_problems(problems)
        store.write_models(
            [
                *(ModelRecord(p.identity, "policy", p.num_parameters) for p in world.policies),
                *(ModelRecord(p.identity, "prm", 200_000) for p in world.prms),
            ]
        )
        for policy in world.policies:
            pairs = zip(problems, recipes, strict=True)
            store.commit([c for p, r in pairs for c in _commits(world, policy, p, r)])
        store.commit([_failed(world.policies[0], problems[0])])


def _failed(policy: MadePolicy, problem: Problem) -> Commit:
    unit = SampleBlock(problem.id, policy.identity, SamplingIdentity(2.0, 1.0, 99, 0), 0, 4)
    return Commit(unit, UnitResult(unit.id, error="EngineError: made to fail"), problem)


def _commits(
    world: MadeWorld, policy: MadePolicy, problem: Problem, recipe: Recipe
) -> Iterator[Commit]:
    rng = np.random.default_rng([world.seed, problem.index, int(1000 * policy.slip)])
    greedy = SampleBlock(problem.id, policy.identity, SamplingIdentity(0.0, 1.0, 99, 0), 0, 1)
    yield _sampled(policy, greedy, problem, recipe, rng)
    sampling = SamplingIdentity(0.7, 1.0, 99, 0)
    for start, stop in pool_blocks(world.pool_size):
        block = SampleBlock(problem.id, policy.identity, sampling, start, stop)
        pool = _sampled(policy, block, problem, recipe, rng)
        yield pool
        for prm in world.prms:
            yield _scored(block, problem, recipe, prm, pool.result, rng)
    for prm in world.prms[:1] if world.searches else ():
        yield _searched(policy, prm, problem, recipe, rng)


def _sampled(
    policy: MadePolicy,
    block: SampleBlock,
    problem: Problem,
    recipe: Recipe,
    rng: np.random.Generator,
) -> Commit:
    calm = 0.7 if block.sampling.greedy else 1.0
    samples = range(block.start, block.stop)
    solutions = tuple(_solution(policy, calm, sample, recipe, rng) for sample in samples)
    generated = sum(s.usage.generated_tokens for s in solutions)
    prompt = solutions[0].usage.prompt_tokens
    result = UnitResult(
        block.id,
        solutions=solutions,
        policy_usage=Usage(prompt, 0, generated),
        price=Price(
            Usage(prompt * len(solutions), 0, generated),
            question_tokens=prompt,
            policy_block_tokens=BLOCK_TOKENS,
        ),
        seconds=0.01 * generated,
        provenance=PROVENANCE,
    )
    return Commit(block, result, problem)


def _solution(
    policy: MadePolicy, calm: float, sample: int, recipe: Recipe, rng: np.random.Generator
) -> Solution:
    steps: tuple[str, ...] = ()
    while len(steps) < len(recipe.steps):
        steps = (*steps, _next_step(policy, calm, recipe, rng, steps))
    answer = boxed_answer(steps[-1])
    return Solution(
        sample=sample,
        text="\n\n".join(steps),
        steps=steps,
        finish_reason=FinishReason.STOP,
        answer=answer,
        correct=answer == str(recipe.answer),
        usage=Usage(4 + 4 * len(recipe.operations), 0, 6 * len(steps)),
        seed=sample,
    )


def _next_step(
    policy: MadePolicy,
    calm: float,
    recipe: Recipe,
    rng: np.random.Generator,
    steps: tuple[str, ...],
) -> str:
    value = int(steps[-1].rsplit(" ", 1)[1]) if steps else recipe.start
    if len(steps) == len(recipe.operations):
        return f"The answer is \\boxed{{{value}}}."
    operation = recipe.operations[len(steps)]
    blind = (7 * operation.operand) % 47 < 47 * policy.blind
    rate = 0.92 if blind else calm * policy.slip
    # A slip is off by a little, so that wrong answers repeat and votes can be misled.
    after = (operation.apply(value) + (rng.random() < rate) * int(rng.integers(1, 4))) % 47
    return f"{value} {operation.symbol} {operation.operand} = {after}"


def _scored(
    block: SampleBlock,
    problem: Problem,
    recipe: Recipe,
    prm: MadePrm,
    pool: UnitResult,
    rng: np.random.Generator,
) -> Commit:
    scores = tuple(
        StepScores(
            s.sample,
            _step_scores(prm, s.steps, recipe, rng),
            Usage(20 + 7 * len(s.steps), 0, 0),
            input_tokens=20 + 7 * len(s.steps),
        )
        for s in pool.solutions
    )
    unit = ScoreBlock(block, prm.identity)
    usage = Usage(sum(s.usage.prompt_tokens for s in scores), 0, 0)
    result = UnitResult(
        unit.id,
        scores=scores,
        prm_usage=usage,
        price=Price(prm=usage, prm_block_tokens=BLOCK_TOKENS),
        seconds=0.1,
        provenance=PROVENANCE,
    )
    return Commit(unit, result, problem)


def _step_scores(
    prm: MadePrm, steps: tuple[str, ...], recipe: Recipe, rng: np.random.Generator
) -> tuple[float, ...]:
    right = np.cumprod([step == true for step, true in zip(steps, recipe.steps, strict=False)])
    logits = prm.sharpness * (2 * right - 1) + rng.normal(size=len(steps))
    return tuple(float(x) for x in 1 / (1 + np.exp(-logits)))


def _searched(
    policy: MadePolicy, prm: MadePrm, problem: Problem, recipe: Recipe, rng: np.random.Generator
) -> Commit:
    return beam_commit(
        problem,
        recipe,
        policy.identity,
        prm.identity,
        lambda steps: _next_step(policy, 1.0, recipe, rng, steps),
        lambda steps: _step_scores(prm, steps, recipe, rng)[-1],
    )
