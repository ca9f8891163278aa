"""Beam search, and what is beam search with other widths: DVTS and step-level greedy.

Each step ranks the candidates and keeps the best N/M. A DVTS subtree is the search
with N = M, which keeps one beam: N/M of them with seeds of their own are the DVTS of
Beeching et al. 2024 (huggingface/search-and-learn), and the study's. Step-level
best-of-M is the same with all of the budget in one subtree.

The two ways to treat what finishes differ in more than they seem to:

* `holds_slot` (the study): finished candidates are ranked with the open ones. One
  that is kept ends its beam; the search is over when N/M beams ended.
* `leaves` (search-and-learn): finished candidates are set aside, and N/M open beams
  go on beside them until nothing is open or the steps are used up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from ttsgrid.core.search_rules import Answers, Finished
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.search_trace import Fate
from ttsgrid.strategies.search.method import (
    Decision,
    Round,
    decide_by_rank,
    how_it_finished,
    sift,
    without_children,
)
from ttsgrid.strategies.search.nodes import Node, ranked


@dataclass(frozen=True)
class BeamMethod:
    """Keep the best N/M; see the module."""

    settings: SearchSettings

    def select(self, earlier: Round, candidates: Sequence[Node]) -> Round:
        """Decide on a step's candidates."""
        usable, decisions = sift(candidates, self.settings.rules.duplicates)
        if self.settings.rules.finished is Finished.HOLDS_SLOT:
            return self._hold(earlier, usable, decisions)
        return self._leave(earlier, usable, decisions)

    def _hold(self, earlier: Round, usable: list[Node], decisions: dict[int, Decision]) -> Round:
        """Read the beams best first: those that ended take slots, the others' children rank.

        As in the study's code, slots are counted at the last open beam: a beam that
        ended but ranks below it gives up its slot one step later.
        """
        limit = self.settings.num_beams
        dead = {node.id for node in without_children(earlier.beams, usable)}
        ended, slots = list(earlier.ended), limit - len(earlier.ended)
        for beam in earlier.beams:
            if beam.finished or beam.id in dead:
                ended.append(beam)
            else:
                slots = limit - len(ended)
            if len(ended) == limit:
                return Round(
                    (), (), tuple(ended), decisions=decisions | decide_by_rank(ranked(usable), 0)
                )
        best = ranked(usable)
        beams = tuple(best[:slots])
        return Round(
            beams,
            self._plan(beams),
            tuple(ended),
            decisions=decisions | decide_by_rank(best, slots),
        )

    def _leave(self, earlier: Round, usable: list[Node], decisions: dict[int, Decision]) -> Round:
        """Set the finished aside and keep the best open ones, in order of expansion."""
        finished = [node for node in usable if node.finished]
        ended = (*earlier.ended, *without_children(earlier.beams, usable), *finished)
        best = ranked([node for node in usable if not node.finished])
        kept = {node.id for node in best[: self.settings.num_beams]}
        beams = tuple(node for node in usable if node.id in kept)
        decisions |= decide_by_rank(best, self.settings.num_beams)
        decisions |= {n.id: Decision(Fate.FINISHED, how_it_finished(n)) for n in finished}
        return Round(beams, self._plan(beams), ended, decisions=decisions)

    def _plan(self, beams: Sequence[Node]) -> tuple[Node, ...]:
        """Say whom to expand: M children each, or all in turn until there are N."""
        open_beams = [beam for beam in beams if not beam.finished]
        if self.settings.rules.refill:
            return tuple(islice(cycle(open_beams), self.settings.budget))
        return tuple(beam for beam in open_beams for _ in range(self.settings.beam_width))

    def answers(self, last: Round, candidates: Sequence[Node]) -> list[Node]:
        """Return the best that finished, then beams that were cut off, up to the limit.

        With `samples` answers, finished candidates of the last step count even where
        their beam's slot went to a better one; unfinished siblings never do.
        """
        rules, nodes = self.settings.rules, [*last.ended, *last.beams]
        if rules.finished is Finished.HOLDS_SLOT:
            nodes = nodes[: self.settings.num_beams]
        if rules.answers is Answers.BEAMS:
            return _best(nodes, self.settings.num_beams)
        held = {node.id for node in nodes}
        usable, _ = sift(candidates, rules.duplicates)
        nodes += [node for node in usable if node.finished and node.id not in held]
        answers = _best(nodes, self.settings.budget)
        complete = [node for node in answers if node.finished]
        if rules.repeat_answers and complete:
            return list(islice(cycle(complete), self.settings.budget))
        return answers


def _best(nodes: list[Node], limit: int) -> list[Node]:
    """Return the best that finished, then the best that did not."""
    complete = ranked([node for node in nodes if node.finished])
    return (complete + ranked([node for node in nodes if not node.finished]))[:limit]
