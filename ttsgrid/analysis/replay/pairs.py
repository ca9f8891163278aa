"""Rules that ask two policies: both vote, or the smaller goes first.

* Ensemble: of N samples some are the smaller policy's and the rest the larger's, and all vote
  alike. A policy's weight in the vote is then its share of the samples (Komiyama et al. 2025,
  arXiv 2509.21091, weigh the policies' answer distributions likewise and choose the weights on
  training problems; so is the share here, where it is asked for).
* Cascade by agreement (Yue et al. 2023, arXiv 2310.03094, section 2, vote-based): the
  smaller policy draws K samples; where its most frequent answer has at least this share of
  them, that is the answer. Else the larger policy is asked, and its majority over N counts.
* Cascade by PRM score (after the scorer of FrugalGPT, Chen et al. 2023, arXiv 2305.05176): the
  smaller policy's best-scored of K samples is the answer where its score is at least t.

The sources' first policy draws 20 to 40 samples; K is 4 here, what a probe of difficulty takes.
All samples of a cascade are paid for: those of the smaller policy in any case. A policy's samples
are written side by side; the two policies' too in an ensemble, one after the other in a cascade.
"""

from __future__ import annotations

import numpy as np

from ttsgrid.analysis.replay.ordered import (
    NOBODY,
    Draws,
    OrderedPools,
    Replay,
    first_samples,
    majority_of,
)
from ttsgrid.analysis.replay.scored import answer_scores, best_of
from ttsgrid.core.voting import Bools, Ints

NUM_FIRST = 4
ROUNDING = 1e-9  # 3 of 4 are 0.75, whatever a share like 0.7499999 was meant to be


def ensemble(pools: OrderedPools, share_of_smaller: float) -> Replay:
    """Let both policies vote, the smaller with this share of N samples, at least one each.

    On a tie the answer that the larger policy saw first wins.
    """
    smaller = _smaller(pools)
    num_smaller = min(max(1, round(share_of_smaller * pools.size)), pools.size - 1)
    mine = first_samples(pools, _everywhere(pools, pools.size - num_smaller), at_once=True)
    its = first_samples(smaller, _everywhere(pools, num_smaller), at_once=True)
    voting = np.concatenate([pools.drawn(mine.num_samples), smaller.drawn(its.num_samples)])
    classes = np.concatenate([pools.classes, smaller.classes])
    return Replay(**vars(mine), winners=majority_of(classes, voting), smaller=its)


def cascade(pools: OrderedPools, agreeing_share: float) -> Replay:
    """Ask the larger policy where too few of the smaller's first samples agree."""
    smaller, its = _smaller(pools), _first(pools, scored=False)
    drawn = smaller.drawn(its.num_samples)
    winners = majority_of(smaller.classes, drawn)
    alike = (smaller.classes == np.take_along_axis(smaller.classes, winners[None], 0)) & drawn
    share = alike.sum(axis=0) / its.num_samples
    return _passed_on(
        pools, its, winners, (winners != NOBODY) & (share >= agreeing_share - ROUNDING)
    )


def scored_cascade(pools: OrderedPools, least: float) -> Replay:
    """Ask the larger policy where none of the smaller's first samples scores this much."""
    smaller, its = _smaller(pools), _first(pools, scored=True)
    scores = np.where(smaller.drawn(its.num_samples), answer_scores(smaller), -np.inf)
    return _passed_on(pools, its, best_of(scores), scores.max(axis=0) >= least)


def _passed_on(pools: OrderedPools, its: Draws, winners: Ints, sure: Bools) -> Replay:
    """Keep the smaller policy's answer where it is sure; else ask the larger one N times."""
    mine = first_samples(pools, np.where(sure, 0, pools.size), at_once=True)
    votes = majority_of(pools.classes, np.ones(pools.classes.shape, bool))
    return Replay(**vars(mine), winners=np.where(sure, winners + pools.size, votes), smaller=its)


def _first(pools: OrderedPools, scored: bool) -> Draws:
    smaller = _smaller(pools)
    number = _everywhere(pools, min(NUM_FIRST, smaller.size))
    return first_samples(smaller, number, scored, at_once=True)


def _everywhere(pools: OrderedPools, number: int) -> Ints:
    return np.full(pools.classes.shape[1], number)


def _smaller(pools: OrderedPools) -> OrderedPools:
    if pools.smaller is None:
        raise ValueError("a rule of two policies needs the pools of a smaller one")
    return pools.smaller
