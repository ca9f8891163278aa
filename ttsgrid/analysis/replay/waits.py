"""What a rule waits for and reads: the way to its latency and memory traffic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttsgrid.analysis.replay.means import Means
from ttsgrid.core.voting import Floats


@dataclass(frozen=True)
class Waits:
    """One policy's part of a rule, problem by problem, shape (num_problems,); NaN if unknown.

    Attributes:
        path_tokens: that it writes one after another.
        turns: times that it is asked, one after another, and after each its PRM if it has one.
        context_reads: keys and values that attention reads, in tokens, without the question's.
        question: tokens of the prompt.
    """

    path_tokens: Floats
    turns: Floats
    context_reads: Floats
    question: Floats


def waits_of(means: Means, question: Floats, has_lengths: bool) -> Waits:
    """Return what one policy waits for.

    Args:
        means: of what it draws, laid out over all problems.
        question: tokens of the prompt, NaN where unknown, shape (num_problems,).
        has_lengths: whether the pools say how long their samples are.
    """
    path, turns, reads = (
        known_or_nan(column, len(question), has_lengths)
        for column in (means.path_tokens, means.turns, means.context_reads)
    )
    return Waits(path, turns, reads, question)


def known_or_nan(column: Floats, num_problems: int, has_lengths: bool) -> Floats:
    """Return a column of `Means`, NaN where the rule doesn't say or lengths are unknown."""
    return column if column.size and has_lengths else np.full(num_problems, np.nan)
