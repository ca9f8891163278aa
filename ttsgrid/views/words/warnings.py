"""What a reader must know before the figures: sentences that name the setting to change."""

from __future__ import annotations

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.core.stated import few_answers_warning


def answer_warnings(frontier: Frontier, benchmark: str) -> tuple[str, ...]:
    """Return a warning for each policy whose solutions (nearly) never state an answer."""
    return tuple(
        few_answers_warning(
            f"of {few.policy} to {few.benchmark}", few.num_solutions, few.num_answered
        )
        for few in frontier.few_answers
        if few.benchmark == benchmark
    )
