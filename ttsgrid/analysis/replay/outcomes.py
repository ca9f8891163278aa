"""What rules score on each problem, and what they cost, beside a cell at the same N.

A rule that may draw up to N samples is set against what the same pools give for all N: a
majority vote, or best-of-N where it reads a PRM's scores; a rule of two policies against the
larger one's vote; a budget that is shared against a vote of as many samples on every problem.

Costs are prices (`ttsgrid.analysis.cells.prices`): a rule that begins k samples pays for k
prompts, all but the first of which read the question from the cache, and for the tokens that
were generated until it stopped. Both are linear in what was drawn, so the mean over orders is
exact for the orders that were replayed. A PRM that scores k samples computes the distinct
parts of k random inputs, as in a cell at k.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from ttsgrid.analysis.cells.costs import make_meter
from ttsgrid.analysis.cells.flops import Spent
from ttsgrid.analysis.cells.outcomes import Outcome
from ttsgrid.analysis.cells.prices import PoolPrices
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.replay.choosing import MIN_CHOOSING, chosen
from ttsgrid.analysis.replay.means import Means, combined
from ttsgrid.analysis.replay.orders import replayed_levels, replayed_sides
from ttsgrid.analysis.replay.rules import RuleAt
from ttsgrid.analysis.replay.sharing import PROBE, joined, shared_budget
from ttsgrid.analysis.replay.subjects import Subject, subjects
from ttsgrid.analysis.replay.waits import Waits, known_or_nan, waits_of
from ttsgrid.analysis.statistics.estimators import best_of_k, longest_of, vote_at_k
from ttsgrid.core.cell import CellKey
from ttsgrid.core.strategies import BEST_OF_N, MAJORITY
from ttsgrid.core.voting import Floats, Ints

BEST = "max"  # best-of-N's vote that gives the best-scored solution


@dataclass(frozen=True)
class Replayed:
    """A rule beside a cell at the same N, on the problems whose pools are large enough.

    Attributes:
        rule: which, with its parameter.
        outcome: the rule's accuracy, problem by problem, and what its policy spends (of two:
            the larger); NaN where not replayed.
        num_samples: that it begins, of all policies, shape (num_problems,).
        fixed: the cell that it is set against.
        usual: the rule whose parameter serves most problems; itself where it is given.
        share: of the problems that it serves.
        num_scored: samples that a PRM scores; 0 without one, shape (num_problems,).
        latency_tokens: on the critical path, over all policies, shape (num_problems,); NaN where
            unknown.
        fixed_latency: the same of the cell.
        waits: of each policy in `spent_by`.
        also: what a smaller policy spends, with the same accuracy; None for rules of one.
    """

    rule: RuleAt
    outcome: Outcome
    num_samples: Floats
    fixed: Outcome
    usual: str
    share: float
    num_scored: Floats
    latency_tokens: Floats
    fixed_latency: Floats
    waits: tuple[Waits, ...]
    also: Outcome | None = None

    @property
    def spent_by(self) -> tuple[Outcome, ...]:
        """The outcome of each policy that it asks: what it costs is their sum."""
        return (self.outcome,) if self.also is None else (self.outcome, self.also)


def replayed_outcomes(
    frames: StoreFrames, rules: Sequence[RuleAt], budgets: Sequence[int] | None = None
) -> Iterator[Replayed]:
    """Replay rules on every pool of a store that has what they need.

    Args:
        frames: the store.
        rules: which.
        budgets: the most samples that a rule may draw of a policy; None for the size that
            most of its pools have. A rule has nothing to stop at N = 1, which is left out.
    """
    sizes = make_meter(frames).sizes
    for needs in dict.fromkeys(rule.rule.needs for rule in rules):
        of_kind = [rule for rule in rules if rule.rule.needs == needs]
        for subject in subjects(frames, sizes, needs):
            for n in budgets or subject.usual_budget():
                if n > 1 and subject.enough(n):
                    replay = _shared_at if needs.all_problems else _at
                    yield from replay(subject, n, of_kind)


def _at(subject: Subject, n: int, rules: Sequence[RuleAt]) -> Iterator[Replayed]:
    batches = subject.enough(n)
    has_lengths = subject.has_lengths(n)
    num_problems = sum(len(batch.problems) for batch, _ in batches)
    among = {
        rule: rule.candidates(subject.scores)
        for rule in rules
        if (has_lengths or not rule.rule.reads_lengths)
        and (num_problems >= MIN_CHOOSING or not rule.is_chosen)
    }
    means = iter(_means(subject, n, [one for candidates in among.values() for one in candidates]))
    for rule, candidates in among.items():
        of_rule = [next(means) for _ in candidates]
        picked = chosen(rule, of_rule, candidates, subject.smaller_weight)
        yield _replayed(subject, n, rule, picked.means, picked.usual, picked.share)


def _shared_at(subject: Subject, n: int, rules: Sequence[RuleAt]) -> Iterator[Replayed]:
    batches = [batch for batch, _ in subject.enough(n)]
    if sum(len(batch.problems) for batch in batches) < MIN_CHOOSING:
        return
    levels = joined([replayed_levels(batch, n) for batch in batches])
    for rule in rules:
        mean_samples = min(n, max(PROBE, round(rule.value * n)))
        means = shared_budget(levels, mean_samples)
        one = _replayed(subject, n, rule, means, rule.label, 1.0)
        cell, latency = _fixed(subject, mean_samples, n), _longest(subject, mean_samples, n)
        yield replace(one, fixed=cell, fixed_latency=latency)


def _means(subject: Subject, n: int, rules: Sequence[RuleAt]) -> Iterator[Means]:
    """The means of each rule over the problems of all batches."""
    by_batch = []
    for batch, other in subject.enough(n):
        smaller = None
        if other is not None and subject.smaller is not None:
            smaller = subject.smaller.side(other)
        by_batch.append(replayed_sides(subject.policy.side(batch), rules, n, smaller))
    for parts in zip(*by_batch, strict=True):
        yield combined(parts, np.concatenate)


def _replayed(
    subject: Subject, n: int, rule: RuleAt, means: Means, usual: str, share: float
) -> Replayed:
    batches = subject.enough(n)
    problems = np.concatenate([batch.problems for batch, _ in batches])
    everywhere = len(subject.policy.prices.num_samples)
    done = combined([means], lambda columns: _laid_out(everywhere, problems, columns))
    key = CellKey(subject.benchmark, subject.policy.name, subject.policy.prm, rule.label, n)
    spent = _spent(subject.policy.prices, done)
    also, num_samples, num_scored = None, done.num_samples, done.num_scored
    # Lengths that no sample has are unknown: all on the path would be 0 tokens.
    told = subject.has_lengths(n)
    waits = [waits_of(done, subject.policy.prices.question, told)]
    if subject.smaller is not None:
        its = key._replace(policy=subject.smaller.name, prm=subject.smaller.prm)
        of_its = _of_smaller(done)
        paid = _spent(subject.smaller.prices, of_its)
        waits.append(waits_of(of_its, subject.smaller.prices.question, told))
        also = Outcome(its, done.accuracy, done.standard_error, paid)
        num_samples, num_scored = num_samples + done.smaller_samples, done.smaller_scored
    return Replayed(
        rule=rule,
        outcome=Outcome(key, done.accuracy, done.standard_error, spent),
        num_samples=num_samples,
        fixed=_fixed(subject, n),
        usual=usual,
        share=share,
        num_scored=num_scored if num_scored.size else np.zeros(everywhere),
        latency_tokens=known_or_nan(done.latency_tokens, everywhere, told),
        fixed_latency=_longest(subject, n),
        waits=tuple(waits),
        also=also,
    )


def _of_smaller(means: Means) -> Means:
    return Means(
        means.accuracy,
        means.standard_error,
        means.smaller_samples,
        means.smaller_tokens,
        means.smaller_scored,
        means.smaller_computed,
        path_tokens=means.smaller_path_tokens,
        turns=means.smaller_turns,
        context_reads=means.smaller_reads,
    )


def _fixed(subject: Subject, n: int, least: int | None = None) -> Outcome:
    """The cell at N that a rule is set against, on pools of at least so many samples."""
    policy, batches = subject.policy, [batch for batch, _ in subject.enough(least or n)]
    key, how = (
        CellKey(subject.benchmark, policy.name, policy.prm, MAJORITY.name, n),
        policy.aggregation,
    )
    estimates = [vote_at_k(batch.classes, batch.correct, n) for batch in batches]
    if how is not None:
        key = key._replace(strategy=BEST_OF_N.name, aggregation=how, vote=BEST)
        estimates = [best_of_k(b.scores[how], b.correct, b.classes, n) for b in batches]
    problems, everywhere = np.concatenate([b.problems for b in batches]), len(policy.prices.inputs)
    return Outcome(
        key,
        _laid_out(everywhere, problems, [one.accuracy for one in estimates]),
        _laid_out(everywhere, problems, [one.standard_error for one in estimates]),
        _on(policy.prices.spent(n), problems),
    )


def _longest(subject: Subject, n: int, least: int | None = None) -> Floats:
    """What the cell waits for, by problem: its samples are written side by side."""
    pools = subject.enough(least or n)
    longest = [longest_of(batch.tokens, n) for batch, _ in pools]
    if not subject.has_lengths(least or n):
        longest = [np.full_like(one, np.nan) for one in longest]
    problems = np.concatenate([batch.problems for batch, _ in pools])
    return _laid_out(len(subject.policy.prices.inputs), problems, longest)


def spent_on(
    prices: PoolPrices,
    num_samples: Floats,
    generated_tokens: Floats,
    asked: Floats | float = 1.0,
    num_scored: Floats | float = 0.0,
    prm_computed: Floats | float = 0.0,
) -> Spent:
    """Return what samples of a pool cost, shape (num_problems,).

    Args:
        prices: of the pool.
        num_samples: begun, on average.
        generated_tokens: of these, on average.
        asked: how often any is begun.
        num_scored: given to the PRM, on average.
        prm_computed: tokens that it computes for them, on average.
    """
    prompts = num_samples * prices.question
    computed = asked * prices.question + (num_samples - asked) * prices.tail
    # Adding 0 * x carries x's NaN over: a problem without a pool, or an unknown price.
    nothing = 0.0 * num_samples
    inputs = nothing if prices.parts is None else num_scored * prices.inputs / prices.num_samples
    return Spent(
        policy_prompt=prompts,
        policy_cached=prompts - computed,
        policy_generated=generated_tokens,
        prm_prompt=inputs + nothing,
        prm_cached=inputs - prm_computed + nothing,
        seconds=num_samples * prices.seconds,
    )


def _spent(prices: PoolPrices, means: Means) -> Spent:
    columns = {
        "asked": means.asked,
        "num_scored": means.num_scored,
        "prm_computed": means.prm_computed,
    }
    held = {name: column for name, column in columns.items() if column.size}
    return spent_on(prices, means.num_samples, means.generated_tokens, **held)


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
