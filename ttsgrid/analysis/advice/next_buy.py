"""Would more help? A larger N, a better PRM, or a larger policy: what to buy next.

From the pool of a policy alone, the problems that it gets wrong at N are told apart by what
would be needed to get them right:

* *a better PRM*: coverage less accuracy. Some of the N samples are right, and the vote elects
  another answer. A perfect PRM would add all of it.
* *a larger N*: what coverage gains from N to 4 N (`ttsgrid.analysis.statistics.rare_success`),
  times the share of it that the vote turns into accuracy. That share is taken from the last
  step that was run: what accuracy gained from N / 4 to N over what coverage gained.
* *a larger policy*: what 4 N samples don't cover either. Nothing that picks among samples of
  this policy can win it.

All three are what is won at best, so the largest says where to look first; the share of draws
in which it is the largest says how surely. A draw is one of the posterior of the rates and one
of the problems (the Bayesian bootstrap, Rubin 1981), so it covers both doubts. Which vote and
aggregation a PRM is used with is chosen on other problems.

Each extrapolation is checked: half of each pool is hidden at random, the rest predicts what
the whole pool shows, and both are reported.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.cells.pools import PoolBatch, unscored_pools
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.statistics.crossfit import chosen_held_out
from ttsgrid.analysis.statistics.estimators import pass_at_k
from ttsgrid.analysis.statistics.intervals import difference_intervals, mean_intervals
from ttsgrid.analysis.statistics.rare_success import (
    SEED,
    Rates,
    central,
    fit_rates_of_success,
)
from ttsgrid.core.strategies import BEST_OF_N, MAJORITY
from ttsgrid.core.voting import Bools, Floats, Ints

STEP = 4  # budgets are powers of 4 here
FAR = 16  # as far as coverage is extrapolated, in pools
MIN_SAMPLES = 4
BETTER_PRM, LARGER_N, LARGER_POLICY = "better PRM", "larger N", "larger policy"
_PARTS = {BETTER_PRM: "prm_gain", LARGER_N: "n_gain", LARGER_POLICY: "policy_gain"}
_BOUNDED = ("coverage_more", "coverage_far", *_PARTS.values(), "predicted_coverage")
NEXT_BUY_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "buy": pl.String,
    "buy_share": pl.Float64,
    "n": pl.Int64,
    "num_problems": pl.Int64,
    "num_unscored": pl.Int64,
    "accuracy": pl.Float64,
    "coverage": pl.Float64,
    "turned_share": pl.Float64,
    **{f"{name}{end}": pl.Float64 for name in _BOUNDED[:5] for end in ("", "_low", "_high")},
    "hidden_half": pl.Int64,
    **{f"predicted_coverage{end}": pl.Float64 for end in ("", "_low", "_high")},
    "shown_coverage": pl.Float64,
}
Voters = Mapping[tuple[str, str, str | None], Mapping[int, Sequence[int]]]
"""(benchmark, policy, PRM) to N to the votes there, as positions in `Cells.outcomes`."""
Row = dict[str, Any]


def next_buys(frames: StoreFrames, cells: Cells) -> pl.DataFrame:
    """Say what to buy next, one row per (policy, PRM), and one with a majority vote (PRM null).

    Args:
        frames: the store.
        cells: its cells.

    Returns:
        Columns `NEXT_BUY_SCHEMA`. `coverage` is pass@N of the pool; `coverage_more` and
        `coverage_far` that at `STEP` and `FAR` times N, on these problems, with what 95 % of
        the posterior holds; `turned_share` accuracy over coverage; `*_gain` the three parts
        above with 95 % intervals over problems like these; `buy` the largest of them and
        `buy_share` in what share of draws it is (null where nothing is left to win).
        `predicted_coverage` is what `hidden_half` samples say of the whole pool, which shows
        `shown_coverage`. Policies with fewer than `MIN_SAMPLES` samples have no row.
    """
    voters, rows = _voters(cells), list[Row]()
    for series in frames.series.filter(~pl.col("greedy")).iter_rows(named=True):
        batches = list(unscored_pools(frames, series["series"]))
        if not batches:
            continue
        pool = _Pool.of(max(batches, key=lambda batch: (len(batch.problems), batch.size)))
        who = series["benchmark"], series["policy"]
        if pool.num_samples >= MIN_SAMPLES:
            rows += _rows_of(pool, who, voters, cells)
    # Smaller policies first, as everywhere; one of unknown size last.
    rows.sort(key=lambda row: (row["benchmark"], cells.meter.sizes.get(row["policy"]) or math.inf))
    return pl.DataFrame(rows, schema=NEXT_BUY_SCHEMA)


def _rows_of(pool: _Pool, who: tuple[str, str], voters: Voters, cells: Cells) -> Iterator[Row]:
    checked = pool.checked()
    for key, by_budget in voters.items():
        budgets = [n for n in by_budget if 1 < n <= pool.num_samples]
        if key[:2] != who or not budgets:
            continue
        n = max(budgets)
        voted = cells.accuracies(by_budget[n])[:, pool.problems]
        present = np.asarray(~np.isnan(voted).any(axis=0))
        if present.sum() < 2:
            continue
        before = by_budget.get(n // STEP)
        earlier = None if before is None else _kept(cells, before, pool.problems[present])
        lost = _Lost(pool, present, n, _chosen(voted[:, present]), earlier)
        unscored = cells.outcomes[by_budget[n][0]].num_unscored(pool.on(present, cells))
        names = dict(zip(("benchmark", "policy", "prm"), key, strict=True))
        yield {**names, **lost.row(), **checked, "num_unscored": unscored}


def _voters(cells: Cells) -> Voters:
    """The votes over a pool: the majority's without a PRM, all of a PRM's with it."""
    found: dict[tuple[str, str, str | None], dict[int, list[int]]] = {}
    for position, outcome in enumerate(cells.outcomes):
        key = outcome.key
        votes = BEST_OF_N.name if key.prm is not None else MAJORITY.name
        if key.strategy == votes:
            of_key = found.setdefault((key.benchmark, key.policy, key.prm), defaultdict(list))
            of_key[key.n].append(position)
    return found


def _kept(cells: Cells, rows: Sequence[int], problems: Ints) -> Floats | None:
    """What the chosen vote keeps on some problems; None where it did not run on all."""
    values = cells.accuracies(rows)[:, problems]
    return None if np.isnan(values).any() else _chosen(values)


def _chosen(values: Floats) -> Floats:
    """Accuracy by problem of the vote that is best on others; shape (C, P) to (P,)."""
    return chosen_held_out(values, np.full(values.shape[1], Bin.ALL, dtype=object))


@dataclass(frozen=True)
class _Pool:
    """The pools of one policy; `correct` has shape (P, n)."""

    problems: Ints
    correct: Bools
    rates: Rates

    @classmethod
    def of(cls, batch: PoolBatch) -> _Pool:
        counts = batch.correct.sum(axis=1)
        return cls(batch.problems, batch.correct, fit_rates_of_success(counts, batch.size))

    @property
    def num_samples(self) -> int:
        return int(self.correct.shape[1])

    def on(self, present: Bools, cells: Cells) -> Bools:
        """Some of the problems as problems of the store."""
        inside = np.zeros(len(cells.outcomes[0].accuracy), bool)
        inside[self.problems[present]] = True
        return inside

    def checked(self) -> Row:
        """What a random half says of the whole pool, and what the whole pool shows."""
        seen = np.random.default_rng(SEED).permuted(self.correct, axis=1)
        half = self.num_samples // 2
        rates = fit_rates_of_success(seen[:, :half].sum(axis=1), half)
        draws = rates.coverage_of_grown_pool(self.num_samples, self.num_samples).mean(axis=1)
        return {
            "hidden_half": half,
            **_bounded("predicted_coverage", float(draws.mean()), *central(draws)),
            "shown_coverage": float(self.correct.any(axis=1).mean()),
        }


@dataclass(frozen=True)
class _Lost:
    """What one vote over a pool's samples gets wrong, and what would win it.

    Attributes:
        present: the pool's problems that the vote ran on, shape (P,).
        n: what it votes over.
        accuracy: there, by problem.
        before: the same at N / `STEP`; None where that was not run.
    """

    pool: _Pool
    present: Bools
    n: int
    accuracy: Floats
    before: Floats | None

    def row(self) -> Row:
        covered, more, far = self._covered(self.n), self._draws(STEP), self._draws(FAR)
        accuracy, coverage = float(self.accuracy.mean()), float(covered.mean())
        parts = self._parts(covered, self._draws(1), more)
        middles = {name: float(draws.mean()) for name, draws in parts.items()}
        buy = max(middles, key=lambda name: middles[name])
        largest = np.argmax(np.stack(list(parts.values())), axis=0) == list(parts).index(buy)
        nothing_left = accuracy >= 1.0
        return {
            "n": self.n,
            "num_problems": len(covered),
            "accuracy": accuracy,
            "coverage": coverage,
            "turned_share": accuracy / coverage if coverage else None,
            "buy": None if nothing_left else buy,
            "buy_share": None if nothing_left else float(largest.mean()),
            **_bounded("coverage_more", float(more.mean()), *central(more.mean(axis=1))),
            **_bounded("coverage_far", float(far.mean()), *central(far.mean(axis=1))),
            **self._gains(covered, more, parts),
        }

    def _covered(self, n: int) -> Floats:
        counts = self.pool.rates.counts[self.present]
        return pass_at_k(counts, self.pool.num_samples, n)

    def _draws(self, times: int) -> Floats:
        """Draws of coverage at so many times N, shape (D, P)."""
        return self.pool.rates.coverage(times * self.n)[:, self.present]

    def _parts(self, covered: Floats, now: Floats, more: Floats) -> dict[str, Floats]:
        """Draws of what each buy would win at best, shape (D,)."""
        rng = np.random.default_rng(SEED)
        weights = rng.exponential(size=more.shape)
        weights /= weights.sum(axis=1, keepdims=True)
        added = (weights * (more - now)).sum(axis=1)
        return {
            BETTER_PRM: weights @ (covered - self.accuracy),
            LARGER_N: added * self._turned_at_the_margin(weights, covered),
            LARGER_POLICY: (weights * (1 - more)).sum(axis=1),
        }

    def _turned_at_the_margin(self, weights: Floats, covered: Floats) -> Floats:
        """The share of newly covered problems that the last step turned right, (D,)."""
        accuracy, coverage = weights @ self.accuracy, weights @ covered
        if self.before is not None:
            accuracy = accuracy - weights @ self.before
            coverage = coverage - weights @ self._covered(self.n // STEP)
        share = np.divide(accuracy, coverage, out=np.zeros_like(accuracy), where=coverage > 0)
        return np.clip(share, 0.0, 1.0)

    def _gains(self, covered: Floats, more: Floats, parts: Mapping[str, Floats]) -> Row:
        """Means and intervals; where no problem shows variation, as wide as a score interval."""
        picked = difference_intervals(covered, self.accuracy)
        beyond = mean_intervals(1 - more.mean(axis=0))
        low, high = central(parts[LARGER_POLICY])
        return {
            **_bounded(
                _PARTS[BETTER_PRM],
                float((covered - self.accuracy).mean()),
                max(float(picked.low), 0.0),
                float(picked.high),
            ),
            **_bounded(_PARTS[LARGER_N], float(parts[LARGER_N].mean()), *central(parts[LARGER_N])),
            **_bounded(
                _PARTS[LARGER_POLICY],
                float((1 - more).mean()),
                min(low, float(beyond.low)),
                max(high, float(beyond.high)),
            ),
        }


def _bounded(name: str, value: float, low: float, high: float) -> Row:
    return {name: value, f"{name}_low": low, f"{name}_high": high}
