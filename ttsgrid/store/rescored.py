"""Solutions of two stores that a PRM scored, or somebody judged, otherwise in each.

A PRM's score of a text depends a little on what else was in its batch, so two runs differ in
the last digits, and in bfloat16 by some hundredths. More than that is another PRM under one
name, or another precision that was not recorded, and no matter of chance.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import polars as pl

from ttsgrid.core.errors import StoreError
from ttsgrid.core.tally import counted
from ttsgrid.store.files import Files
from ttsgrid.store.read import scan

NOISE = 0.05
"""What batches may explain, of a probability; of a raw score beyond 1, the same share of it."""

_SAMPLE = ["unit_id", "sample"]
_GAP = (pl.col("step_scores") - pl.col("step_scores_right")).abs()
_SIZE = pl.max_horizontal(
    pl.lit(1.0), pl.col("step_scores").abs(), pl.col("step_scores_right").abs()
)


@dataclass(frozen=True)
class Rescored:
    """Solutions of both stores whose scores differ.

    Attributes:
        num_solutions: how many.
        prms: whose scores, by name.
        largest: difference of two scores of one step; None where no two can be compared.
        num_unlike: solutions with another number of scored steps, or without scores, in one.
        is_noise: whether batches may explain it.
    """

    num_solutions: int
    prms: tuple[str, ...]
    largest: float | None
    num_unlike: int
    is_noise: bool

    def __str__(self) -> str:
        """Return who scored what otherwise, by how much."""
        solutions = counted(self.num_solutions, "solution")
        parts = [f"{', '.join(self.prms)} scored {solutions} otherwise in each"]
        if self.largest is not None:
            parts.append(f"by up to {self.largest:.2g}")
        if self.num_unlike:
            parts.append(f"{self.num_unlike:,} of them with other numbers of steps")
        return ", ".join(parts)


def rescored(
    files: Files, source: Files, units: Set[str], apart: Set[str] = frozenset()
) -> Rescored | None:
    """Return what a PRM scored otherwise in two stores; None where nothing.

    Args:
        files: a store.
        source: another.
        units: that both have done.
        apart: those whose solutions differ: a score of them is of another text.
    """
    if not units:
        return None
    first, second = (_scores(store, units - apart, apart) for store in (files, source))
    joined = first.join(second.drop("prm"), on=_SAMPLE)
    differ = joined.filter(pl.col("step_scores") != pl.col("step_scores_right")).collect()
    if differ.is_empty():
        return None
    alike = pl.col("step_scores").list.len() == pl.col("step_scores_right").list.len()
    steps = differ.filter(alike).explode("step_scores", "step_scores_right")
    gaps = steps.select(gap=_GAP, share=_GAP / _SIZE)
    num_unlike = differ.filter(~alike).height
    return Rescored(
        num_solutions=differ.height,
        prms=tuple(differ["prm"].unique().sort()),
        largest=gaps["gap"].max() if gaps.height else None,  # type: ignore[arg-type]
        num_unlike=num_unlike,
        is_noise=not num_unlike and gaps.filter(pl.col("share") > NOISE).is_empty(),
    )


def num_rejudged(
    files: Files, source: Files, units: Set[str], apart: Set[str] = frozenset()
) -> int:
    """Return how many solutions are right in one store and wrong in the other; see `rescored`.

    One grader judged both; but an import keeps the verdicts that its file recorded.
    """
    wanted = pl.LazyFrame({"unit_id": list(units - apart)}, schema={"unit_id": pl.String})
    first, second = (
        scan(store, "solutions").join(wanted, on="unit_id", how="semi").select(*_SAMPLE, "correct")
        for store in (files, source)
    )
    joined = first.join(second, on=_SAMPLE).filter(pl.col("correct") != pl.col("correct_right"))
    return int(joined.select(pl.len()).collect().item())


def refusal_of_scores(files: Files, source: Files, found: Rescored) -> StoreError:
    """Return the error for scores of one PRM that batches don't explain."""
    return StoreError(
        f"{found}, {files.uri} and {source.uri}, which is more than batches explain ({NOISE}): "
        "add --keep-first to keep the scores of the former, or merge into a new store and name "
        "the one you trust first"
    )


def _scores(store: Files, units: Set[str], apart: Set[str]) -> pl.LazyFrame:
    """Return the step scores of pools and of searches: unit_id, sample, prm, step_scores."""
    wanted = pl.LazyFrame({"unit_id": list(units)}, schema={"unit_id": pl.String})
    of_pools = scan(store, "scores").filter(~pl.col("block_id").is_in(list(apart)))
    of_trees = scan(store, "solutions").filter(pl.col("step_scores").is_not_null())
    columns = (*_SAMPLE, "prm", "step_scores")
    found = pl.concat([of_pools.select(columns), of_trees.select(columns)])
    return found.join(wanted, on="unit_id", how="semi")
