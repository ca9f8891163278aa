r"""Rules that stop when the vote is settled: samples come one after another.

* Adaptive consistency (Aggarwal et al. 2023, arXiv 2305.11860, section 3; its package's
  `BetaStoppingCriteria`, whose threshold is 0.95): with a votes for the leading answer and b
  for the next, stop when P(p > 1/2) >= confidence for p ~ Beta(a + 1, b + 1), the posterior of
  the leader's share among the two under a uniform prior.
* The same over all answers seen (its `DirichletStoppingCriteria`): stop when
  P(p_1 > every other p) >= confidence for p ~ Dirichlet(votes + 1), the posterior of all
  shares under a uniform prior; with one answer as above. Its package integrates over the five
  most frequent answers; here all count (`ttsgrid.analysis.statistics.leading`).
* k agreeing in a row, after early-stopping self-consistency (Li et al. 2024, arXiv
  2401.10480), which asks for windows of samples that agree (of 5 in its figure 1). Its
  windows are side by side; here any k in a row count, which stops no later.

The answer is the majority of what was drawn. A sample without an answer is drawn and paid
for, votes for nobody, and breaks a row.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ttsgrid.analysis.replay.ordered import OrderedPools, Replay, one_by_one
from ttsgrid.analysis.statistics.leading import probabilities_lead
from ttsgrid.analysis.statistics.libraries import share_above_half
from ttsgrid.core.voting import NO_ANSWER, Bools, Floats, Ints


def adaptive(pools: OrderedPools, confidence: float) -> Replay:
    """Stop when the leader of two answers is ahead with this probability, in (0.5, 1)."""
    return one_by_one(pools, pools.first_where(_leads_second(pools, confidence)))


def dirichlet(pools: OrderedPools, confidence: float) -> Replay:
    """Stop when the leader of all answers is ahead with this probability, in (0.5, 1)."""
    # Being ahead of all is less probable than of the second: only where that holds is it asked.
    asked = _leads_second(pools, confidence)
    num_samples = np.full(asked.shape[1], pools.size)
    going = np.flatnonzero(asked.any(axis=0))
    while going.size:
        place = asked[:, going].argmax(axis=0)
        settled = _leads_all(pools, place, going) >= confidence
        num_samples[going[settled]] = place[settled] + 1
        asked[place, going] = False
        going = going[~settled]
        going = going[asked[:, going].any(axis=0)]
    return one_by_one(pools, num_samples)


def _leads_second(pools: OrderedPools, confidence: float) -> Bools:
    """Whether the leader is ahead of the second with this probability, shape (n, E)."""
    settled = _ahead(pools.size) >= confidence
    # Before the first answer both have no votes, and the probability is one half.
    return np.asarray(settled[pools.leads.first, pools.leads.second])


@lru_cache(maxsize=4)  # one for 256 samples takes 30 ms, as long as all else a rule does
def _ahead(most_votes: int) -> Floats:
    votes = np.arange(most_votes + 1)
    return share_above_half(votes[:, None], votes)


def _leads_all(pools: OrderedPools, place: Ints, orders: Ints) -> Floats:
    """The probability that the leader is ahead of all, at one place of each of some orders."""
    standing = pools.leads.standing[place, orders]
    _, examples, which = np.unique(standing, return_index=True, return_inverse=True)
    last = place[examples]
    drawn = pools.classes[: last.max() + 1, orders[examples]].T
    drawn = np.where(np.arange(drawn.shape[1]) <= last[:, None], drawn, NO_ANSWER)
    return probabilities_lead(_votes(drawn))[which]


def _votes(classes: Ints) -> Ints:
    """Votes of each answer, most first; (U, n) to (U, K)."""
    width = int(classes.max()) + 2
    places = np.arange(len(classes))[:, None] * width + classes + 1
    votes = np.bincount(places.reshape(-1), minlength=len(classes) * width).reshape(-1, width)
    return np.asarray(-np.sort(-votes[:, 1:], axis=1))


def agreeing(pools: OrderedPools, num_agreeing: float) -> Replay:
    """Stop when so many samples in a row gave the same answer."""
    return one_by_one(pools, pools.first_where(pools.in_a_row >= num_agreeing))
