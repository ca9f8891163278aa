"""Models whose texts and scores cost a simulation next to nothing; who waits for whom stays.

In `tests.unit.cluster.simulation` tokenizing, templates and hashes of tokens take most of this
machine's time and none on the virtual clock. Here a token is a whole step, and a PRM's score a
hash of the steps. Engines with their slots and delays, the line to the PRM, its memory of what
it scored and all that schedules are the simulation's.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator, Sequence

from tests.unit.cluster.simulation import Runtime
from ttsgrid.cluster.wire.scoring_link import ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.cluster.worker.policy_runtime import PolicyRuntime
from ttsgrid.cluster.worker.prm_runtime import PrmRuntime
from ttsgrid.core.records import Usage
from ttsgrid.engines.fake import FakePolicyEngine, FakePrmEngine
from ttsgrid.engines.scoring import ScoredSteps
from ttsgrid.models.prompts import Message

STEP = re.compile(r".*?\n\n|.+", re.DOTALL)


class StepTokenizer:
    """Has a token for each step that it meets, blank line included."""

    bos_token = None

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._texts: list[str] = []

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """See `Tokenizer`."""
        return [self._id(step) for step in STEP.findall(text)]

    def apply_chat_template(
        self,
        conversation: Sequence[Message],
        *,
        tokenize: bool,
        add_generation_prompt: bool,
        **told: str,
    ) -> str:
        """See `Tokenizer`."""
        return "\n".join(turn["content"] for turn in conversation) + "\n"

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool) -> str:
        """See `DecodingTokenizer`."""
        return "".join([self._texts[token] for token in token_ids])

    def _id(self, step: str) -> int:
        number = self._ids.setdefault(step, len(self._texts))
        if number == len(self._texts):
            self._texts.append(step)
        return number


class LightPrmRuntime(PrmRuntime):
    """Asks its engine once for each solution that it meets, as `StepScorer` does."""

    def __init__(self, spec: WorkerSpec, engine: FakePrmEngine) -> None:
        super().__init__(spec, engine, StepTokenizer())
        self._asked = engine
        self._known: dict[bytes, asyncio.Task[None]] = {}

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        """See `PrmPeer`."""
        return list(await asyncio.gather(*(self._scored(request) for request in requests)))

    async def _scored(self, request: ScoreRequest) -> ScoredSteps:
        *_, last = digests = list(_digests(request))
        if last not in self._known:
            self._known[last] = asyncio.create_task(self._compute())
        await asyncio.shield(self._known[last])
        scores = tuple(int.from_bytes(digest[:2], "big") / 65536 for digest in digests)
        return ScoredSteps(scores, Usage(len(scores), 0, 0), input_tokens=len(scores))

    async def _compute(self) -> None:
        await self._asked.token_logits((0,), read_cache=False)


def _digests(request: ScoreRequest) -> Iterator[bytes]:
    """Yield a hash of each step and all before it."""
    whole = hashlib.blake2b(request.question.encode(), digest_size=8)
    for step in request.steps:
        whole.update(step.encode())
        yield whole.digest()


def light_runtime(spec: WorkerSpec) -> Runtime:
    """Return what a simulated worker holds in place of the zoo's tokenizer and PRM format."""
    if spec.engine.role == "prm":
        return LightPrmRuntime(spec, FakePrmEngine(spec.engine))
    tokenizer = StepTokenizer()
    return PolicyRuntime(spec, FakePolicyEngine(spec.engine, tokenizer), tokenizer)
