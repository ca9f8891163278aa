"""Which blocks of the KV cache a sequence holds, and which an earlier one left for it.

The cache is cut into blocks of a fixed number of tokens. A whole block is found by the hash
of all ids up to its end, so it is shared by every sequence that begins with them. The block
of a sequence's last token is never looked up, since the model must compute that token. A
block that nobody holds keeps its content until it is the one unused longest.

Nothing here touches a tensor: a block is a number.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """The blocks of one sequence, in order.

    Attributes:
        numbers: the blocks.
        cached_tokens: tokens at its beginning that were there already.
    """

    numbers: list[int]
    cached_tokens: int
    _digest: hashlib.blake2b = field(default_factory=lambda: hashlib.blake2b(digest_size=16))
    _num_hashed: int = 0

    def next_key(self, ids: Sequence[int], block_tokens: int) -> bytes:
        """Return the key of the next whole block of `ids`."""
        end = self._num_hashed + block_tokens
        self._digest.update(array("q", ids[self._num_hashed : end]).tobytes())
        self._num_hashed = end
        return self._digest.digest()

    def num_named(self, block_tokens: int) -> int:
        """Return how many of its blocks have a key by now."""
        return self._num_hashed // block_tokens


class BlockPool:
    """All blocks of a cache, and who holds them.

    Args:
        num_blocks: how many there are.
        block_tokens: tokens of a block.
    """

    def __init__(self, num_blocks: int, block_tokens: int) -> None:
        self.block_tokens = block_tokens
        self._num_blocks = num_blocks
        self.forget()

    def forget(self) -> None:
        """Drop every block's content, as after a step that failed."""
        self._holders = [0] * self._num_blocks
        self._unheld = OrderedDict.fromkeys(range(self._num_blocks))  # unused longest first
        self._block_of: dict[bytes, int] = {}
        self._key_of: dict[int, bytes] = {}

    def blocks_for(self, num_tokens: int) -> int:
        """Return how many blocks so many tokens take."""
        return -(-num_tokens // self.block_tokens)

    def open(self, ids: Sequence[int], *, read_cache: bool = True) -> Table | None:
        """Give a sequence its blocks, shared ones first; None where too few are free.

        Its whole blocks can be shared from now on, so the next step must compute them.
        """
        table = Table([], 0)
        keys = [
            table.next_key(ids, self.block_tokens) for _ in range(len(ids) // self.block_tokens)
        ]
        shared = self._shared(keys[: (len(ids) - 1) // self.block_tokens]) if read_cache else []
        num_new = self.blocks_for(len(ids)) - len(shared)
        if num_new > len(self._unheld.keys() - set(shared)):
            return None
        for number in shared:
            self._hold(number)
        table.numbers = shared + [self._fresh() for _ in range(num_new)]
        table.cached_tokens = len(shared) * self.block_tokens
        for key, number in zip(keys, table.numbers, strict=False):
            self._name(number, key)
        return table

    def grow(self, table: Table, num_tokens: int) -> bool:
        """Make room for a sequence of so many tokens; False where no block is free."""
        while len(table.numbers) < self.blocks_for(num_tokens):
            if not self._unheld:
                return False
            table.numbers.append(self._fresh())
        return True

    def name_computed(self, table: Table, ids: Sequence[int], num_computed: int) -> None:
        """Let others share the blocks that a growing sequence has filled."""
        while (named := table.num_named(self.block_tokens)) < num_computed // self.block_tokens:
            self._name(table.numbers[named], table.next_key(ids, self.block_tokens))

    def close(self, table: Table) -> None:
        """Take a sequence's blocks back; their content can still be shared."""
        # The last first: what is reused first is what fewest sequences begin with.
        for number in reversed(table.numbers):
            self._holders[number] -= 1
            if not self._holders[number]:
                self._unheld[number] = None

    def _shared(self, keys: Sequence[bytes]) -> list[int]:
        found = []
        for key in keys:
            if key not in self._block_of:
                break
            found.append(self._block_of[key])
        return found

    def _hold(self, number: int) -> None:
        self._unheld.pop(number, None)
        self._holders[number] += 1

    def _fresh(self) -> int:
        """Take the block that was unused longest, and forget what it held."""
        number, _ = self._unheld.popitem(last=False)
        if key := self._key_of.pop(number, None):
            del self._block_of[key]
        self._holders[number] = 1
        return number

    def _name(self, number: int, key: bytes) -> None:
        if key not in self._block_of:
            self._block_of[key] = number
            self._key_of[number] = key
