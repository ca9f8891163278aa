"""What each kind of step labels brings, on the same solutions and at a size for two cores.

Training problems with right and wrong samples fall into two parts by a hash. On the one, heads
learn from the same solutions under each kind of labels, on the strongest policy's frozen
layers; on the other they are measured. A LoRA for each kind would take hours here; so this
compares labels, and no head with the PRM that ships.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from torch import nn

from ttsgrid.core.voting import Bools, Floats, aggregate
from ttsgrid.models import Tokenizer
from ttsgrid.smollm2.family import ComparisonSpec, RolloutSpec
from ttsgrid.smollm2.heads import read_marks, scores_of_heads, train_heads
from ttsgrid.smollm2.judging import step_auc
from ttsgrid.smollm2.labels import ARITHMETIC, MONTE_CARLO, OUTCOME, of_kind
from ttsgrid.smollm2.measure import paired_difference, ranking_rates, within_problem
from ttsgrid.smollm2.prms import MarkedSolution, mark_solution
from ttsgrid.smollm2.problems import WordProblem
from ttsgrid.smollm2.rollouts import chosen_for_prm
from ttsgrid.smollm2.solutions import Solution, by_problem

KINDS = (
    OUTCOME,
    MONTE_CARLO,
    ARITHMETIC,
    f"{OUTCOME}+{ARITHMETIC}",
    f"{MONTE_CARLO}+{ARITHMETIC}",
)
FOLDS = ("last", "min")


@dataclass(frozen=True)
class Compared:
    """The solutions of a comparison.

    Attributes:
        learnt: what heads learn from.
        judged: all samples of other problems, on which they are measured.
    """

    learnt: list[Solution]
    judged: list[Solution]

    def to_complete(self, spec: ComparisonSpec) -> list[Solution]:
        """Return the wrong solutions whose steps are labelled by completing them."""
        wrong = [one for one in self.judged if not one.correct]
        return [one for one in self.learnt if not one.correct] + wrong[: spec.num_completed]


def chosen_for_comparison(
    solutions: Sequence[Solution],
    problems: Sequence[WordProblem],
    rollouts: RolloutSpec,
    spec: ComparisonSpec,
) -> Compared:
    """Part the problems that have right and wrong samples."""
    groups = by_problem([one for one in solutions if one.steps])
    mixed = [i for i, group in groups.items() if len({one.correct for one in group}) == 2]
    mixed.sort(key=lambda i: hashlib.sha256(problems[i].question.encode()).digest())
    first, second = mixed[: spec.num_learnt], mixed[spec.num_learnt :][: spec.num_judged]
    return Compared(
        chosen_for_prm([one for i in first for one in groups[i]], problems, rollouts),
        [one for i in second for one in groups[i]],
    )


@dataclass(frozen=True)
class Marker:
    """Reads solutions as the PRM does.

    Attributes:
        tokenizer: the one with the mark.
        trunk: the strongest policy's layers.
        problems: those that were solved.
    """

    tokenizer: Tokenizer
    trunk: nn.Module
    problems: Sequence[WordProblem]

    def marked(self, solutions: Sequence[Solution]) -> list[MarkedSolution]:
        """Encode solutions; their labels are the outcome's."""
        return [
            mark_solution(
                self.tokenizer,
                self.problems[one.problem].question,
                one.steps,
                [one.correct] * len(one.steps),
            )
            for one in solutions
        ]


def compare_labels(
    compared: Compared,
    completed: Sequence[Solution],
    by_people: Sequence[MarkedSolution],
    marker: Marker,
    spec: ComparisonSpec,
) -> dict[str, Any]:
    """Return the figures of heads under each kind of labels.

    Args:
        compared: the solutions.
        completed: those of `to_complete`, labelled by Monte Carlo.
        by_people: ProcessBench's solutions with their labels.
        marker: reads them all.
        spec: sizes.
    """
    known = {(one.problem, one.text): one for one in completed}
    read_learnt, read_judged, read_people = (
        read_marks(marker.trunk, data)
        for data in (marker.marked(compared.learnt), marker.marked(compared.judged), by_people)
    )
    figures: dict[str, dict[str, Any]] = {}
    rates: dict[str, list[Floats]] = {}
    for kind in KINDS:
        labels = [
            of_kind(kind, one, known.get((one.problem, one.text))).labels for one in compared.learnt
        ]
        heads = train_heads(read_learnt, labels, spec)
        scores = scores_of_heads(heads, read_judged)
        people = [one.labels for one in by_people]
        tables = [_table(compared.judged, scores, fold) for fold in FOLDS]
        rates[kind] = [ranking_rates(*table) for table in tables]
        apart = map(paired_difference, rates[kind], rates[OUTCOME])
        figures[kind] = {
            "good": float(np.mean([label for one in labels for label in one])),
            "within_problem": dict(zip(FOLDS, (within_problem(*t) for t in tables), strict=True)),
            "less_outcome": dict(zip(FOLDS, apart, strict=True)),
            "step_auc": _step_aucs(compared.judged, scores, known)
            | {"people": step_auc(scores_of_heads(heads, read_people), people, range(len(people)))},
        }
    return {"size": _size(compared, completed, by_people), "spec": asdict(spec), "kinds": figures}


def _table(
    solutions: Sequence[Solution], scores: Sequence[Sequence[float]], fold: str
) -> tuple[Floats, Bools]:
    """Lay folded scores out problem by problem; where samples without steps lack, NaN."""
    numbers = {problem: row for row, problem in enumerate(by_problem(solutions))}
    width = max(len(group) for group in by_problem(solutions).values())
    folded = np.full((len(numbers), width), np.nan)
    correct = np.zeros((len(numbers), width), bool)
    filled = [0] * len(numbers)
    for one, steps in zip(solutions, scores, strict=True):
        row = numbers[one.problem]
        folded[row, filled[row]] = aggregate(steps, fold)
        correct[row, filled[row]] = one.correct
        filled[row] += 1
    return folded, correct


def _step_aucs(
    judged: Sequence[Solution],
    scores: Sequence[Sequence[float]],
    completed: Mapping[tuple[int, str], Solution],
) -> dict[str, Any]:
    """Return how steps are ranked by truths that need no people, on the judged problems."""
    found = {}
    for kind in (MONTE_CARLO, ARITHMETIC):
        known = [
            (of_kind(kind, one, completed.get((one.problem, one.text))), steps)
            for one, steps in zip(judged, scores, strict=True)
            if kind == ARITHMETIC or one.correct or (one.problem, one.text) in completed
        ]
        numbers = {problem: n for n, problem in enumerate(by_problem([one for one, _ in known]))}
        found[kind] = step_auc(
            [steps for _, steps in known],
            [one.labels for one, _ in known],
            [numbers[one.problem] for one, _ in known],
        )
    return found


def _size(
    compared: Compared, completed: Sequence[Solution], by_people: Sequence[MarkedSolution]
) -> dict[str, int]:
    judged_problems = {one.problem for one in compared.judged}
    judged_completed = sum(one.problem in judged_problems for one in completed)
    return {
        "learnt_problems": len(by_problem(compared.learnt)),
        "learnt_solutions": len(compared.learnt),
        "learnt_steps": sum(len(one.steps) for one in compared.learnt),
        "judged_problems": len(by_problem(compared.judged)),
        "judged_solutions": len(compared.judged),
        "learnt_completed": len(completed) - judged_completed,
        "judged_completed": judged_completed,
        "people": len(by_people),
    }
