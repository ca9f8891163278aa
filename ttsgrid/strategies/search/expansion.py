"""Growing a search tree by one step: all children at once, each scored when it is there.

A child is scored as soon as it is written and waits for no sibling; only the choice
between them does. A beam none of whose children can be used is tried again as
soon as that is known (`SearchRules.max_tries`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from ttsgrid.core.records import FinishReason
from ttsgrid.core.voting import aggregate
from ttsgrid.engines.base import Generation
from ttsgrid.engines.scoring import ScoredSteps
from ttsgrid.models import split_steps
from ttsgrid.strategies.search.lookahead import rolled_steps
from ttsgrid.strategies.search.nodes import Ending, Node
from ttsgrid.strategies.search.session import SearchSession

T = TypeVar("T")

LINE_END = "\n"
MAX_BLANK_LINES = 4  # in a row; style guides of code ask for two


async def expand(
    session: SearchSession, step: int, plan: Sequence[Node], first_id: int
) -> list[Node]:
    """Write and score one child for each entry of `plan`.

    Args:
        session: the search's engines and settings.
        step: number of the step, from 0.
        plan: the nodes to continue; one with several children occurs several times.
        first_id: id of the first child; the others count on.

    Returns:
        The children in the plan's order; of one place, in the order of its tries.

    Raises:
        EngineError, ScoringError: a request failed; the others are cancelled.
    """
    places: dict[int, list[int]] = {}
    for place, parent in enumerate(plan):
        places.setdefault(parent.id, []).append(place)
    families = await _all(
        [_children(session, step, plan[siblings[0]], siblings) for siblings in places.values()]
    )
    in_order = sorted((item for family in families for item in family), key=lambda item: item[0])
    return [replace(child, id=first_id + i) for i, (_, child) in enumerate(in_order)]


async def _children(
    session: SearchSession, step: int, parent: Node, places: Sequence[int]
) -> list[tuple[int, Node]]:
    """Return (place in the plan, child) of one parent, over as many tries as it takes."""
    grown: list[tuple[int, Node]] = []
    if session.room(parent.token_ids) < 1:
        return grown
    for attempt in range(session.settings.rules.max_tries):
        shift = attempt * session.settings.budget  # seeds of their own for later tries
        children = await _all([_child(session, step, place + shift, parent) for place in places])
        grown.extend(zip(places, children, strict=True))
        if not all(child.dropped for child in children):
            break
    return grown


async def _child(session: SearchSession, step: int, index: int, parent: Node) -> Node:
    settings, seed = session.settings, session.seed_of(step, index)
    to_end = settings.rules.last_step_to_end and step == settings.max_steps - 1
    written = await _written(session, parent, seed, to_end)
    token_ids = parent.token_ids + written.token_ids
    text = session.decode(token_ids)
    steps = split_steps(text, settings.step_separator)
    ending = _ending(session, parent, written, text, steps)
    child = Node(
        parent, token_ids, text, steps, ending, seed, num_step_tokens=len(written.token_ids)
    )
    return child if child.dropped else await _scored(session, child)


async def _written(session: SearchSession, parent: Node, seed: int, to_end: bool) -> Generation:
    """Write a step. Where steps are lines, blank ones belong to the next that isn't."""
    written = await session.write(parent.token_ids, seed, to_end=to_end)
    for _ in range(MAX_BLANK_LINES if session.settings.step_separator == LINE_END else 0):
        if written.stopped_by is None or session.decode(written.token_ids).strip():
            break
        before = parent.token_ids + written.token_ids
        if session.room(before) < 1:
            break
        further = await session.write(before, seed, to_end=to_end)
        written = replace(
            further,
            token_ids=written.token_ids + further.token_ids,
            usage=written.usage + further.usage,
        )
    return written


def _ending(
    session: SearchSession, parent: Node, written: Generation, text: str, steps: tuple[str, ...]
) -> Ending:
    """Say how a step ended.

    No stop text means the model's end mark only where the engine says that it
    stopped: a step that met a limit has none either.
    """
    if written.finish_reason is FinishReason.LENGTH:
        return Ending.CUT_OFF
    if written.stopped_by is None:
        return Ending.END_MARK if steps else Ending.EMPTY
    if len(steps) == len(parent.steps):
        return Ending.EMPTY
    if session.settings.rules.final_text and session.is_final and session.is_final(text):
        return Ending.FINAL_TEXT
    return Ending.OPEN


async def _scored(session: SearchSession, child: Node) -> Node:
    """Score a child; one that ended without another step keeps its parent's scores."""
    parent = child.parent
    if parent is not None and child.steps == parent.steps:
        return replace(child, scores=parent.scores, rank_score=parent.rank_score)
    scored = await _ahead(session, child)
    if scored.unscored is not None:
        return replace(child, ending=Ending.UNREADABLE, unscored=scored.unscored)
    rank_score = aggregate(scored.scores, session.settings.ranking)
    return replace(child, scores=scored.scores[: len(child.steps)], rank_score=rank_score)


async def _ahead(session: SearchSession, child: Node) -> ScoredSteps:
    """Score a child with the steps it was rolled on by, as many as the PRM can read."""
    steps = await rolled_steps(session, child)
    scored = await session.score(steps)
    while scored.unscored is not None and len(steps) > len(child.steps):
        steps = steps[:-1]
        scored = await session.score(steps)
    return scored


async def _all(coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all at once; if one fails, cancel the others and raise its error."""
    # `asyncio.gather` would let the others run on, for a search that has failed.
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
