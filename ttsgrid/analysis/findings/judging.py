"""Who judged the answers of each benchmark, and which answers count as the same.

Two benchmarks may hold different views of equality, so accuracies are read with theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.analysis.frames.equivalence import store_grader
from ttsgrid.benchmarks.graders.protocol import equality_of
from ttsgrid.store import StorePath


@dataclass(frozen=True)
class Judging:
    """The judge of one benchmark.

    Attributes:
        grader: its name.
        equality: which answers it takes for the same, in words.
    """

    benchmark: str
    grader: str
    equality: str


def judgings(store: StorePath, benchmarks: Sequence[str]) -> tuple[Judging, ...]:
    """Return who judged each of a store's benchmarks."""
    grader_of = store_grader(store)
    graders = ((benchmark, grader_of(benchmark)) for benchmark in benchmarks)
    return tuple(Judging(name, grader.name, equality_of(grader)) for name, grader in graders)
