"""A price is what a prefix cache of one's own would leave to compute.

The reference is such a cache, without limit, asked request by request.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsgrid.core.price import prefixes_of
from ttsgrid.core.records import StepScores, Usage
from ttsgrid.engines.scoring import ScoredSteps
from ttsgrid.strategies.pricing import (
    SearchMeter,
    policy_tokens,
    price_of_samples,
    price_of_scores,
)

BLOCK = 4
Ids = tuple[int, ...]


class Cache:
    """Whole blocks of what was computed; the last token of a request is always computed."""

    def __init__(self, block_tokens: int) -> None:
        self.block_tokens = block_tokens
        self.blocks: set[Ids] = set()

    def computed(self, prompt: Ids, generated: Ids = ()) -> int:
        """Serve a request; return how many tokens of its prompt were computed."""
        cached = 0
        for end in range(self.block_tokens, len(prompt), self.block_tokens):
            if prompt[:end] not in self.blocks:
                break
            cached = end
        held = (prompt + generated)[:-1] if generated else prompt
        ends = range(self.block_tokens, len(held) + 1, self.block_tokens)
        self.blocks |= {held[:end] for end in ends}
        return len(prompt) - cached


def computed(usage: Usage) -> int:
    return usage.prompt_tokens - usage.cached_tokens


def scores_of(inputs: Sequence[Ids]) -> list[StepScores]:
    return [
        StepScores(
            number,
            (0.5,),
            Usage(),
            input_tokens=len(ids),
            prefixes=prefixes_of(ids, BLOCK),
        )
        for number, ids in enumerate(inputs)
    ]


@pytest.mark.parametrize("length", range(1, 14))
def test_a_block_costs_what_its_samples_leave_to_compute_in_a_cache_of_their_own(
    length: int,
) -> None:
    prompt, cache = tuple(range(length)), Cache(BLOCK)
    expected = sum(cache.computed(prompt) for _ in range(5))
    price = price_of_samples(length, [3, 4, 5, 6, 7], BLOCK)
    assert computed(price.policy) == expected
    assert (price.policy.prompt_tokens, price.policy.generated_tokens) == (5 * length, 25)
    assert (price.question_tokens, price.policy_block_tokens) == (length, BLOCK)


@pytest.mark.parametrize("number", range(50))
def test_a_search_costs_what_its_requests_leave_to_compute_in_a_cache_of_their_own(
    number: int,
) -> None:
    rng, cache = random.Random(number), Cache(BLOCK)
    contexts: list[Ids] = [tuple(range(rng.randint(1, 20)))]
    lengths, expected, written = [], 0, 0
    for _ in range(40):
        prompt = rng.choice(contexts)
        step = tuple(rng.randrange(1000, 9999) for _ in range(rng.randint(1, 9)))
        expected += cache.computed(prompt, step)
        lengths.append(len(prompt))
        written += len(step)
        contexts.append(prompt + step)
    usage = policy_tokens(lengths, written, BLOCK)
    assert computed(usage) == expected
    assert (usage.prompt_tokens, usage.generated_tokens) == (sum(lengths), written)


@pytest.mark.parametrize("number", range(20))
def test_scores_cost_each_distinct_part_of_their_inputs_once_in_any_order(number: int) -> None:
    rng = random.Random(number)
    question = tuple(range(rng.randint(1, 12)))
    inputs = [
        question + tuple(rng.randrange(2) for _ in range(rng.randint(1, 12))) + (9,)
        for _ in range(30)
    ]
    # Of equal inputs the second is remembered; all else is the cache's.
    cache, expected = Cache(BLOCK), 0
    for ids in dict.fromkeys(inputs):
        expected += cache.computed(ids)
    price = price_of_scores(scores_of(inputs), BLOCK)
    assert computed(price.prm) == expected
    assert price.prm.prompt_tokens == sum(map(len, inputs))
    rng.shuffle(inputs)
    assert price_of_scores(scores_of(inputs), BLOCK) == price


def test_what_the_prm_cannot_read_costs_nothing() -> None:
    read = scores_of([(1, 2, 3)])
    unread = StepScores(1, (), Usage(), unscored="5,012 tokens, the PRM reads 4,096")
    assert price_of_scores([*read, unread], BLOCK) == price_of_scores(read, BLOCK)


def test_a_search_pays_an_input_once_however_often_it_asks_and_whatever_was_remembered() -> None:
    def asked(ids: Ids, usage: Usage) -> ScoredSteps:
        return ScoredSteps((0.5,), usage, None, len(ids), prefixes_of(ids, BLOCK), BLOCK)

    ids = (1, 2, 3, 4, 5, 6)
    fresh = SearchMeter([3], 4, [asked(ids, Usage(6, 0, 0)), asked(ids, Usage(6, 6, 0))])
    remembered = SearchMeter([3], 4, [asked(ids, Usage(6, 6, 0))] * 2)
    price = fresh.price(3, BLOCK)
    assert price == remembered.price(3, BLOCK)
    assert price.prm == Usage(12, 6, 0)
    assert price.prm_prefixes == prefixes_of(ids, BLOCK)
    assert (price.policy_block_tokens, price.prm_block_tokens) == (BLOCK, BLOCK)


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=70), st.integers(1, 33))
def test_keys_are_hashes_of_all_ids_up_to_a_blocks_end(ids: list[int], block_tokens: int) -> None:
    def key(upto: int, end: bytes = b"") -> int:
        content = b"".join(token.to_bytes(8, "little") for token in ids[:upto]) + end
        digest = hashlib.blake2b(content, digest_size=8).digest()
        return int.from_bytes(digest, "little", signed=True)

    parts = prefixes_of(ids, block_tokens)
    ends = range(block_tokens, len(ids), block_tokens)
    assert parts.keys == (*(key(end) for end in ends), key(len(ids), b"whole"))
    assert parts.num_tokens == len(ids)
