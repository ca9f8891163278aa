"""Rules as a person would write them: one order at a time, in plain Python, to check against."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple


class Sample(NamedTuple):
    answer: int | None
    correct: bool
    tokens: int


class Outcome(NamedTuple):
    """What a rule did: the answer that it gave, samples begun and tokens generated."""

    answer: int | None
    num_samples: int
    tokens: int


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


def agreeing(order: Sequence[Sample], num_agreeing: int) -> Outcome:
    for drawn in range(1, len(order) + 1):
        last = [s.answer for s in order[max(0, drawn - num_agreeing) : drawn]]
        if len(last) == num_agreeing and None not in last and len(set(last)) == 1:
            break
    return one_by_one(order, drawn)


def one_by_one(order: Sequence[Sample], drawn: int) -> Outcome:
    return Outcome(vote(order[:drawn]), drawn, sum(s.tokens for s in order[:drawn]))


def shortest(order: Sequence[Sample], num_finished: int) -> Outcome:
    """All chains advance a token at a time until enough of them have ended."""
    wanted = min(num_finished, len(order))
    ended: list[Sample] = []
    spent, clock = 0, 0
    # A chain without tokens ends before the first step.
    while True:
        ended += [s for s in order if s.tokens == clock]
        if len(ended) >= wanted:
            return Outcome(vote(ended[:wanted]), len(order), spent)
        spent += sum(s.tokens > clock for s in order)
        clock += 1
