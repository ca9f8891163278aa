"""What a model is given to read for one problem, exactly: text, ids, and where scores are read."""

from __future__ import annotations

from dataclasses import dataclass

from ttsgrid.core.records import Problem
from ttsgrid.grid.resolve import ResolvedModel


@dataclass(frozen=True)
class Seen:
    """One model's input for one problem.

    Attributes:
        text: the ids as text, special tokens included.
        ids: what the engine is given; empty for messages, whose ids only a server knows.
        positions: of a PRM, which ids hold the steps' scores.
        notes: what is worth knowing and no reason to stop, in sentences.
    """

    model: ResolvedModel
    text: str
    ids: tuple[int, ...]
    positions: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def sample_steps(problem: Problem) -> list[str]:
    """Return a solution in two steps, which stands for those that a policy will write."""
    return ["Let us think step by step.", f"The answer is \\boxed{{{problem.answer}}}."]


def sample_text(problem: Problem) -> str:
    """Return the problem with that solution as one text."""
    return "\n\n".join([problem.question, *sample_steps(problem)])
