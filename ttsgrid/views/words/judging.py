"""Who judged a benchmark's answers, in a sentence."""

from __future__ import annotations

from ttsgrid.analysis.frontier import Frontier


def judged_by(frontier: Frontier, benchmark: str) -> tuple[str, ...]:
    """Return a sentence that names the grader and what it takes for the same answer."""
    return tuple(
        f"Answers are judged by the grader {one.grader}: {one.equality}."
        for one in frontier.judgings
        if one.benchmark == benchmark
    )
