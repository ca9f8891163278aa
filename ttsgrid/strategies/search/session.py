"""One search's access to its engines: it asks, checks and counts.

Usage is the sum of what the engines themselves report, to the token; the price follows
from the lengths of what was asked (`ttsgrid.strategies.pricing`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ttsgrid.core.errors import ScoringError
from ttsgrid.core.records import Price, Usage
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.units import SamplingIdentity
from ttsgrid.engines.base import Generation, GenerationRequest, PolicyEngine
from ttsgrid.engines.scoring import ScoredSteps
from ttsgrid.strategies.pricing import SearchMeter
from ttsgrid.strategies.search.protocol import Decode, IsFinal, SeedOf, StepScoring


@dataclass
class SearchSession:
    """What a search works with.

    Attributes:
        settings: which search, how wide, how deep, by which rules.
        engine: the policy.
        scorer: the PRM.
        question: the problem's text, for the PRM.
        prompt_ids: BOS included; every request is these and a node's own ids.
        decode: ids of a whole continuation to text.
        is_final: whether a text states its final answer; None: only end marks end.
        sampling: temperature and top_p of a step; `max_tokens` bounds a whole solution.
        seed_of: (step, index) to a request's seed. Indices stay below N times
            `rules.max_tries`; DVTS subtrees differ by it alone.
        stop: texts that end a solution like its end mark; `decode` leaves them out.
    """

    settings: SearchSettings
    engine: PolicyEngine
    scorer: StepScoring
    question: str
    prompt_ids: tuple[int, ...]
    decode: Decode
    is_final: IsFinal | None
    sampling: SamplingIdentity
    seed_of: SeedOf
    stop: tuple[str, ...] = ()
    policy_usage: Usage = field(default=Usage(), init=False)
    prm_usage: Usage = field(default=Usage(), init=False)
    meter: SearchMeter = field(default_factory=SearchMeter, init=False)

    def room(self, token_ids: Sequence[int]) -> int:
        """Return how many tokens the next step of a solution may have."""
        left = self.sampling.max_tokens - len(token_ids)
        # One that fills the policy's context is cut off like one that spent its tokens.
        context = self.engine.max_input_tokens + 1 - len(self.prompt_ids) - len(token_ids)
        return min(self.settings.max_step_tokens, left, context)

    async def write(
        self, token_ids: tuple[int, ...], seed: int, *, to_end: bool = False, greedy: bool = False
    ) -> Generation:
        """Continue a solution by a step, or to its end."""
        generation = await self.engine.generate(
            GenerationRequest(
                prompt_ids=self.prompt_ids + token_ids,
                temperature=0.0 if greedy else self.sampling.temperature,
                top_p=self.sampling.top_p,
                top_k=self.sampling.top_k,
                max_tokens=self.room(token_ids),
                seed=seed,
                stop=self.stop if to_end else (self.settings.step_separator, *self.stop),
            )
        )
        self.policy_usage += generation.usage
        self.meter.prompt_lengths.append(len(self.prompt_ids) + len(token_ids))
        self.meter.generated_tokens += len(generation.token_ids)
        return replace(generation, stopped_by=None) if self._is_over(generation) else generation

    def _is_over(self, generation: Generation) -> bool:
        """Whether the solution ended, by the model's end mark or a text that stands for it."""
        return generation.stopped_by is None or generation.stopped_by in self.stop

    async def score(self, steps: Sequence[str]) -> ScoredSteps:
        """Score a solution's steps; one that the PRM can't read comes back unscored.

        Raises:
            ScoringError: a score is missing or is no number; it never becomes 0.
        """
        scored = await self.scorer.score(self.question, steps)
        if scored.unscored is not None:
            return scored
        self.prm_usage += scored.usage
        self.meter.scored.append(scored)
        if len(scored.scores) != (1 if scored.whole else len(steps)):
            raise ScoringError(f"the PRM gave {len(scored.scores)} scores for {len(steps)} steps")
        if not all(math.isfinite(score) for score in scored.scores):
            raise ScoringError(f"the PRM gave a score that is no number: {scored.scores}")
        return scored

    def price(self) -> Price:
        """Return what the search cost so far, run alone."""
        asked = len(self.prompt_ids) if self.can_begin else 0
        return self.meter.price(asked, self.engine.block_tokens)

    @property
    def can_begin(self) -> bool:
        """Whether the prompt leaves room in the policy's context."""
        return len(self.prompt_ids) <= self.engine.max_input_tokens
