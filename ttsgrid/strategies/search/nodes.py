"""A candidate of a search: one more step of a partial solution, with its past.

A node holds the exact ids sampled so far; children continue those ids, never text
encoded again. Only OPEN nodes can be continued, and only nodes that finished become
complete answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How a candidate's newest step ended."""

    OPEN = "open"
    """At the separator: the solution may go on."""
    END_MARK = "end_mark"
    """At the model's own end mark, after at least one step: it finished."""
    FINAL_TEXT = "final_text"
    """At the separator, and the solution states its final answer: it finished."""
    CUT_OFF = "cut_off"
    """By a token limit: not a step, whatever its text says."""
    EMPTY = "empty"
    """Without text, so there is no step to score."""
    UNREADABLE = "unreadable"
    """The PRM can't read the solution any more: the branch ends, cut off."""


FINISHED = (Ending.END_MARK, Ending.FINAL_TEXT)
DROPPED = (Ending.CUT_OFF, Ending.EMPTY, Ending.UNREADABLE)


# Equal only to itself: comparing fields would compare the whole past, parent by parent.
@dataclass(frozen=True, eq=False)
class Node:
    """One candidate.

    Attributes:
        id: number in order of expansion; -1 until its step is complete, and the root's.
        token_ids: all ids sampled after the prompt, newest step included.
        text: their text.
        steps: its non-empty steps, separators stripped; a step cut off is among them.
        scores: one per step; empty where the node was dropped unscored.
        rank_score: what ranks it; NaN where it was dropped unscored.
        num_step_tokens: tokens of the newest step.
        unscored: why the PRM can't read it; None where it can.
    """

    parent: Node | None
    token_ids: tuple[int, ...]
    text: str
    steps: tuple[str, ...]
    ending: Ending
    seed: int
    scores: tuple[float, ...] = ()
    rank_score: float = math.nan
    num_step_tokens: int = 0
    unscored: str | None = None
    id: int = -1

    @property
    def finished(self) -> bool:
        """True where the solution ended by itself."""
        return self.ending in FINISHED

    @property
    def dropped(self) -> bool:
        """True where there is no step to rank."""
        return self.ending in DROPPED

    @property
    def step_text(self) -> str:
        """The newest step's own text."""
        return self.text[len(self.parent.text) :] if self.parent else self.text


ROOT = Node(None, token_ids=(), text="", steps=(), ending=Ending.OPEN, seed=0, rank_score=0.0)


def ranked(nodes: list[Node]) -> list[Node]:
    """Return nodes best first; ties go to the better parent, then to the first expanded.

    The study's code breaks ties by the parent's score; search-and-learn leaves them to
    an unstable sort.
    """
    return sorted(nodes, key=lambda n: (-n.rank_score, -n.parent.rank_score if n.parent else 0.0))
