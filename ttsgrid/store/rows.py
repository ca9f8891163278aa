"""From finished work units to rows.

`Commit` pairs a unit with its result and its problem, and refuses pairs that
don't fit: a done pool block must bring exactly its samples, a done score block
exactly the scores of its block's samples. What passes is whole.

Units answer for themselves (`ttsgrid.core.units`), so a new search needs no change here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ttsgrid.core.errors import StoreError
from ttsgrid.core.identity import canonical_json
from ttsgrid.core.records import Price, Problem, Solution, StepScores, UnitResult, Usage
from ttsgrid.core.units import SearchTree, Unit

Row = dict[str, object]


@dataclass(frozen=True)
class Commit:
    """A finished unit on its way into the store.

    Raises:
        StoreError: the result is another unit's, the problem another problem's,
            or a result without an error lacks samples of its block.
    """

    unit: Unit
    result: UnitResult
    problem: Problem

    def __post_init__(self) -> None:
        if self.result.unit_id != self.unit.id:
            raise StoreError(f"result of unit {self.result.unit_id} offered for {self.unit.id}")
        if self.problem.id != self.unit.problem_id:
            raise StoreError(
                f"unit {self.unit.id} is on problem {self.unit.problem_id}, not {self.problem.id}"
            )
        if self.done:
            self._require_whole()

    @property
    def done(self) -> bool:
        """Whether the unit succeeded."""
        return self.result.error is None

    def _require_whole(self) -> None:
        block, result = self.unit.block, self.result
        if block is None:
            return
        parts: Sequence[StepScores | Solution] = (
            result.scores if self.unit.awaits else result.solutions
        )
        samples = sorted(part.sample for part in parts)
        if samples != list(range(block.start, block.stop)):
            raise StoreError(
                f"{self.unit.kind} unit {self.unit.id} must bring samples "
                f"{block.start} to {block.stop - 1}, each once; it brings {samples}"
            )


def unit_row(
    commit: Commit, run_id: str, committed_at: datetime, epoch: int, commit_number: int
) -> Row:
    """Return the row of table `units`."""
    unit, result, block = commit.unit, commit.result, commit.unit.block
    return {
        "unit_id": unit.id,
        "kind": unit.kind,
        "family": unit.family,
        "status": "done" if commit.done else "failed",
        "error": result.error,
        "problem_id": unit.problem_id,
        "benchmark": commit.problem.benchmark,
        "policy": unit.policy.name,
        "policy_id": unit.policy.id,
        "prm": unit.prm.name if unit.prm else None,
        "prm_id": unit.prm.id if unit.prm else None,
        "spec": canonical_json(unit.spec),
        "start": block.start if block else None,
        "stop": block.stop if block else None,
        "attempt": result.attempt,
        "seconds": result.seconds,
        **_tokens(result.policy_usage, "policy_"),
        **_tokens(result.prm_usage, "prm_"),
        **_price(result.price),
        **_search_columns(unit.tree),
        **_place(result.provenance),
        "sampling": unit.sampling.text,
        "temperature": unit.sampling.temperature,
        "provenance": canonical_json(result.provenance),
        "trace": result.trace,
        "run_id": run_id,
        "committed_at": committed_at,
        "epoch": epoch,
        "commit_number": commit_number,
    }


def _price(price: Price | None) -> Row:
    """Return what the unit costs alone; nothing where that is unknown."""
    if price is None:
        return {}
    return {
        **_tokens(price.policy, "policy_lone_"),
        **_tokens(price.prm, "prm_lone_"),
        "question_tokens": price.question_tokens,
        "policy_block_tokens": price.policy_block_tokens,
        "prm_block_tokens": price.prm_block_tokens,
        "prm_prefix_keys": list(price.prm_prefixes.keys),
        "prm_prefix_tokens": list(price.prm_prefixes.tokens),
    }


def _search_columns(tree: SearchTree | None) -> Row:
    if tree is None:
        return {}
    return {
        "strategy": tree.strategy,
        "budget": tree.budget,
        "subtree": tree.subtree,
        "beam_width": tree.beam_width,
        "preset": tree.preset,
        "params": tree.settings.text,
    }


def _place(provenance: Mapping[str, str]) -> Row:
    """Return where the unit ran, as far as its worker said."""
    num_gpus = provenance.get("num_gpus")
    return {
        "host": provenance.get("host"),
        "device": provenance.get("device"),
        "num_gpus": None if num_gpus is None else int(num_gpus),
        "process": provenance.get("process"),
    }


def solution_rows(commit: Commit) -> Iterable[Row]:
    """Yield the rows of table `solutions`; none for failed units and score blocks."""
    if not commit.done:
        return
    for solution in commit.result.solutions:
        yield _solution_row(commit, solution)


def score_rows(commit: Commit) -> Iterable[Row]:
    """Yield the rows of table `scores`; none unless the unit is a done score block."""
    if not commit.done:
        return
    for scores in commit.result.scores:
        yield _score_row(commit.unit, scores)


def _solution_row(commit: Commit, solution: Solution) -> Row:
    unit, search = commit.unit, commit.unit.tree
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
        "outcome": solution.outcome,
        "outcome_detail": solution.outcome_detail,
        "reasoning": solution.reasoning,
        "reasoning_tokens": solution.reasoning_tokens,
    }


def _score_row(unit: Unit, scores: StepScores) -> Row:
    assert unit.block is not None
    assert unit.prm is not None
    return {
        "unit_id": unit.id,
        "family": unit.family,
        "pool_family": unit.block.family,
        "block_id": unit.block.id,
        "problem_id": unit.problem_id,
        "policy": unit.policy.name,
        "prm": unit.prm.name,
        "prm_id": unit.prm.id,
        "sample": scores.sample,
        "step_scores": list(scores.scores),
        **_tokens(scores.usage),
        "unscored": scores.unscored,
        "input_tokens": scores.input_tokens,
        "prefix_keys": list(scores.prefixes.keys),
        "prefix_tokens": list(scores.prefixes.tokens),
    }


def _tokens(usage: Usage, prefix: str = "") -> Row:
    return {
        f"{prefix}prompt_tokens": usage.prompt_tokens,
        f"{prefix}cached_tokens": usage.cached_tokens,
        f"{prefix}generated_tokens": usage.generated_tokens,
    }
