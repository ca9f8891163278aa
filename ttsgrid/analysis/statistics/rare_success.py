"""Coverage at more samples than a pool has: how often would K samples hold a right one?

A problem that is solved at rate p is solved by K samples with probability 1 - (1 - p)^K. So
coverage at a large K depends on how many problems have a small p, the left tail of the
distribution of rates: a power law there is what makes coverage grow as one (Schaeffer et al.
2025, arXiv 2502.17578, on the curves of Brown et al. 2024, arXiv 2407.21787). Fitting a line
to the curve itself throws the counts away, so the counts are fitted, as Kazdan et al. 2025
(arXiv 2510.05197) do with a beta-binomial model.

A beta distribution alone is too stiff: where rates are log-normal, log-uniform or of two
kinds, its 95 % intervals at five times the samples held the truth in 10 to 50 % of simulated
pools, and with a share of unsolvable problems added still in 10 to 60 %. Estimators of unseen
species (Good-Toulmin, Chao) are free of a form, and hold up to about twice the samples. So the
log density of the rates is here a power law plus a smooth deviation from it (a Gaussian
process, as in Efron 2016, doi 10.1093/biomet/asv068, with his splines made random), beside
problems that can't be solved and problems that are easily solved. The data say how much of
the deviation they need. Far below 1 / n they say little, and intervals widen.

Rates are counted in units of 1 / n, so one prior serves every pool size. A count above `TOP`
is only "often": its problems are solved by any K from n on, and how often must not bend the
tail. The posterior is sampled with elliptical slice sampling (Murray, Adams and MacKay 2010,
JMLR 9), many chains at once, begun at draws of the prior weighted by their likelihood.
Fixed seeds: the same counts give the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ttsgrid.analysis.statistics.estimators import pass_at_k
from ttsgrid.analysis.statistics.intervals import LEVEL
from ttsgrid.analysis.statistics.libraries import binomial_chances
from ttsgrid.core.voting import Floats, Ints

SEED = 1707
NUM_CHAINS = 256
NUM_SWEEPS = 20  # 200 move the ends of intervals by about 0.01, as another seed does
BANK = 8000  # draws of the prior
TOP = 12  # right samples; a problem with more is missed by n others once in e**13 pools
LOWEST = -6.0  # log of n p; what is solved less often counts as unsolvable up to some 50 n
SPACING = 0.5  # of log(n p)
SMOOTH_OVER = 2.0  # correlation length of the deviation, in log(n p)
JITTER = 1e-8
NUM_EASY = 64
# Priors, each a mean and a standard deviation: of the power law's log exponent (Schaeffer et
# al. find exponents of 0.1 to 1), of the log size of the deviation, and of the log odds of
# unsolvable and of easy problems, both against the tail.
PRIORS = np.array([[-0.7, 0.8], [-0.3, 0.7], [-2.5, 2.0], [0.0, 2.0]])
LEAST = 1e-300


@dataclass(frozen=True)
class Rates:
    """What counts say about the rates of P problems.

    Attributes:
        draws: the rate of each problem in each draw of the posterior, shape (D, P).
        counts: right samples of each problem, shape (P,).
        num_samples: of each problem, n.
    """

    draws: Floats
    counts: Ints
    num_samples: int

    def coverage(self, k: int) -> Floats:
        """Return in each draw the chance that k fresh samples hold a right one, (D, P)."""
        return np.asarray(1.0 - (1.0 - self.draws) ** k)

    def coverage_of_grown_pool(self, num_samples: int, k: int) -> Floats:
        """Return draws of pass@k as a pool that is grown to so many samples would show it.

        Args:
            num_samples: of the grown pool; those seen are among them.
            k: samples drawn from it.

        Returns:
            The unbiased estimates (Chen et al. 2021), shape (D, P).
        """
        rng = np.random.default_rng(SEED)
        grown = self.counts + rng.binomial(num_samples - self.num_samples, self.draws)
        by_count = pass_at_k(np.arange(num_samples + 1), num_samples, k)
        return np.asarray(by_count[grown])


def fit_rates_of_success(counts: Ints, num_samples: int) -> Rates:
    """Return what the counts of right samples say about the rates.

    Args:
        counts: right samples of each problem, shape (P,), P at least 1.
        num_samples: of each problem, n.
    """
    model, rng = _model(num_samples), np.random.default_rng(SEED)
    tally = np.bincount(np.minimum(counts, model.top + 1), minlength=model.top + 2)
    weights = _posterior(num_samples, tuple(tally.tolist()))
    # A problem with more than `TOP` right samples has about the rate that was seen.
    draws = np.tile(counts / num_samples, (len(weights), 1))
    for count in np.flatnonzero(tally[:-1]):
        chances = weights * model.likelihood[count]
        up_to = (chances / chances.sum(axis=1, keepdims=True)).cumsum(axis=1)
        of_count = counts == count
        where = rng.random((len(weights), int(of_count.sum())))
        # Place by place: all at once would take D x P x G numbers.
        place = sum((where > up_to[:, i, None]).astype(np.int64) for i in range(up_to.shape[1] - 1))
        draws[:, of_count] = model.rates[place]
    return Rates(draws, counts, num_samples)


def central(draws: Floats) -> tuple[float, float]:
    """Return the ends of the central interval of draws, shape (D,)."""
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


@lru_cache(maxsize=8)  # pools of one size share it; its bank takes some 2 MB
def _model(num_samples: int) -> _Model:
    return _Model(num_samples)


@lru_cache(maxsize=64)  # each PRM of a policy asks again
def _posterior(num_samples: int, tally: tuple[int, ...]) -> Floats:
    """How problems are spread over rates, given how many have each count; shape (D, G + 2)."""
    drawn = _model(num_samples).posterior(np.array(tally), np.random.default_rng(SEED))
    drawn.setflags(write=False)
    return drawn


class _Model:
    """The prior for pools of n samples; a state is standard normal, shape (4 + G,)."""

    def __init__(self, num_samples: int) -> None:
        self.top = min(TOP, num_samples - 1)
        highest = np.log(min(1.5 * TOP, 0.9 * num_samples))
        self._places = np.arange(highest, LOWEST, -SPACING)[::-1]
        tail = np.exp(self._places) / num_samples
        self.rates = np.append(tail, [0.0, 1.0])
        self.likelihood = self._likelihoods(num_samples, tail)
        apart = np.abs(self._places[:, None] - self._places) * np.sqrt(3) / SMOOTH_OVER
        matern = (1 + apart) * np.exp(-apart)  # of order 3/2
        self._root = np.linalg.cholesky(matern + JITTER * np.eye(len(tail)))

    def _likelihoods(self, n: int, tail: Floats) -> Floats:
        """Chance of each count, and of any above `top`, at each rate; shape (top + 2, G + 2)."""
        counts, beyond = np.arange(self.top + 1)[:, None], min(float(tail[-1]), 0.95)
        # Easy problems have any rate between the tail's end and 1.
        easy = beyond + (1 - beyond) * (np.arange(NUM_EASY) + 0.5) / NUM_EASY
        found = np.zeros((self.top + 2, len(tail) + 2))
        found[:-1, :-2] = binomial_chances(counts, n, tail)
        found[0, -2] = 1.0
        found[:-1, -1] = binomial_chances(counts, n, easy).mean(axis=1)
        found[-1] = np.maximum(1 - found[:-1].sum(axis=0), 0.0)
        return found

    def weights(self, states: Floats) -> Floats:
        """Return how the problems are spread over `rates`, shape (C, G + 2)."""
        prior = PRIORS[:, 0] + PRIORS[:, 1] * states[:, :4]
        slope, size = np.exp(prior[:, :1]), np.exp(prior[:, 1:2])
        tail = slope * self._places + size * (states[:, 4:] @ self._root.T)
        spread = np.exp(tail - tail.max(axis=1, keepdims=True))
        spread /= spread.sum(axis=1, keepdims=True)
        others = np.exp(prior[:, 2:])
        return np.asarray(np.hstack([spread, others]) / (1 + others.sum(axis=1, keepdims=True)))

    def log_likelihood(self, states: Floats, tally: Ints) -> Floats:
        """Return that of how many problems have each count, (top + 2,); shape (C,)."""
        chances = self.weights(states) @ self.likelihood.T
        return np.asarray(np.log(np.maximum(chances, LEAST)) @ tally)

    @cached_property
    def _bank(self) -> Floats:
        return np.random.default_rng(SEED).normal(size=(BANK, 4 + len(self._places)))

    def posterior(self, tally: Ints, rng: np.random.Generator) -> Floats:
        """Return weights as drawn from the posterior, shape (NUM_CHAINS, G + 2)."""
        fits = self.log_likelihood(self._bank, tally)
        chances = np.exp(fits - fits.max())
        begun = rng.choice(BANK, NUM_CHAINS, p=chances / chances.sum())
        states, fit = self._bank[begun], fits[begun]
        for _ in range(NUM_SWEEPS):
            states, fit = self._swept(states, fit, tally, rng)
        return self.weights(states)

    def _swept(
        self, states: Floats, fit: Floats, tally: Ints, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Move every chain once along an ellipse through its state and a draw of the prior."""
        other = rng.normal(size=states.shape)
        least = fit + np.log(rng.random(len(fit)))
        angle = 2 * np.pi * rng.random(len(fit))
        low, high = angle - 2 * np.pi, angle.copy()
        states, fit, left = states.copy(), fit.copy(), np.arange(len(fit))
        origin = states.copy()
        while len(left):
            turn = angle[left, None]
            tried = origin[left] * np.cos(turn) + other[left] * np.sin(turn)
            reached = self.log_likelihood(tried, tally)
            taken = reached > least[left]
            states[left[taken]], fit[left[taken]] = tried[taken], reached[taken]
            left = left[~taken]
            back = angle[left] < 0
            low[left[back]], high[left[~back]] = angle[left[back]], angle[left[~back]]
            angle[left] = low[left] + rng.random(len(left)) * (high[left] - low[left])
        return states, fit
