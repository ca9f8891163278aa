"""Pools in random orders, and what a rule sees of them sample by sample.

An *order* is one way in which the samples of a pool could have come. All arrays have shape
(n, E): sample j of E orders lies side by side, so that what holds after each sample (the two
leading answers, how many samples agree in a row) takes n steps for all orders at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ttsgrid.core.voting import NO_ANSWER, Bools, Floats, Ints

NOBODY = -1
SEED = 1957


@dataclass(frozen=True)
class Leads:
    """How the votes stand after each sample, shape (n, E) each.

    Attributes:
        first, second: how many samples gave the two most frequent answers so far.
        standing: equal where the answers have equal numbers of votes, whichever has which.
    """

    first: Ints
    second: Ints
    standing: NDArray[np.uint64]


@dataclass(frozen=True)
class OrderedPools:
    """E orders of pools of n samples each.

    Attributes:
        classes: answer classes, `NO_ANSWER` for none, shape (n, E).
        tokens: generated for each sample, shape (n, E).
        scores: a PRM's, NaN for none, shape (n, E); empty for pools without a PRM.
        smaller: the same problems' pools of a smaller policy, each in a random order of its
            own, with classes numbered alike; None for rules that ask one policy.
    """

    classes: Ints
    tokens: Ints
    scores: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    smaller: OrderedPools | None = None

    @property
    def size(self) -> int:
        """Samples per order, n."""
        return len(self.classes)

    @cached_property
    def leads(self) -> Leads:
        """The two leading counts after each sample; one without an answer counts for none."""
        counts = _Counts(self.classes)
        steps = [counts.add(row) for row in self.classes]
        return Leads(*(np.stack(rows) for rows in zip(*steps, strict=True)))

    @cached_property
    def in_a_row(self) -> Ints:
        """How many samples, up to each, gave one answer in a row; 0 where it has none."""
        runs = np.zeros(self.classes.shape, np.int64)
        before, last = np.zeros_like(self.classes[0]), np.full_like(self.classes[0], NO_ANSWER)
        for run, given in zip(runs, self.classes, strict=True):
            run[:] = np.where(given == NO_ANSWER, 0, np.where(given == last, before, 0) + 1)
            before, last = run, given
        return runs

    @cached_property
    def finishing(self) -> Ints:
        """The samples of each order from the first to end to the last, shape (n, E)."""
        return self.tokens.argsort(axis=0, kind="stable")

    def first_where(self, settled: Bools) -> Ints:
        """Return how many samples are drawn until a condition holds, n where it never does.

        Args:
            settled: whether it holds after each sample, shape (n, E).
        """
        return np.where(settled.any(axis=0), settled.argmax(axis=0) + 1, self.size)

    @cached_property
    def written(self) -> Ints:
        """Tokens of the first k samples of each order, k = 0..n, shape (n + 1, E)."""
        return _running_sums(self.tokens)

    @cached_property
    def reads(self) -> Ints:
        """Keys and values that their attention reads, without the question's, as `written`."""
        return _running_sums(reads_alone(self.tokens))

    @cached_property
    def longest(self) -> Ints:
        """Tokens of the longest of the first k samples of each order, as `written`."""
        return _after_nothing(np.maximum.accumulate(self.tokens, axis=0))

    def drawn(self, num_samples: Ints) -> Bools:
        """Mark the first samples of each order, shape (n, E)."""
        return np.asarray(np.arange(self.size)[:, None] < num_samples)


def reads_alone(lengths: Ints) -> Ints:
    """Return the keys and values that a sample's tokens read: t - 1 of its own by the t-th."""
    return lengths * (lengths - 1) // 2


def _running_sums(values: Ints) -> Ints:
    return _after_nothing(values.cumsum(axis=0))


def _after_nothing(values: Ints) -> Ints:
    return np.concatenate([np.zeros_like(values[:1]), values])


def _of_first(values: Ints, num_samples: Ints) -> Ints:
    """Entries of an array of shape (n + 1, E) after the first samples of each order, (E,)."""
    return np.asarray(np.take_along_axis(values, num_samples[None], 0)[0])


