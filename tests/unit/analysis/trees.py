"""Searches made up for the synthetic store: their units and what they bring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttsgrid.core.price import distinct, prefixes_of
from ttsgrid.core.records import FinishReason, Price, Problem, Solution, UnitResult, Usage
from ttsgrid.core.search_settings import SearchSettings, preset
from ttsgrid.core.units import ModelIdentity, SamplingIdentity, SearchTree
from ttsgrid.store import Commit

BLOCK_TOKENS = 16
QUESTION_TOKENS = 20  # one whole block, which subtrees share
STEP_SAMPLING = SamplingIdentity(0.7, 1.0, 33, 0)  # max_tokens of a step, not of a solution


@dataclass(frozen=True)
class Search:
    """A search to make up: one tree at a budget, or DVTS in subtrees without one.

    Attributes:
        lift: what it adds to the policy's success rate.
        num_problems: how many of the benchmark's problems it runs on, the first ones.
    """

    kind: str
    budget: int | None
    num_trees: int = 1
    beam_width: int = 4
    lift: float = 0.1
    num_problems: int = 40
    preset: str = "paper"

    @property
    def settings(self) -> SearchSettings:
        rules = preset(self.preset, self.kind)
        budget = self.budget or self.beam_width
        return SearchSettings(self.kind, budget, self.beam_width, rules=rules)


def search_commits(
    search: Search, problem: Problem, policy: ModelIdentity, prm: ModelIdentity, rate: float
) -> list[Commit]:
    """Make up the trees of one search on one problem."""
    rng = np.random.default_rng([problem.index, search.num_trees, search.budget or 0])
    commits = []
    for index in range(search.num_trees):
        subtree = None if search.budget else index
        unit = SearchTree(problem.id, policy, prm, STEP_SAMPLING, search.settings, subtree)
        beams = (search.budget or search.beam_width**2) // search.beam_width
        answers = tuple(_answer(i, rng, rate + search.lift) for i in range(beams))
        result = UnitResult(
            unit.id,
            solutions=answers,
            policy_usage=Usage(_between(rng, 300), _between(rng, 100), _between(rng, 200)),
            prm_usage=Usage(_between(rng, 500), _between(rng, 300)),
            price=_price(problem, rng),
            seconds=float(rng.integers(1, 9)),
            provenance={"host": "here", "process": "7", "num_gpus": "2"},
        )
        commits.append(Commit(unit, result, problem))
    return commits


def _price(problem: Problem, rng: np.random.Generator) -> Price:
    """What the tree costs alone: as in no run, so that mixing the two up would show."""
    inputs = [
        prefixes_of([problem.index] * 40 + [int(rng.integers(3))] * 30 + [i] * 9, BLOCK_TOKENS)
        for i in range(int(rng.integers(2, 6)))
    ]
    num_tokens, once = sum(one.num_tokens for one in inputs), distinct(inputs)
    return Price(
        policy=Usage(_between(rng, 700), _between(rng, 500), _between(rng, 200)),
        prm=Usage(num_tokens, num_tokens - once.num_tokens),
        question_tokens=QUESTION_TOKENS,
        policy_block_tokens=BLOCK_TOKENS,
        prm_block_tokens=BLOCK_TOKENS,
        prm_prefixes=once,
    )


def _between(rng: np.random.Generator, least: int) -> int:
    return int(rng.integers(least, least + 100))


def _answer(sample: int, rng: np.random.Generator, rate: float) -> Solution:
    correct, finished = bool(rng.random() < rate), bool(rng.random() < 0.9)
    right = correct and finished
    scores = np.clip(rng.normal(0.6 if right else 0.4, 0.2, size=3), 0.01, 0.99)
    return Solution(
        sample=sample,
        text="text",
        steps=("one", "two", "three"),
        finish_reason=FinishReason.STOP if finished else FinishReason.LENGTH,
        answer=("0" if right else str(int(rng.integers(1, 4)))) if finished else None,
        correct=right,
        usage=Usage(0, 0, 60),
        seed=sample,
        step_scores=tuple(float(score) for score in scores),
    )
