"""The price of each kind of unit: what it costs run alone (`ttsgrid.core.price`).

From token counts and block sizes alone, never from what an engine says it had cached:

* Pool: all requests have the same prompt. The first computes it whole, every other one
  only its tail. A block is priced as if it were a pool alone.
* Search: the prompt of each request but the first continues ids that the search itself
  generated, so all but its tail is cached.
* PRM: the distinct parts of all inputs are paid once per block or tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from ttsgrid.core.price import Prefixes, distinct, tail_tokens
from ttsgrid.core.records import Price, StepScores, Usage
from ttsgrid.engines.scoring import ScoredSteps


def policy_tokens(prompt_lengths: Sequence[int], generated_tokens: int, block_tokens: int) -> Usage:
    """Return what requests cost when earlier ones have computed all but their tails.

    Args:
        prompt_lengths: of each request, the first one first.
        generated_tokens: by all of them together.
        block_tokens: of the policy's prefix cache.
    """
    whole = sum(prompt_lengths)
    computed = sum(tail_tokens(length, block_tokens) for length in prompt_lengths[1:])
    computed += sum(prompt_lengths[:1])
    return Usage(whole, whole - computed, generated_tokens)


def price_of_samples(
    question_tokens: int, generated_tokens: Sequence[int], block_tokens: int
) -> Price:
    """Return the price of a sample block; `generated_tokens` are those of each sample."""
    prompts = [question_tokens] * len(generated_tokens)
    return Price(
        policy=policy_tokens(prompts, sum(generated_tokens), block_tokens),
        question_tokens=question_tokens,
        policy_block_tokens=block_tokens,
    )


def price_of_scores(scores: Iterable[StepScores], block_tokens: int) -> Price:
    """Return the price of a score block; samples without a score were never read."""
    read = [scored for scored in scores if scored.unscored is None]
    parts = distinct(scored.prefixes for scored in read)
    return Price(
        prm=_prm_tokens([scored.input_tokens for scored in read], parts),
        prm_block_tokens=block_tokens,
    )


@dataclass
class SearchMeter:
    """Notes what one search asks its engines, in any order but for the first request."""

    prompt_lengths: list[int] = field(default_factory=list)
    generated_tokens: int = 0
    scored: list[ScoredSteps] = field(default_factory=list)

    def price(self, question_tokens: int, block_tokens: int) -> Price:
        """Return the price of the tree.

        Args:
            question_tokens: length of the policy's prompt, with which every request begins.
            block_tokens: of the policy's prefix cache.
        """
        # Sorted, so that the price does not say in which order the engine answered.
        inputs = sorted((scored.prefixes for scored in self.scored), key=attrgetter("keys"))
        parts = distinct(inputs)
        return Price(
            policy=policy_tokens(self.prompt_lengths, self.generated_tokens, block_tokens),
            prm=_prm_tokens([scored.input_tokens for scored in self.scored], parts),
            question_tokens=question_tokens,
            policy_block_tokens=block_tokens,
            prm_block_tokens=max((scored.block_tokens for scored in self.scored), default=0),
            prm_prefixes=parts,
        )


def _prm_tokens(input_lengths: Sequence[int], parts: Prefixes) -> Usage:
    whole = sum(input_lengths)
    return Usage(whole, whole - parts.num_tokens, 0)
