"""What a cell costs run alone, in expectation over what it draws.

A cell at N draws k samples of a pool of n, or s of the S subtrees of a search. Its price
is that of a unit with just those, with a prefix cache of its own (`ttsgrid.core.price`):

* k prompts of P tokens take P and k - 1 times the tail of P: all but the first read every
  whole block from the cache. Subtrees share the question's whole blocks likewise.
* the policy generates k / n of what it generated for the pool: the mean over random subsets.
* the PRM computes each distinct part of its inputs once. A part that m of the n inputs have
  is among k random ones with probability 1 - C(n - m, k) / C(n, k).

These are exact expectations: none rests on k / n of what the whole pool computed, which is
wrong as soon as samples share (at N = 4 of 64, 101 tokens instead of 144). Unknown prices
are NaN; the times of units are facts of the run, shared out evenly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.flops import Spent
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.core.voting import Floats, Ints


@dataclass(frozen=True)
class Parts:
    """Parts of PRM inputs, by how many of a problem's inputs have them.

    Attributes:
        problems: row numbers in `StoreFrames.problems`, shape (R,).
        num_sharing: how many inputs have them, shape (R,).
        tokens: of all such parts, shape (R,).
    """

    problems: Ints
    num_sharing: Ints
    tokens: Floats

    def expected_distinct(self, num_inputs: Floats, num_drawn: int) -> Floats:
        """Return the tokens of the distinct parts of random inputs, shape (P,).

        Args:
            num_inputs: of each problem, shape (P,); those that have fewer than are drawn
                get NaN.
            num_drawn: how many are drawn.
        """
        enough = num_inputs >= num_drawn  # False where NaN
        share = np.zeros(len(self.problems))
        of_row = num_inputs[self.problems]
        for n in np.unique(of_row[enough[self.problems]]):
            rows = of_row == n
            drawn = _probability_drawn(int(n), num_drawn)
            share[rows] = drawn[self.num_sharing[rows]]
        sums = np.bincount(self.problems, share * self.tokens, minlength=len(num_inputs))
        return np.where(enough, sums, np.nan)

    def expected_growth(self, problems: Ints, n: int) -> Floats:
        """Return the tokens of the distinct parts of k of n random inputs, k = 0..n.

        Args:
            problems: those wanted, each with n inputs, shape (P,).
            n: inputs of each.

        Returns:
            Shape (P, n + 1).
        """
        row = np.full(max(self.problems.max(initial=-1), problems.max(initial=-1)) + 1, -1)
        row[problems] = np.arange(len(problems))
        wanted = row[self.problems] >= 0
        place = row[self.problems[wanted]] * (n + 1) + self.num_sharing[wanted]
        size = len(problems) * (n + 1)
        tokens = np.bincount(place, self.tokens[wanted], minlength=size).reshape(-1, n + 1)
        drawn = np.stack([_probability_drawn(n, k) for k in range(n + 1)], axis=1)
        return np.asarray(tokens @ drawn)


def _probability_drawn(n: int, k: int) -> Floats:
    """Probability that k of n hold at least one of m, for m = 0..n."""
    every = math.comb(n, k)  # whole numbers: C(256, 64) is beyond what floats hold exactly
    return np.array([1.0 - math.comb(n - m, k) / every for m in range(n + 1)])


@dataclass(frozen=True)
class PoolPrices:
    """Pools of one series, with one PRM or none; arrays by problem, NaN where unknown.

    Attributes:
        num_samples: n.
        question: P, tokens of the prompt.
        tail: of P, computed by every further sample.
        generated: tokens of all n samples.
        seconds: wall seconds per sample, of sampling and scoring.
        inputs: tokens of the PRM's n inputs; 0 without a PRM.
        parts: of those inputs; None without a PRM.
    """

    num_samples: Floats
    question: Floats
    tail: Floats
    generated: Floats
    seconds: Floats
    inputs: Floats
    parts: Parts | None = None

    def spent(self, k: int) -> Spent:
        """Return what k samples cost, NaN where the pool is smaller."""
        share = np.where(self.num_samples >= k, k / self.num_samples, np.nan)
        # Adding 0 * x carries x's NaN over: too small a pool, or an unknown price.
        prompts = k * self.question + 0.0 * share
        computed = self.question + (k - 1) * self.tail
        inputs = share * self.inputs
        read = np.zeros_like(inputs)
        if self.parts is not None:
            read = self.parts.expected_distinct(self.num_samples, k) + 0.0 * inputs
        return Spent(
            policy_prompt=prompts,
            policy_cached=prompts - computed,
            policy_generated=share * self.generated,
            prm_prompt=inputs,
            prm_cached=inputs - read,
            seconds=k * self.seconds,
        )


def pool_prices(frames: StoreFrames, series: int, prm: str | None = None) -> PoolPrices:
    """Return the prices of the pools of one series, as scored by one PRM or by none."""
    num_problems = len(frames.problems)
    pools = frames.prices.pools.filter(series=series)
    asked = _by_problem(pools, "question_tokens", num_problems)
    blocks = _by_problem(pools, "block_tokens", num_problems)
    of_pool = pools if prm is None else frames.prices.scored.filter(series=series, prm=prm)
    inputs = np.zeros(num_problems)
    if prm is not None:
        inputs = _by_problem(of_pool, "input_tokens", num_problems)
    return PoolPrices(
        num_samples=_by_problem(of_pool, "num_samples", num_problems),
        question=asked,
        tail=tails(asked, blocks),
        generated=_by_problem(of_pool, "generated_tokens", num_problems),
        seconds=_seconds(frames, series, prm),
        inputs=inputs,
        parts=None if prm is None else _scored_parts(frames, series, prm),
    )


def tails(num_tokens: Floats, block_tokens: Floats) -> Floats:
    """Return `ttsgrid.core.price.tail_tokens` of arrays; NaN where one is unknown."""
    size = np.where(block_tokens > 0, block_tokens, np.nan)
    return np.asarray(num_tokens - size * np.floor(np.maximum(num_tokens - 1, 0) / size))


def _scored_parts(frames: StoreFrames, series: int, prm: str) -> Parts:
    return parts_of(frames.prices.scored_parts.filter(series=series, prm=prm))


def parts_of(rows: pl.DataFrame) -> Parts:
    """Return rows of `problem`, `num_sharing` and `tokens` as arrays."""
    return Parts(
        problems=rows["problem"].cast(pl.Int64).to_numpy(),
        num_sharing=rows["num_sharing"].cast(pl.Int64).to_numpy(),
        tokens=rows["tokens"].cast(pl.Float64).to_numpy(),
    )


def _by_problem(rows: pl.DataFrame, column: str, num_problems: int) -> Floats:
    values = np.full(num_problems, np.nan)
    known = rows[column].cast(pl.Float64).fill_null(float("nan"))
    values[rows["problem"].to_numpy()] = known.to_numpy()
    return values


def _seconds(frames: StoreFrames, series: int, prm: str | None) -> Floats:
    """Wall seconds per sample; 0 where no time was recorded."""
    of_series = frames.seconds.filter(series=series)
    counted = of_series.filter(pl.col("prm").is_null() | pl.col("prm").eq_missing(pl.lit(prm)))
    totals = counted.group_by("problem").agg(pl.col("seconds_per_sample").sum())
    return _by_problem(totals, "seconds_per_sample", len(frames.problems))
