"""What a unit costs run alone: its price, from token counts and the cache's block size.

What an engine computed depends on what ran before it: shared prefixes and remembered
scores cost nothing to the unit that needs them next. That is a fact about a run. The price
is what a pool or a search would cost by itself, with a prefix cache of its own, whatever
ran beside it and in whatever order.

The cache holds whole blocks. A request reads every block that an earlier request of the
same pool or tree computed, but computes the block that its last token lies in (the engine
needs that token's output). So a request of L tokens has (L - 1) // B blocks that it may
share and a *tail* of 1 to B tokens of its own; the sum over requests does not depend on
their order. An input that occurs twice is computed once: its scores are remembered.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# What an int64 column of Parquet holds. Of the some 10,000 prefixes of a pool, two collide in
# one of 10**11 pools, and would then make its price a block too low.
KEY_BYTES = 8
ID_BYTES = 8  # of a token's id, as it is hashed


@dataclass(frozen=True)
class Prefixes:
    """What an input consists of, for sharing: equal keys are computed once.

    Attributes:
        keys: content key of each whole block with all that precedes it, then of the whole
            input; signed 64-bit.
        tokens: what computing each takes: the block size, and the tail for the whole input.
    """

    keys: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()

    @property
    def num_tokens(self) -> int:
        """Tokens of the input, or of all distinct parts of several."""
        return sum(self.tokens)


NO_PREFIXES = Prefixes()


def tail_tokens(num_tokens: int, block_tokens: int) -> int:
    """Return the tokens a request computes when all its earlier blocks are cached."""
    return num_tokens - block_tokens * max(0, (num_tokens - 1) // block_tokens)


def prefixes_of(ids: Sequence[int], block_tokens: int) -> Prefixes:
    """Return the parts of an input; `ids` is not empty.

    The key of a whole input differs from that of a block that ends with the same token.
    """
    tail = tail_tokens(len(ids), block_tokens)
    whole, block = memoryview(array("q", ids)).cast("B"), block_tokens * ID_BYTES
    end = len(whole) - tail * ID_BYTES
    digest, keys = hashlib.blake2b(digest_size=KEY_BYTES), list[bytes]()
    for start in range(0, end, block):
        # One running hash: a block's key covers all that precedes it, as in the engine's cache.
        digest.update(whole[start : start + block])
        keys.append(digest.digest())
    digest.update(whole[end:])
    digest.update(b"whole")
    keys.append(digest.digest())
    tokens = (block_tokens,) * (len(keys) - 1) + (tail,)
    return Prefixes(struct.unpack(f"<{len(keys)}q", b"".join(keys)), tokens)


def distinct(inputs: Iterable[Prefixes]) -> Prefixes:
    """Return the parts of several inputs, each once, in the order they occur first."""
    tokens_of: dict[int, int] = {}
    for parts in inputs:
        for key, tokens in zip(parts.keys, parts.tokens, strict=True):
            tokens_of.setdefault(key, tokens)
    return Prefixes(tuple(tokens_of), tuple(tokens_of.values()))
