"""Stop at the first solution that a PRM scores high enough: samples come one after another.

* The PRM's threshold: stop at the first solution with an answer whose score is at least t, and
  give it; where none of N is, the best-scored of them, as best-of-N does. With a known
  distribution of scores and a price of a sample this is the optimal way to search (Weitzman
  1979, Pandora's box; for samples of a model: Kalayci et al. 2025, arXiv 2510.01394, who learn
  the distribution as they go). Here t is one number for all problems, chosen on others.

Each sample that is drawn is scored, and paid for as such, with an answer or without. One
that has no score is passed over.
"""

from __future__ import annotations

import numpy as np

from ttsgrid.analysis.replay.ordered import NOBODY, OrderedPools, Replay, first_samples
from ttsgrid.core.voting import NO_ANSWER, Floats, Ints


def threshold(pools: OrderedPools, least: float) -> Replay:
    """Stop at the first solution whose score is at least this."""
    scores = answer_scores(pools)
    drawn = first_samples(pools, pools.first_where(scores >= least), scored=True)
    # Of the samples drawn, the one that stopped the drawing has the highest score.
    seen = np.where(pools.drawn(drawn.num_samples), scores, -np.inf)
    return Replay(**vars(drawn), winners=best_of(seen))


def answer_scores(pools: OrderedPools) -> Floats:
    """Return the scores, -inf where a sample has no answer or no score; shape (n, E)."""
    counts = (pools.classes != NO_ANSWER) & ~np.isnan(pools.scores)
    return np.where(counts, pools.scores, -np.inf)


def best_of(scores: Floats) -> Ints:
    """Return the first of the best-scored samples, `NOBODY` where all are -inf; shape (E,)."""
    return np.where(scores.max(axis=0) > -np.inf, scores.argmax(axis=0), NOBODY)
