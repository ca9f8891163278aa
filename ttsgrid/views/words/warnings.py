"""What a reader must know before the figures: sentences that name the setting to change."""

from __future__ import annotations

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.core.stated import few_answers_warning
from ttsgrid.core.tally import counted


def answer_warnings(frontier: Frontier, benchmark: str) -> tuple[str, ...]:
    """Return what is amiss with the answers of each policy: hardly any, or undecided ones."""
    few_answers = (
        few_answers_warning(
            f"of {few.policy} to {few.benchmark}", few.num_solutions, few.num_answered
        )
        for few in frontier.few_answers
        if few.benchmark == benchmark
    )
    undecided = (
        f"{counted(one.num_undecided, 'solution')} of {one.policy} to {benchmark} could not be "
        "compared with the gold answer in the grader's limits of time and memory. They count as "
        "wrong and stand alone in votes; column outcome_detail of table solutions names them."
        for one in frontier.undecided
        if one.benchmark == benchmark
    )
    return (*few_answers, *undecided)
