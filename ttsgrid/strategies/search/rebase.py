"""REBASE: expand each open node in proportion to the softmax of its score.

Wu et al. 2024, arXiv 2408.00724, section 3.2, and their code (thu-wyz/inference_scaling,
`rebase.py`). N places are shared out at each step, best nodes first, each share rounded
up from what is left, so weak nodes get none. What finishes takes its place out for good,
and so does a sample that was cut off or empty: there are at most N answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.search_trace import Fate
from ttsgrid.strategies.search.method import (
    Decision,
    Round,
    how_it_finished,
    sift,
    without_children,
)
from ttsgrid.strategies.search.nodes import Node, ranked

ROUNDING = 1e-9  # a share of 2 that floating point makes 2 + 4e-16 is not rounded up to 3


@dataclass(frozen=True)
class RebaseMethod:
    """Share the places out; see the module."""

    settings: SearchSettings

    def select(self, earlier: Round, candidates: Sequence[Node]) -> Round:
        """Decide on a step's candidates."""
        usable, decisions = sift(candidates, self.settings.rules.duplicates)
        finished = [node for node in usable if node.finished]
        num_spent = earlier.num_spent + len(candidates) - len(usable) + len(finished)
        best = ranked([node for node in usable if not node.finished])
        counts = shares(
            [node.rank_score for node in best],
            self.settings.budget - num_spent,
            self.settings.score_temperature,
        )
        for node, count in zip(best, counts, strict=True):
            fate = Fate.KEPT if count else Fate.PRUNED
            decisions[node.id] = Decision(fate, f"{count} of {sum(counts)} places by score")
        decisions |= {n.id: Decision(Fate.FINISHED, how_it_finished(n)) for n in finished}
        return Round(
            beams=tuple(node for node, count in zip(best, counts, strict=True) if count),
            plan=tuple(n for n, count in zip(best, counts, strict=True) for _ in range(count)),
            ended=(*earlier.ended, *without_children(earlier.beams, usable), *finished),
            num_spent=num_spent,
            decisions=decisions,
        )

    def answers(self, last: Round, candidates: Sequence[Node]) -> list[Node]:
        """Return all that finished, best first, then the beams that were cut off."""
        nodes = [*last.ended, *last.beams]
        complete = ranked([node for node in nodes if node.finished])
        return complete + ranked([node for node in nodes if not node.finished])


def shares(scores: Sequence[float], num_places: int, temperature: float) -> list[int]:
    """Share places out by the softmax of scores.

    Args:
        scores: descending.
        num_places: to share out; none where it is not above 0.
        temperature: of the softmax.

    Returns:
        The places of each, which sum to `num_places` where there are scores.
    """
    weights = [math.exp((score - scores[0]) / temperature) for score in scores]
    counts, left = [], max(0, num_places)
    for i, weight in enumerate(weights):
        # A weight that underflows is 0, and so is the sum of all after it.
        share = left * weight / math.fsum(weights[i:]) if weight else 0.0
        counts.append(min(left, math.ceil(share - ROUNDING)))
        left -= counts[-1]
    return counts
