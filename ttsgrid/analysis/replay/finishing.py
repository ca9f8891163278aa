"""Rules that stop when the first chains are done: samples run side by side.

short-m@k (Hassid et al. 2025, arXiv 2505.17813, section 3): k chains start at once, all
stop when the first m have ended, and these m vote; on a tie the shorter chain's answer wins.
First to finish (Agarwal et al. 2025, arXiv 2505.18149) is m = 1.

All chains are taken to run at one speed, a token at a time, so those that are cut off have
as many tokens as the last of the m. A chain that ended without an answer has ended: it is
among the m and votes for nobody. Chains of one length end in the order in which they began.
"""

from __future__ import annotations

import numpy as np

from ttsgrid.analysis.replay.ordered import NOBODY, OrderedPools, Replay, majority_of, reads_alone


def shortest(pools: OrderedPools, num_finished: float) -> Replay:
    """Stop all chains when so many have ended, and let those vote."""
    count = min(int(num_finished), pools.size)
    order = pools.finishing[:count]
    votes = majority_of(np.take_along_axis(pools.classes, order, 0), np.ones(order.shape, bool))
    winners = np.take_along_axis(order, np.maximum(votes, 0)[None], 0)[0]
    last = np.take_along_axis(pools.tokens, order[-1:], 0)
    num_samples = np.full(pools.tokens.shape[1], pools.size)
    written = np.minimum(pools.tokens, last)
    return Replay(
        winners=np.where(votes == NOBODY, NOBODY, winners),
        num_samples=num_samples,
        generated_tokens=written.sum(axis=0),
        path_tokens=last[0],
        turns=np.ones_like(num_samples),
        context_reads=reads_alone(written).sum(axis=0),
    )


def first_to_finish(pools: OrderedPools, _: float = 0.0) -> Replay:
    """Give the answer of the chain that ends first."""
    return shortest(pools, 1)
