"""A trace's candidates put together as a tree, and read in stretches.

A search is deep and mostly straight: a stretch is a run of candidates in which only
one lived on, so that a picture indents where a search forks and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.core.search_trace import Fate, SearchTrace, TracedCandidate
from ttsgrid.core.strategies import display_name
from ttsgrid.core.tally import counted
from ttsgrid.core.voting import AGGREGATIONS

NO_TEXT = "(no text)"


@dataclass(frozen=True)
class Branch:
    """A candidate with what was tried after it.

    Attributes:
        answers: places, from 1, of the answers that end here; several where a search
            repeats its answers.
        alive: children that were kept or finished, best first.
        pruned: the other children, best first.
    """

    candidate: TracedCandidate
    answers: tuple[int, ...]
    alive: tuple[Branch, ...]
    pruned: tuple[Branch, ...]

    def verdict(self, correct: Sequence[bool]) -> str | None:
        """Say what the answer that ends here is worth; None where no answer is graded.

        Args:
            correct: the grader's verdict on each answer, in the answers' order.
        """
        if self.candidate.fate is not Fate.FINISHED:
            return "unfinished"
        if not correct:
            return None
        return "right" if correct[self.answers[0] - 1] else "wrong"


def tree_of(trace: SearchTrace) -> tuple[Branch, ...]:
    """Return the first steps' branches: those that lived best first, then the pruned."""
    answers: dict[int, list[int]] = {}
    for place, candidate_id in enumerate(trace.answers, start=1):
        answers.setdefault(candidate_id, []).append(place)
    waiting: dict[int | None, list[Branch]] = {}
    # From the last step to the first: children are there before their parents.
    for candidate in (c for step in reversed(trace.steps) for c in step):
        children = waiting.pop(candidate.id, [])
        branch = Branch(
            candidate, tuple(answers.get(candidate.id, ())), _alive(children), _pruned(children)
        )
        waiting.setdefault(candidate.parent, []).append(branch)
    first = waiting.get(None, [])
    return _alive(first) + _pruned(first)


def stretch_from(branch: Branch) -> tuple[Branch, ...]:
    """Return a branch and those after it for as long as only one lives on."""
    branches = [branch]
    while len(branches[-1].alive) == 1:
        branches.append(branches[-1].alive[0])
    return tuple(branches)


def headline(trace: SearchTrace) -> str:
    """Say in a line what the search was and how much it tried."""
    settings = trace.settings
    parts = [display_name(str(settings["kind"])), f"N = {settings['budget']}"]
    if "beam_width" in settings:
        parts.append(f"M = {settings['beam_width']}")
    candidates = [candidate for step in trace.steps for candidate in step]
    num_tokens = sum(candidate.num_tokens for candidate in candidates)
    ranking = AGGREGATIONS.find("ranking", str(settings["ranking"]))
    parts.append(f"ranked by the {ranking.display} ({ranking.name})")
    parts.append(counted(len(trace.steps), "step"))
    parts.append(f"{counted(len(candidates), 'candidate')} of {counted(num_tokens, 'token')}")
    return ", ".join(parts)


def score_text(score: float | None) -> str:
    """Return a score in five characters; a product of many steps is small and must not read 0."""
    if score is None:
        return "  –  "
    return f"{score:.0e}" if 0.0 < score < 0.0005 else f"{score:.3f}"


def one_line(text: str) -> str:
    """Return a step's text without its line breaks."""
    return " ".join(text.split()) or NO_TEXT


def pruned_in_short(pruned: Sequence[Branch]) -> str:
    """Count pruned candidates and name the best score among them."""
    scores = [b.candidate.score for b in pruned if b.candidate.score is not None]
    best = f"best {score_text(max(scores))}" if scores else "none scored"
    return f"{len(pruned)} pruned, {best}"


def _alive(branches: Sequence[Branch]) -> tuple[Branch, ...]:
    return _best_first([b for b in branches if b.candidate.fate is not Fate.PRUNED])


def _pruned(branches: Sequence[Branch]) -> tuple[Branch, ...]:
    return _best_first([b for b in branches if b.candidate.fate is Fate.PRUNED])


def _best_first(branches: list[Branch]) -> tuple[Branch, ...]:
    def key(branch: Branch) -> tuple[bool, float, int]:
        score = branch.candidate.score
        return (score is None, -(score or 0.0), branch.candidate.id)

    return tuple(sorted(branches, key=key))
