"""From finished work units to rows.

`Commit` pairs a unit with its result and its problem, and refuses pairs that
don't fit: a done pool block must bring exactly its samples, a done score block
exactly the scores of its block's samples. What passes is whole.

The store knows units by three protocols, one a kind, so a new search needs no
change here as long as it can say its strategy, budget and parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ttsgrid.core.errors import StoreError
from ttsgrid.core.identity import Canonical, canonical_json
from ttsgrid.core.records import Problem, Solution, StepScores, UnitResult, Usage
from ttsgrid.core.units import ModelIdentity, SampleBlock, SamplingIdentity, ScoreBlock

Row = dict[str, object]


class SearchUnit(Protocol):
    """What the store needs of a search: one tree of one strategy for one problem."""

    @property
    def id(self) -> str:
        """Content address of this tree."""

    @property
    def family(self) -> str:
        """Content address of the run that the tree belongs to."""

    @property
    def kind(self) -> str:
        """Always `search`."""

    @property
    def problem_id(self) -> str:
        """The problem searched."""

    @property
    def policy(self) -> ModelIdentity:
        """The model that writes steps."""

    @property
    def prm(self) -> ModelIdentity:
        """The model that scores steps."""

    @property
    def sampling(self) -> SamplingIdentity:
        """How the policy samples steps."""

    @property
    def strategy(self) -> str:
        """Name of the strategy, e.g. `beam`."""

    @property
    def budget(self) -> int | None:
        """N of the search; None where N is not the tree's own (a DVTS subtree)."""

    @property
    def params(self) -> Mapping[str, Canonical]:
        """Everything else that determines the outcome, as plain JSON data."""


StoreUnit = SampleBlock | ScoreBlock | SearchUnit


@dataclass(frozen=True)
class Commit:
    """A finished unit on its way into the store.

    Raises:
        StoreError: the result is another unit's, the problem another problem's,
            or a result without an error lacks samples of its block.
    """

    unit: StoreUnit
    result: UnitResult
    problem: Problem

    def __post_init__(self) -> None:
        if self.result.unit_id != self.unit.id:
            raise StoreError(f"result of unit {self.result.unit_id} offered for {self.unit.id}")
        if self.problem.id != self.problem_id:
            raise StoreError(
                f"unit {self.unit.id} is on problem {self.problem_id}, not {self.problem.id}"
            )
        if self.done:
            self._require_whole()

    @property
    def done(self) -> bool:
        """Whether the unit succeeded."""
        return self.result.error is None

    @property
    def problem_id(self) -> str:
        """Id of the unit's problem."""
        return self._pool_or_search.problem_id

    @property
    def policy(self) -> ModelIdentity:
        """The policy whose solutions these are."""
        return self._pool_or_search.policy

    @property
    def prm(self) -> ModelIdentity | None:
        """The PRM that scored; None for a sample block."""
        return None if isinstance(self.unit, SampleBlock) else self.unit.prm

    @property
    def block(self) -> SampleBlock | None:
        """The sample block sampled or scored; None for a search."""
        if isinstance(self.unit, ScoreBlock):
            return self.unit.block
        return self.unit if isinstance(self.unit, SampleBlock) else None

    @property
    def _pool_or_search(self) -> SampleBlock | SearchUnit:
        return self.unit.block if isinstance(self.unit, ScoreBlock) else self.unit

    def _require_whole(self) -> None:
        if self.block is None:
            return
        scored = isinstance(self.unit, ScoreBlock)
        parts: tuple[StepScores, ...] | tuple[Solution, ...] = (
            self.result.scores if scored else self.result.solutions
        )
        found = sorted(part.sample for part in parts)
        if found != list(range(self.block.start, self.block.stop)):
            raise StoreError(
                f"{self.unit.kind} unit {self.unit.id} must bring samples "
                f"{self.block.start} to {self.block.stop - 1}, each once; it brings {found}"
            )


