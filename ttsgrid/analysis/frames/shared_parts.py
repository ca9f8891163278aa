"""How many inputs share each part: what an expected price over random subsets needs.

A PRM computes equal parts of its inputs once (`ttsgrid.core.price`). What k of n inputs cost
on average follows from how many of the n have each part, whichever part it is. So the
parts of a pool, some 10,000 keys, become a few numbers: for each m, the tokens of the
parts that exactly m inputs have.

Rows come in chunks, in any order. Whatever owner has come whole is let go after each
chunk, so that memory holds the keys of a few owners and not of all.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

SCHEMA = {"owner": pl.UInt32, "num_sharing": pl.Int64, "tokens": pl.Int64}
_PARTS = {"owner": pl.UInt32, "key": pl.Int64, "part_tokens": pl.Int32, "inputs": pl.UInt32}
_HELD_PARTS = 4_000_000  # 20 bytes each; more are put together as soon as they come


def count_sharing(chunks: Iterable[pl.DataFrame], num_inputs: pl.DataFrame) -> pl.DataFrame:
    """Return tokens by the number of inputs that share them, for each owner.

    Args:
        chunks: one row per input: owner, keys and part_tokens (lists of one length).
        num_inputs: owner and its number of inputs, num_inputs.

    Returns:
        owner, num_sharing (at least 1), tokens (of all parts that so many inputs have).
    """
    counter = _Counter(num_inputs)
    for chunk in chunks:
        counter.add(chunk)
    return counter.finish()


class _Counter:
    """Parts of owners of which more inputs may come, and the result for all others."""

    def __init__(self, num_inputs: pl.DataFrame) -> None:
        self._expected = num_inputs.select(pl.col("owner").cast(pl.UInt32), "num_inputs")
        self._seen = pl.DataFrame(schema={"owner": pl.UInt32, "seen": pl.UInt32})
        self._waiting: list[pl.DataFrame] = []
        self._num_waiting = 0
        self._done: list[pl.DataFrame] = [pl.DataFrame(schema=SCHEMA)]

    def add(self, chunk: pl.DataFrame) -> None:
        """Count the parts of some inputs."""
        inputs = chunk.with_columns(pl.col("owner").cast(pl.UInt32))
        counted = inputs.group_by("owner").agg(seen=pl.len().cast(pl.UInt32))
        # An input without parts explodes to one row of nulls.
        apart = inputs.explode("keys", "part_tokens").drop_nulls("keys")
        named = apart.select("owner", pl.col("part_tokens").cast(pl.Int32), key="keys")
        parts = _together([named.with_columns(inputs=pl.lit(1, pl.UInt32))])
        # Most owners come whole in one chunk: their parts are never put together again.
        self._hold(self._without_whole(parts, counted))
        self._seen = pl.concat([self._seen, counted]).group_by("owner").agg(pl.col("seen").sum())
        if self._num_waiting > _HELD_PARTS:
            self._settle()

    def finish(self) -> pl.DataFrame:
        """Return the result, owners that never came whole included."""
        self._done.append(_by_sharing(_together(self._waiting)))
        return pl.concat(self._done)

    def _hold(self, parts: pl.DataFrame) -> None:
        self._waiting.append(parts)
        self._num_waiting += len(parts)

    def _settle(self) -> None:
        parts = _together(self._waiting)
        self._waiting, self._num_waiting = [], 0
        self._hold(self._without_whole(parts, self._seen))

    def _without_whole(self, parts: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
        """Let go the parts of owners whose inputs have all come, and return the others'."""
        progress = seen.join(self._expected, on="owner")
        whole = progress.filter(pl.col("seen") >= pl.col("num_inputs")).select("owner")
        self._done.append(_by_sharing(parts.join(whole, on="owner", how="semi")))
        return parts.join(whole, on="owner", how="anti")


def _together(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """One row per owner and part, with the number of inputs that have it."""
    if not parts:
        return pl.DataFrame(schema=_PARTS)
    summed = (
        pl.concat(parts)
        .group_by("owner", "key")
        .agg(pl.col("part_tokens").first(), pl.col("inputs").sum())
    )
    return summed.select(*_PARTS)


def _by_sharing(parts: pl.DataFrame) -> pl.DataFrame:
    grouped = parts.group_by("owner", num_sharing=pl.col("inputs").cast(pl.Int64))
    tokens = pl.col("part_tokens").cast(pl.Int64).sum().alias("tokens")
    return grouped.agg(tokens).select(*SCHEMA)
