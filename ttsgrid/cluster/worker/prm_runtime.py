"""A PRM worker's part: step scores, of finished pools and for running searches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import cast

from ttsgrid.cluster.wire.scoring_link import PrmPeer, ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.cluster.worker.task_runner import TaskRunner
from ttsgrid.core.errors import ScoringError
from ttsgrid.core.records import StepScores, UnitResult, Usage
from ttsgrid.engines.base import EngineStats, PolicyEngine, PrmEngine
from ttsgrid.engines.scoring import StepScorer
from ttsgrid.engines.spec import WRITTEN_VERDICT
from ttsgrid.engines.verdicts import VerdictScorer
from ttsgrid.models import DecodingTokenizer
from ttsgrid.models.prms import PrmFormat, VerifierFormat, prm_format
from ttsgrid.strategies.pricing import price_of_scores


def scorer_on(
    engine: PrmEngine | PolicyEngine, fmt: PrmFormat, tokenizer: DecodingTokenizer
) -> StepScorer | VerdictScorer:
    """Return what scores with a PRM: by its head, or by verdicts that it writes."""
    if isinstance(fmt, VerifierFormat) and fmt.engine_task == WRITTEN_VERDICT:
        return VerdictScorer(cast(PolicyEngine, engine), fmt, tokenizer)
    return StepScorer(cast(PrmEngine, engine), fmt, tokenizer)


class PrmRuntime(TaskRunner):
    """Scores the steps of finished solutions, and those that searches ask about."""

    def __init__(
        self, spec: WorkerSpec, engine: PrmEngine | PolicyEngine, tokenizer: DecodingTokenizer
    ) -> None:
        super().__init__(spec, engine.device)
        self._engine = engine
        self._scorer = scorer_on(engine, prm_format(spec.format), tokenizer)

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        """Score requests together; see `PrmPeer.score_batch`."""
        # Side by side: the engine batches what is in flight, one after another it would idle.
        return list(await asyncio.gather(*(self._reply(request) for request in requests)))

    async def _reply(self, request: ScoreRequest) -> ScoreReply:
        try:
            return await self._scorer.score(request.question, request.steps)
        except Exception as error:  # whatever it is, it is of this request alone
            return ScoringError(f"{type(error).__name__}: {error}")

    async def _result(self, task: Task, prm: PrmPeer | None) -> UnitResult:
        scores = await asyncio.gather(
            *(self._score(task, sample, steps) for sample, steps in task.to_score)
        )
        return UnitResult(
            task.unit.id,
            scores=tuple(scores),
            prm_usage=reduce(add, (score.usage for score in scores), Usage()),
            price=price_of_scores(scores, self._engine.block_tokens),
        )

    async def _score(self, task: Task, sample: int, steps: tuple[str, ...]) -> StepScores:
        scored = await self._scorer.score(task.problem.question, steps)
        return StepScores(
            sample,
            scored.scores,
            scored.usage,
            unscored=scored.unscored,
            input_tokens=scored.input_tokens,
            prefixes=scored.prefixes,
        )

    def stats(self) -> EngineStats:
        """Return the engine's counters."""
        return self._engine.stats()

    def close(self) -> None:
        """Stop the engine."""
        self._engine.close()