def unit_row(commit: Commit, run_id: str, committed_at: datetime) -> Row:
    """Return the row of table `units`."""
    unit, result, block = commit.unit, commit.result, commit.block
    return {
        "unit_id": unit.id,
        "kind": unit.kind,
        "family": unit.family,
        "status": "done" if commit.done else "failed",
        "error": result.error,
        "problem_id": commit.problem_id,
        "benchmark": commit.problem.benchmark,
        "policy": commit.policy.name,
        "policy_id": commit.policy.id,
        "prm": commit.prm.name if commit.prm else None,
        "prm_id": commit.prm.id if commit.prm else None,
        "spec": canonical_json(unit_spec(commit)),
        "start": block.start if block else None,
        "stop": block.stop if block else None,
        "attempt": result.attempt,
        "seconds": result.seconds,
        **_tokens(result.policy_usage, "policy_"),
        **_tokens(result.prm_usage, "prm_"),
        "provenance": canonical_json(result.provenance),
        "trace": result.trace,
        "run_id": run_id,
        "committed_at": committed_at,
    }


def unit_spec(commit: Commit) -> dict[str, object]:
    """Return what determines the unit's outcome, as data that hashes and prints."""
    spec: dict[str, object] = {
        "kind": commit.unit.kind,
        "problem": commit.problem_id,
        "policy": commit.policy.id,
        "sampling": commit._pool_or_search.sampling.as_json(),
    }
    if commit.prm:
        spec["prm"] = commit.prm.id
    if commit.block:
        return spec | {"start": commit.block.start, "stop": commit.block.stop}
    search = commit._pool_or_search
    assert not isinstance(search, SampleBlock)
    return spec | {"strategy": search.strategy, "budget": search.budget, "params": search.params}


def solution_rows(commit: Commit) -> Iterable[Row]:
    """Yield the rows of table `solutions`; none for failed units and score blocks."""
    if not commit.done or isinstance(commit.unit, ScoreBlock):
        return
    for solution in commit.result.solutions:
        yield _solution_row(commit, solution)


def score_rows(commit: Commit) -> Iterable[Row]:
    """Yield the rows of table `scores`; none unless the unit is a done score block."""
    if not commit.done or not isinstance(commit.unit, ScoreBlock):
        return
    for scores in commit.result.scores:
        yield _score_row(commit.unit, scores)


def _solution_row(commit: Commit, solution: Solution) -> Row:
    unit = commit._pool_or_search
    search = None if isinstance(unit, SampleBlock) else unit
    return {
        "unit_id": unit.id,
        "family": unit.family,
        "kind": unit.kind,
        "problem_id": unit.problem_id,
        "benchmark": commit.problem.benchmark,
        "policy": unit.policy.name,
        "policy_id": unit.policy.id,
        "prm": search.prm.name if search else None,
        "strategy": search.strategy if search else None,
        "temperature": unit.sampling.temperature,
        "budget": search.budget if search else None,
        "sample": solution.sample,
        "text": solution.text,
        "steps": list(solution.steps),
        "num_steps": len(solution.steps),
        "finish_reason": solution.finish_reason.value,
        "answer": solution.answer,
        "correct": solution.correct,
        **_tokens(solution.usage),
        "seed": solution.seed,
        "step_scores": list(solution.step_scores) if search else None,
    }


def _score_row(unit: ScoreBlock, scores: StepScores) -> Row:
    return {
        "unit_id": unit.id,
        "family": unit.family,
        "pool_family": unit.block.family,
        "block_id": unit.block.id,
        "problem_id": unit.block.problem_id,
        "policy": unit.block.policy.name,
        "prm": unit.prm.name,
        "prm_id": unit.prm.id,
        "sample": scores.sample,
        "step_scores": list(scores.scores),
        **_tokens(scores.usage),
    }


def _tokens(usage: Usage, prefix: str = "") -> Row:
    return {
        f"{prefix}prompt_tokens": usage.prompt_tokens,
        f"{prefix}cached_tokens": usage.cached_tokens,
        f"{prefix}generated_tokens": usage.generated_tokens,
    }
