"""Lookahead: a step is worth what the steps after it are worth.

Before a candidate is scored, it is rolled on greedily by k steps, and the PRM ranks
it by the rolled solution; the candidate itself stays one step long and keeps its own
steps' scores (Snell et al. 2024, arXiv 2408.03314, section 5.1; with k = 0 it is beam
search). In search-and-learn the same setting has no effect on beam search, which
scores the steps that were not rolled on.
"""

from __future__ import annotations

from ttsgrid.core.records import FinishReason
from ttsgrid.models import split_steps
from ttsgrid.strategies.search.nodes import Node
from ttsgrid.strategies.search.session import SearchSession


async def rolled_steps(session: SearchSession, node: Node) -> tuple[str, ...]:
    """Return a node's steps and up to k greedy ones after them.

    The roll ends early where the solution ends, has no room, or a step is cut off;
    such a step is left out, since it is no step.
    """
    token_ids, steps = node.token_ids, node.steps
    for _ in range(0 if node.finished else session.settings.lookahead_steps):
        if session.room(token_ids) < 1:
            break
        written = await session.write(token_ids, node.seed, greedy=True)
        if written.finish_reason is FinishReason.LENGTH:
            break
        token_ids += written.token_ids
        steps = split_steps(session.decode(token_ids), session.settings.step_separator)
        if written.stopped_by is None:
            break
    return steps
