r"""Rules that stop when the vote is settled: samples come one after another.

* Adaptive consistency (Aggarwal et al. 2023, arXiv 2305.11860, section 3; its package's
  `BetaStoppingCriteria`, whose threshold is 0.95): with a votes for the leading answer and b
  for the next, stop when P(p > 1/2) >= confidence for p ~ Beta(a + 1, b + 1), the posterior of
  the leader's share among the two under a uniform prior.
* The same over all answers seen, p ~ Dirichlet(votes + 1): stop when
  P(p_leader > every other p) >= confidence; with fewer than two answers as above. Its
  package integrates over the five most frequent answers by Monte Carlo; here all answers
  count and the integral is a sum. Written as independent Gamma variables, the probability
  is \int f_{a+1}(x) \prod_i F_{v_i + 1}(x) dx, with F and f of Gamma(v + 1, 1).
* k agreeing in a row, after early-stopping self-consistency (Li et al. 2024, arXiv
  2401.10480), which asks for windows of samples that agree (of 5 in its figure 1). Its
  windows are side by side; here any k in a row count, which stops no later.

The answer is the majority of what was drawn. A sample without an answer is drawn and paid
for, votes for nobody, and breaks a row.
"""

from __future__ import annotations

import numpy as np

from ttsgrid.analysis.replay.ordered import OrderedPools, Replay, one_by_one
from ttsgrid.analysis.statistics.libraries import share_above_half


def adaptive(pools: OrderedPools, confidence: float) -> Replay:
    """Stop when the leader of two answers is ahead with this probability, in (0.5, 1)."""
    votes = np.arange(pools.size + 1)
    settled = share_above_half(votes[:, None], votes) >= confidence
    # Before the first answer both have no votes, and the probability is one half.
    return one_by_one(pools, pools.first_where(settled[pools.leads.first, pools.leads.second]))


def agreeing(pools: OrderedPools, num_agreeing: float) -> Replay:
    """Stop when so many samples in a row gave the same answer."""
    return one_by_one(pools, pools.first_where(pools.in_a_row >= num_agreeing))
