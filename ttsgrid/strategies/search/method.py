"""What a search method is: which candidates live on, decided from their scores alone.

A method never sees an engine. It is told a step's candidates and says which beams
go on, how often each is expanded, and what ended; so a new one is about a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ttsgrid.core.search_rules import Duplicates
from ttsgrid.core.search_trace import Fate
from ttsgrid.strategies.search.nodes import ROOT, Ending, Node


@dataclass(frozen=True)
class Decision:
    """What became of a candidate, and why."""

    fate: Fate
    reason: str


@dataclass(frozen=True)
class Round:
    """The state of a search after a step.

    Attributes:
        beams: the nodes kept, in the method's order; some may have finished.
        plan: the nodes to expand next, once for each child; empty ends the search.
        ended: nodes that may become answers: finished, or incomplete because
            nothing usable continues them.
        num_spent: places of the budget that are used up (REBASE).
        decisions: of this step's candidates, by id.
    """

    beams: tuple[Node, ...]
    plan: tuple[Node, ...]
    ended: tuple[Node, ...] = ()
    num_spent: int = 0
    decisions: Mapping[int, Decision] = field(default_factory=dict)


class Method(Protocol):
    r"""Chooses between scored candidates.

    A whole method is this long; with an entry in `ttsgrid.core.strategies` it is a search
    (docs/extending.md). This one keeps the best candidate and continues it N times:

        >>> from dataclasses import dataclass
        >>> from ttsgrid.core.search_settings import SearchSettings
        >>> from ttsgrid.strategies.search.method import Round, decide_by_rank, first_round, sift
        >>> from ttsgrid.strategies.search.nodes import ROOT, Ending, Node, ranked
        >>> @dataclass(frozen=True)
        ... class Best:
        ...     settings: SearchSettings
        ...
        ...     def select(self, earlier, candidates):
        ...         usable, decisions = sift(candidates, self.settings.rules.duplicates)
        ...         best = ranked(usable)
        ...         beams = tuple(node for node in best[:1] if not node.finished)
        ...         ended = tuple(node for node in best[:1] if node.finished)
        ...         plan = beams * self.settings.budget
        ...         return Round(beams, plan, ended, decisions=decisions | decide_by_rank(best, 1))
        ...
        ...     def answers(self, last, candidates):
        ...         return [*last.ended, *last.beams]
        >>> method = Best(SearchSettings("beam", budget=2, beam_width=2))
        >>> weak = Node(ROOT, (1,), "a\n\n", ("a",), Ending.OPEN, 0, (0.2,), 0.2, id=0)
        >>> good = Node(ROOT, (2,), "b\n\n", ("b",), Ending.OPEN, 1, (0.9,), 0.9, id=1)
        >>> [node.text.strip() for node in method.select(first_round(2), [weak, good]).plan]
        ['b', 'b']
    """

    def select(self, earlier: Round, candidates: Sequence[Node]) -> Round:
        """Decide on a step's candidates, which continue `earlier.plan`."""
        ...

    def answers(self, last: Round, candidates: Sequence[Node]) -> list[Node]:
        """Return the nodes that are the search's answers, best first.

        Args:
            last: the state after the last step.
            candidates: that step's candidates.
        """
        ...


def first_round(num_samples: int) -> Round:
    """Return the state before the first step: the prompt, to be continued N times."""
    return Round(beams=(ROOT,), plan=(ROOT,) * num_samples)


def sift(candidates: Sequence[Node], rule: Duplicates) -> tuple[list[Node], dict[int, Decision]]:
    """Return the candidates that can be ranked, and the decisions on the others."""
    decisions, usable, first = {}, [], dict[object, int]()
    for node in candidates:
        key = _duplicate_key(node, rule)
        if node.dropped:
            decisions[node.id] = Decision(Fate.PRUNED, _why_dropped(node))
        elif key is not None and key in first:
            decisions[node.id] = Decision(Fate.PRUNED, f"same text as {first[key]}")
        else:
            usable.append(node)
            first[key] = node.id
    return usable, decisions


def _duplicate_key(node: Node, rule: Duplicates) -> object:
    """Return what equal candidates share; None for one that is never a duplicate."""
    if rule is Duplicates.SIBLINGS:
        # The study's code strips before it compares, so that a step that ends at the
        # separator and its twin that ends at the end mark are one: the first.
        return (node.parent.id if node.parent else None, node.step_text.strip())
    if rule is Duplicates.BEAMS and not node.finished:
        return node.text
    return None


def _why_dropped(node: Node) -> str:
    if node.ending is Ending.UNREADABLE:
        return f"cut off, since it has no score: {node.unscored}"
    if node.ending is Ending.EMPTY:
        return "no text, so nothing to score"
    return "cut off by a token limit, so not a step"


def decide_by_rank(ordered: Sequence[Node], num_kept: int) -> dict[int, Decision]:
    """Return the decisions on ranked candidates, of which the first `num_kept` are kept."""
    return {
        node.id: _decision(node, place, num_kept, len(ordered))
        for place, node in enumerate(ordered, start=1)
    }


def _decision(node: Node, place: int, num_kept: int, num_ranked: int) -> Decision:
    reason = f"{place} of {num_ranked} by score"
    if place > num_kept:
        finished = "finished, but " if node.finished else ""
        return Decision(Fate.PRUNED, f"{finished}{reason}, {num_kept} kept")
    if node.finished:
        return Decision(Fate.FINISHED, f"{reason}, {how_it_finished(node)}")
    return Decision(Fate.KEPT, reason)


def how_it_finished(node: Node) -> str:
    """Say in words what ended a finished node."""
    return "end mark" if node.ending is Ending.END_MARK else "states its answer"


def without_children(beams: Sequence[Node], usable: Sequence[Node]) -> list[Node]:
    """Return the open beams that no usable candidate continues; the root is no answer."""
    alive = {node.parent.id for node in usable if node.parent}
    return [b for b in beams if not b.finished and b.id not in alive and b is not ROOT]
