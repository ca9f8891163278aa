"""Rules as a person would write them: one order at a time, in plain Python, to check against."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, product
from typing import NamedTuple

NUM_FIRST = 4


class Sample(NamedTuple):
    answer: int | None
    correct: bool
    tokens: int
    score: float | None = None


class Waited(NamedTuple):
    """Tokens written one after another, turns in which the policy is asked, tokens read."""

    path: int = 0
    turns: int = 0
    reads: int = 0


class Outcome(NamedTuple):
    """What a rule did: its answer, samples begun and tokens generated, samples scored."""

    answer: int | None
    num_samples: int
    tokens: int
    num_scored: int = 0
    smaller_samples: int = 0
    smaller_tokens: int = 0
    waited: Waited = Waited()
    smaller_waited: Waited = Waited()
    latency: int = 0


def in_turn(samples: Sequence[Sample]) -> Waited:
    """Each sample waits for the one before; its token t reads the t before it."""
    reads = sum(t for s in samples for t in range(s.tokens))
    return Waited(sum(s.tokens for s in samples), len(samples), reads)


def at_once(samples: Sequence[Sample]) -> Waited:
    """All begin together; the longest is waited for."""
    longest = max((s.tokens for s in samples), default=0)
    return in_turn(samples)._replace(path=longest, turns=1 if samples else 0)


def vote(samples: Sequence[Sample]) -> int | None:
    """The most frequent answer; of equals the one seen first."""
    counted = Counter(s.answer for s in samples if s.answer is not None)
    return max(counted, key=lambda answer: counted[answer]) if counted else None


def ahead(leader: int, other: int) -> Fraction:
    """P(p > 1/2), p ~ Beta(leader + 1, other + 1): a binomial sum, since counts are whole."""
    tosses = leader + other + 1
    return Fraction(sum(math.comb(tosses, j) for j in range(leader + 1)), 2**tosses)


def adaptive(order: Sequence[Sample], confidence: float) -> Outcome:
    for drawn in range(1, len(order) + 1):
        counted = Counter(s.answer for s in order[:drawn] if s.answer is not None)
        leader, other = [*(votes for _, votes in counted.most_common(2)), 0, 0][:2]
        if ahead(leader, other) >= confidence:
            break
    return one_by_one(order, drawn)


@lru_cache
def ahead_of_all(votes: tuple[int, ...]) -> Fraction:
    """P(p_1 > every other p), p ~ Dirichlet(votes + 1), as a finite sum.

    With Gammas of whole shapes, P(X_1 > X_i) given X_1 = x is 1 - exp(-x) sum_j x^j / j!;
    the product over i is multiplied out, and each term is a factorial over a power.
    """
    leader, *others = votes
    total = Fraction(0)
    for size in range(len(others) + 1):
        for above in combinations(others, size):
            for powers in product(*(range(votes + 1) for votes in above)):
                power = leader + sum(powers)
                below = math.factorial(leader) * math.prod(math.factorial(j) for j in powers)
                term = Fraction(math.factorial(power), below * (size + 1) ** (power + 1))
                total += (-1) ** size * term
    return total


def dirichlet(order: Sequence[Sample], confidence: float) -> Outcome:
    for drawn in range(1, len(order) + 1):
        counted = Counter(s.answer for s in order[:drawn] if s.answer is not None)
        votes = tuple(sorted(counted.values(), reverse=True))
        if votes and ahead_of_all(votes if len(votes) > 1 else (*votes, 0)) >= confidence:
            break
    return one_by_one(order, drawn)


def agreeing(order: Sequence[Sample], num_agreeing: int) -> Outcome:
    for drawn in range(1, len(order) + 1):
        last = [s.answer for s in order[max(0, drawn - num_agreeing) : drawn]]
        if len(last) == num_agreeing and None not in last and len(set(last)) == 1:
            break
    return one_by_one(order, drawn)


def one_by_one(order: Sequence[Sample], drawn: int) -> Outcome:
    waited = in_turn(order[:drawn])
    return Outcome(vote(order[:drawn]), drawn, waited.path, waited=waited, latency=waited.path)


def shortest(order: Sequence[Sample], num_finished: int) -> Outcome:
    """All chains advance a token at a time until enough of them have ended."""
    wanted = min(num_finished, len(order))
    ended: list[Sample] = []
    spent, clock, reads = 0, 0, 0
    # A chain without tokens ends before the first step.
    while True:
        ended += [s for s in order if s.tokens == clock]
        if len(ended) >= wanted:
            waited = Waited(clock, 1, reads)
            return Outcome(vote(ended[:wanted]), len(order), spent, waited=waited, latency=clock)
        going = sum(s.tokens > clock for s in order)
        spent, reads = spent + going, reads + going * clock
        clock += 1


def counts(sample: Sample) -> bool:
    return sample.answer is not None and sample.score is not None


def best_scored(samples: Sequence[Sample]) -> Sample | None:
    """The best-scored sample that has an answer; of equals the first."""
    able = [s for s in samples if counts(s)]
    return max(able, key=lambda s: s.score or 0.0) if able else None


def threshold(order: Sequence[Sample], least: float) -> Outcome:
    drawn: list[Sample] = []
    for sample in order:
        drawn.append(sample)
        if sample.answer is not None and sample.score is not None and sample.score >= least:
            break
    best = best_scored(drawn)
    waited = in_turn(drawn)
    return Outcome(
        best.answer if best else None,
        len(drawn),
        waited.path,
        len(drawn),
        waited=waited,
        latency=waited.path,
    )


def ensemble(order: Sequence[Sample], smaller: Sequence[Sample], share: float) -> Outcome:
    its = smaller[: min(max(1, round(share * len(order))), len(order) - 1)]
    mine = order[: len(order) - len(its)]
    tokens = [sum(s.tokens for s in part) for part in (mine, its)]
    waited, others = at_once(mine), at_once(its)
    return Outcome(
        vote([*mine, *its]),
        len(mine),
        tokens[0],
        0,
        len(its),
        tokens[1],
        waited,
        others,
        max(waited.path, others.path),
    )


def cascade(order: Sequence[Sample], smaller: Sequence[Sample], share: float) -> Outcome:
    its = smaller[:NUM_FIRST]
    answer = vote(its)
    alike = sum(s.answer == answer for s in its)
    return passed_on(order, its, answer, answer is not None and alike >= share * len(its), 0)


def scored_cascade(order: Sequence[Sample], smaller: Sequence[Sample], least: float) -> Outcome:
    its = smaller[:NUM_FIRST]
    best = best_scored(its)
    sure = best is not None and (best.score or 0.0) >= least
    return passed_on(order, its, best.answer if best else None, sure, len(its))


def passed_on(
    order: Sequence[Sample],
    its: Sequence[Sample],
    answer: int | None,
    sure: bool,
    num_scored: int,
) -> Outcome:
    asked: Sequence[Sample] = [] if sure else order
    waited, others = at_once(asked), at_once(its)
    return Outcome(
        answer if sure else vote(order),
        len(asked),
        sum(s.tokens for s in asked),
        num_scored,
        len(its),
        sum(s.tokens for s in its),
        waited,
        others,
        waited.path + others.path,
    )
