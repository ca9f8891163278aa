"""A policy worker's line to one PRM worker: many small questions, few calls.

Hundreds of searches in a policy worker ask for step scores, a few at a time. The
questions that arrive within `GATHER_S` go to the PRM worker in one call: an engine
step ends many sequences at once, so a short wait catches them all and adds little to
a step that takes ten times as long. Any number of calls may be in flight, so a slow
batch holds up no other.

Free of Ray: what is behind the line is a `PrmPeer`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ttsgrid.core.errors import ScoringError, TtsgridError
from ttsgrid.engines.scoring import ScoredSteps

GATHER_S = 0.002


class PrmLostError(TtsgridError):
    """The PRM worker that a search scored with has ended; the search must run again."""


@dataclass(frozen=True)
class ScoreRequest:
    """The steps of one (partial) solution, to be scored."""

    question: str
    steps: tuple[str, ...]


ScoreReply = ScoredSteps | ScoringError
"""Scores, or why this one request has none; the others of its batch are not touched."""


class PrmPeer(Protocol):
    """A live PRM worker as a policy worker sees it; travels between processes."""

    @property
    def name(self) -> str:
        """The worker's own name; a restarted worker has another."""
        ...

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        """Score requests together, one reply each, in order.

        Raises:
            PrmLostError: the worker has ended.
        """
        ...


Waiting = tuple[ScoreRequest, asyncio.Future[ScoredSteps]]


class BatchingScorer:
    """Scores steps with one PRM worker, as `ttsgrid.engines.scoring.StepScorer` does."""

    def __init__(self, peer: PrmPeer) -> None:
        self._peer = peer
        self._waiting: list[Waiting] = []
        self._calls: set[asyncio.Task[None]] = set()  # the loop holds tasks weakly

    async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
        """Score every step of a (partial) solution.

        Raises:
            ScoringError: there are no steps, or the PRM cannot score them.
            PrmLostError: the PRM worker has ended.
        """
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[ScoredSteps] = loop.create_future()
        self._waiting.append((ScoreRequest(question, tuple(steps)), reply))
        if len(self._waiting) == 1:
            loop.call_later(GATHER_S, self._send)
        return await reply

    def _send(self) -> None:
        batch, self._waiting = self._waiting, []
        call = asyncio.create_task(self._call(batch))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, batch: Sequence[Waiting]) -> None:
        try:
            answers = await self._peer.score_batch([request for request, _ in batch])
        except Exception as error:  # whatever it is, those who wait must hear of it
            for _, reply in batch:
                _settle(reply, error)
            return
        for (_, reply), answer in zip(batch, answers, strict=True):
            _settle(reply, answer)


def _settle(reply: asyncio.Future[ScoredSteps], answer: ScoredSteps | Exception) -> None:
    if reply.done():  # the search that waited for it was cancelled
        return
    if isinstance(answer, Exception):
        reply.set_exception(answer)
    else:
        reply.set_result(answer)
