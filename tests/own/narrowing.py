"""A search of your own: a quarter of the candidates live on, and each is continued twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.strategies import STRATEGIES, Look, Search, Strategy
from ttsgrid.strategies.search.method import Round, decide_by_rank, sift, without_children
from ttsgrid.strategies.search.nodes import Node, ranked


@dataclass(frozen=True)
class Narrowing:
    settings: SearchSettings

    def select(self, earlier: Round, candidates: Sequence[Node]) -> Round:
        usable, decisions = sift(candidates, self.settings.rules.duplicates)
        finished = [node for node in usable if node.finished]
        best = ranked([node for node in usable if not node.finished])
        beams = tuple(best[: max(1, len(earlier.plan) // 4)])
        ended = (*earlier.ended, *without_children(earlier.beams, usable), *finished)
        plan = tuple(beam for beam in beams for _ in range(2))
        reasons = decide_by_rank(best, len(beams)) | decide_by_rank(finished, len(finished))
        return Round(beams, plan, ended, decisions=decisions | reasons)

    def answers(self, last: Round, candidates: Sequence[Node]) -> list[Node]:
        return ranked([node for node in (*last.ended, *last.beams) if node.finished])


STRATEGIES.add(
    Strategy(
        "narrowing",
        "narrowing search",
        needs_prm=True,
        look=Look("teal", shape="wedge", dash=(7, 1)),
        search=Search("narrowing:Narrowing", settings=()),
    )
)