class _Counts:
    """Votes per answer, and those of the two leaders, as samples come in.

    A standing is a sum over answers of a random number for each count, so it doesn't depend
    on which answer has how many; two that differ are equal with a probability of 2 ** -64.
    """

    def __init__(self, classes: Ints) -> None:
        self._width = int(classes.max(initial=NO_ANSWER)) + 2
        num_orders = classes.shape[1]
        # NO_ANSWER is -1: shifted by one it has a place of its own, which is never read.
        self._places = np.arange(num_orders) * self._width + 1
        self._votes = np.zeros(num_orders * self._width, np.int64)
        self._leader = np.full(num_orders, NO_ANSWER)
        self._first, self._second = np.zeros((2, num_orders), np.int64)
        self._standing = np.zeros(num_orders, np.uint64)
        marks = np.random.default_rng(SEED).integers(1 << 63, size=len(classes) + 1)
        marks[0] = 0  # an answer that nobody gave
        self._steps = np.diff(marks.astype(np.uint64), prepend=np.uint64(0))

    def add(self, given: Ints) -> tuple[Ints, Ints, NDArray[np.uint64]]:
        """Count one sample of each order; return the leaders' votes, and how all stand."""
        place, answered = self._places + given, given != NO_ANSWER
        self._votes[place] += answered
        votes = self._votes[place]
        overtakes = answered & (votes > self._first) & (given != self._leader)
        trails = answered & ~overtakes & (given != self._leader)
        self._second = np.where(overtakes, self._first, self._second)
        self._second = np.where(trails, np.maximum(self._second, votes), self._second)
        self._first = np.where(answered, np.maximum(self._first, votes), self._first)
        self._leader = np.where(overtakes, given, self._leader)
        self._standing = self._standing + np.where(answered, self._steps[votes], np.uint64(0))
        return self._first, self._second, self._standing


def majority_of(classes: Ints, voting: Bools) -> Ints:
    """Return which sample wins the majority vote of each order, `NOBODY` without an answer.

    On a tie the answer seen first wins, as in `ttsgrid.core.voting.elect`.

    Args:
        classes: shape (n, E).
        voting: whose vote counts, shape (n, E).

    Returns:
        The first sample of the winning answer, shape (E,).
    """
    voting = voting & (classes != NO_ANSWER)
    width = int(classes.max(initial=NO_ANSWER)) + 2
    places = np.arange(classes.shape[1]) * width + classes + 1
    votes = np.bincount(places[voting], minlength=classes.shape[1] * width)
    votes_of_own = np.where(voting, votes[places], 0)
    return np.where(voting.any(axis=0), votes_of_own.argmax(axis=0), NOBODY)


def _unknown() -> Ints:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class Draws:
    """What was drawn of a pool in each order, shape (E,) each.

    Attributes:
        num_samples: samples begun: each takes a prompt.
        generated_tokens: of these samples, as far as they were generated.
        num_scored: of these samples, given to the PRM; empty where none ever is.
        path_tokens: of the generated tokens, those written one after another; empty where a
            rule doesn't say, as the next two.
        turns: times that the policy is asked, one after another; the PRM is, after each.
        context_reads: keys and values that attention reads, without the question's.
    """

    num_samples: Ints
    generated_tokens: Ints
    num_scored: Ints = field(default_factory=_unknown)
    path_tokens: Ints = field(default_factory=_unknown)
    turns: Ints = field(default_factory=_unknown)
    context_reads: Ints = field(default_factory=_unknown)


@dataclass(frozen=True)
class Replay(Draws):
    """What a rule did in each order.

    Attributes:
        winners: the sample whose answer is given, `NOBODY` where none is; from n on samples
            of the smaller policy, shape (E,).
        smaller: what it drew of the smaller policy's pool.
    """

    winners: Ints = field(kw_only=True)
    smaller: Draws | None = None


def first_samples(
    pools: OrderedPools, num_samples: Ints, scored: bool = False, at_once: bool = False
) -> Draws:
    """Return what drawing the first samples of each order takes.

    Args:
        pools: in their orders.
        num_samples: of each order, shape (E,).
        scored: whether the PRM is given each.
        at_once: whether they are written side by side; else one after another.
    """
    written = _of_first(pools.written, num_samples)
    return Draws(
        num_samples=num_samples,
        generated_tokens=written,
        num_scored=num_samples if scored else _unknown(),
        path_tokens=_of_first(pools.longest, num_samples) if at_once else written,
        turns=np.minimum(num_samples, 1) if at_once else num_samples,
        context_reads=_of_first(pools.reads, num_samples),
    )


def one_by_one(pools: OrderedPools, num_samples: Ints) -> Replay:
    """Return a majority vote over the first samples of each order, drawn one after another."""
    drawn = first_samples(pools, num_samples)
    winners = majority_of(pools.classes, pools.drawn(num_samples))
    return Replay(**vars(drawn), winners=winners)
