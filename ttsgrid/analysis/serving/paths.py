"""The critical path: what has to happen one after another before the answer is there.

Served alone, the samples of a pool are written side by side, so a user waits for the longest of
them, then for the PRM, which reads all at once. A search waits at every step for the longest
of the candidates that are open, then for the PRM's call on them (Wang et al. 2025, arXiv
2505.19634, count latency so):

    pool:    tokens = max over samples of L,      PRM calls = 1 with a PRM, else 0
    search:  tokens = sum over steps of the longest candidate's tokens,
             PRM calls = steps in which any candidate was scored

Subtrees of one search run side by side, as samples do. Of k random samples of n, sorted by
length, the i-th is the longest with probability C(i - 1, k - 1) / C(n, k): exact.

What attention reads grows with the context: the t-th token that follows a context of c tokens
reads the keys and values of c + t - 1. Summed over a chunk of L: c L + L (L - 1) / 2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ttsgrid.core.voting import Floats, Ints


@dataclass(frozen=True)
class Path:
    """One way to an answer.

    Attributes:
        tokens: that the policy generates one after another.
        turns: times that the policy is asked, one after another; each begins by reading.
        prm_calls: one after another.
        generated: tokens of all candidates.
        context_reads: keys and values that attention reads, in tokens, without the question's.
    """

    tokens: float
    turns: float
    prm_calls: float
    generated: float
    context_reads: float


def path_of_trace(trace: str) -> Path | None:
    """Return the path of a search, as table `units` stores its trace.

    None where a candidate's score looked ahead: what it generated for that is not traced.
    """
    data = json.loads(trace)
    if data["settings"].get("lookahead_steps"):
        return None
    steps, before = data["steps"], dict[int | None, int]({None: 0})
    reads = 0.0
    for candidate in (candidate for step in steps for candidate in step):
        context, length = before[candidate["parent"]], candidate["num_tokens"]
        before[candidate["id"]] = context + length
        reads += reads_after(context, length)
    sizes = [[candidate["num_tokens"] for candidate in step] for step in steps]
    return Path(
        tokens=sum(max(step, default=0) for step in sizes),
        turns=len(steps),
        prm_calls=sum(any(_is_scored(candidate) for candidate in step) for step in steps),
        generated=sum(map(sum, sizes)),
        context_reads=reads,
    )


def _is_scored(candidate: Mapping[str, Any]) -> bool:
    return bool(candidate["step_scores"])


def reads_after(context: float, length: float) -> float:
    """Return how many keys and values a chunk reads that follows a context, in tokens."""
    return context * length + length * (length - 1) / 2


def pool_reads(lengths: Ints, k: int) -> Floats:
    """Return the keys and values that k random samples read without the question's, (P,)."""
    return np.asarray(k * (lengths * (lengths - 1) / 2).mean(axis=1))
