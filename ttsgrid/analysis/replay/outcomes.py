"""What rules score on each problem, and what they cost, beside the vote at the same N.

A rule that may draw up to N samples is set against a majority vote over N, of the same pool.
Costs are prices (`ttsgrid.analysis.cells.prices`): a rule that begins k samples pays for k
prompts, all but the first of which read the question from the cache, and for the tokens that
were generated until it stopped. Both are linear in what was drawn, so the mean over orders
is exact for the orders that were replayed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from ttsgrid.analysis.cells.flops import Spent
from ttsgrid.analysis.cells.outcomes import Outcome
from ttsgrid.analysis.cells.pools import PoolBatch, unscored_pools
from ttsgrid.analysis.cells.prices import PoolPrices, pool_prices
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.replay.choosing import chosen
from ttsgrid.analysis.replay.orders import Means, replayed
from ttsgrid.analysis.replay.rules import OPTION, RULES, RuleAt
from ttsgrid.analysis.statistics.estimators import vote_at_k
from ttsgrid.core.cell import CellKey
from ttsgrid.core.errors import StoreError
from ttsgrid.core.strategies import MAJORITY
from ttsgrid.core.voting import Floats, Ints


@dataclass(frozen=True)
class Replayed:
    """A rule beside the vote at the same N, on the problems whose pool is large enough.

    Attributes:
        rule: which, with its parameter.
        outcome: the rule's accuracy and cost, problem by problem; NaN where not replayed.
        num_samples: that it begins, shape (num_problems,).
        fixed: the majority vote over N.
        usual: the rule whose parameter serves most problems; itself where it is given.
        share: of the problems that it serves.
    """

    rule: RuleAt
    outcome: Outcome
    num_samples: Floats
    fixed: Outcome
    usual: str
    share: float


def replayed_outcomes(
    frames: StoreFrames, rules: Sequence[RuleAt], budgets: Sequence[int] | None = None
) -> Iterator[Replayed]:
    """Replay rules on every pool of a store.

    Args:
        frames: the store.
        rules: which.
        budgets: the most samples that a rule may draw; None for the size that most pools of a
            policy have. A rule has nothing to stop at N = 1, which is left out.

    Raises:
        StoreError: a rule reads the lengths of samples, and the store states none.
    """
    for row in frames.series.filter(~frames.series["greedy"]).iter_rows(named=True):
        batches = list(unscored_pools(frames, row["series"]))
        prices = pool_prices(frames, row["series"])
        for n in budgets or usual_budget(batches):
            enough = [batch for batch in batches if batch.size >= n]
            if n > 1 and enough:
                _require_lengths(enough, rules, row["policy"])
                key = CellKey(row["benchmark"], row["policy"], None, MAJORITY.name, n)
                yield from _at(key, enough, prices, rules)


def _require_lengths(batches: Sequence[PoolBatch], rules: Sequence[RuleAt], policy: str) -> None:
    """Refuse rules that would find all chains to end at once."""
    if any(batch.tokens.any() for batch in batches):
        return
    for rule in rules:
        if rule.rule.reads_lengths:
            others = ",".join(other.name for other in RULES if not other.reads_lengths)
            raise StoreError(
                f"{OPTION}: {rule.label} needs the tokens of each sample, which the store does "
                f"not state for {policy}; leave it out, e.g. {OPTION} {others}"
            )


def usual_budget(batches: Sequence[PoolBatch]) -> list[int]:
    """Return the size that most pools have, the larger of equals; nothing without pools."""
    if not batches:
        return []
    return [max(batches, key=lambda batch: (len(batch.problems), batch.size)).size]


def _at(
    key: CellKey, batches: Sequence[PoolBatch], prices: PoolPrices, rules: Sequence[RuleAt]
) -> Iterator[Replayed]:
    problems = np.concatenate([batch.problems for batch in batches])
    num_problems = len(prices.num_samples)
    votes = [vote_at_k(batch.classes, batch.correct, key.n) for batch in batches]
    fixed = Outcome(
        key,
        _laid_out(num_problems, problems, [vote.accuracy for vote in votes]),
        _laid_out(num_problems, problems, [vote.standard_error for vote in votes]),
        _on(prices.spent(key.n), problems),
    )
    candidates = [candidate for rule in rules for candidate in rule.candidates()]
    means = _concatenated([replayed(batch, candidates, key.n) for batch in batches])
    for rule in rules:
        picked = chosen(rule, [next(means) for _ in rule.candidates()])
        done = _laid_out_means(num_problems, problems, picked.means)
        outcome = Outcome(
            key._replace(strategy=rule.label),
            done.accuracy,
            done.standard_error,
            spent_on(prices, done.num_samples, done.generated_tokens),
        )
        yield Replayed(rule, outcome, done.num_samples, fixed, picked.usual, picked.share)


def _concatenated(by_batch: Sequence[Sequence[Means]]) -> Iterator[Means]:
    """The means of each rule over the problems of all batches."""
    for parts in zip(*by_batch, strict=True):
        columns = [[getattr(part, field.name) for part in parts] for field in fields(Means)]
        yield Means(*(np.concatenate(column) for column in columns))


def _laid_out_means(num_problems: int, problems: Ints, means: Means) -> Means:
    columns = [getattr(means, field.name) for field in fields(Means)]
    return Means(*(_laid_out(num_problems, problems, [column]) for column in columns))


def spent_on(prices: PoolPrices, num_samples: Floats, generated_tokens: Floats) -> Spent:
    """Return what samples of a pool cost, shape (num_problems,).

    Args:
        prices: of the pool.
        num_samples: begun, on average; at least one.
        generated_tokens: of these, on average.
    """
    prompts = num_samples * prices.question
    computed = prices.question + (num_samples - 1) * prices.tail
    # Adding 0 * x carries x's NaN over: a problem without a pool, or an unknown price.
    nothing = 0.0 * num_samples
    return Spent(
        policy_prompt=prompts,
        policy_cached=prompts - computed,
        policy_generated=generated_tokens,
        prm_prompt=nothing,
        prm_cached=nothing,
        seconds=num_samples * prices.seconds,
    )


def _laid_out(num_problems: int, problems: Ints, parts: Sequence[Floats]) -> Floats:
    values = np.full(num_problems, np.nan)
    values[problems] = np.concatenate(parts)
    return values


def _on(spent: Spent, problems: Ints) -> Spent:
    """Costs where there is an accuracy, NaN elsewhere."""
    costs = {field.name: getattr(spent, field.name) for field in fields(Spent)}
    present = np.zeros(len(spent.policy_prompt), bool)
    present[problems] = True
    return Spent(**{name: np.where(present, cost, np.nan) for name, cost in costs.items()})
