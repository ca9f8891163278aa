"""The figures of a pool as its authors would have computed them: all samples, in order.

The frontier's cells take the expectation over random order, in which a tie between
answers is shared. Published figures are mostly one vote over the recorded order, where the
answer seen first wins a tie. These figures are computed that way, with the votes of
`ttsgrid.core.voting`: after an import they tell whether the file was understood.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.outcomes import aggregations_of, votes_of
from ttsgrid.analysis.cells.pools import PoolBatch, scored_pools, unscored_pools
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.core.voting import MAJORITY_VOTE, Floats, Vote, elect

SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "figure": pl.String,
    "aggregation": pl.String,
    "num_problems": pl.Int64,
    "n": pl.Int64,
    "accuracy": pl.Float64,
}
Row = dict[str, object]
_PUBLISHED = {"max": "best-of-n"}  # as authors call it


def recorded_figures(frames: StoreFrames) -> pl.DataFrame:
    """Return the figures of every pool of a store, over its whole pools in recorded order.

    Returns:
        One row per figure: greedy, or pass@1, pass@n and majority, of each policy; best-of-n
        and weighted of each PRM and aggregation. Pools of different sizes have rows of their own.
    """
    rows: list[Row] = []
    for series in frames.series.iter_rows(named=True):
        pool: Row = {"benchmark": series["benchmark"], "policy": series["policy"]}
        for batch in unscored_pools(frames, series["series"]):
            rows += [{**pool, **row} for row in _plain(batch, bool(series["greedy"]))]
        for prm in frames.scored_blocks["prm"].unique().sort().to_list():
            for batch in scored_pools(frames, series["series"], prm):
                aggregations, votes = aggregations_of(frames, prm), votes_of(frames, prm)
                rows += [{**pool, "prm": prm, **row} for row in _guided(batch, aggregations, votes)]
    return pl.DataFrame(rows, schema=SCHEMA)


def _plain(batch: PoolBatch, is_greedy: bool) -> Iterator[Row]:
    single = "greedy" if is_greedy else "pass@1"
    yield _row(batch, single, batch.correct.mean(axis=1)) | {"n": 1}
    if batch.size > 1:
        yield _row(batch, MAJORITY_VOTE.name, _elected(batch, MAJORITY_VOTE, None))
        yield _row(batch, "pass@n", batch.correct.max(axis=1).astype(float))


def _guided(
    batch: PoolBatch, aggregations: tuple[str, ...], votes: tuple[Vote, ...]
) -> Iterator[Row]:
    if batch.size == 1:
        return
    for how, scores in batch.scores.items():
        if how not in aggregations:
            continue
        for vote in votes:
            figure = _PUBLISHED.get(vote.name, vote.name)
            yield _row(batch, figure, _elected(batch, vote, scores)) | {"aggregation": how}


def _elected(batch: PoolBatch, vote: Vote, scores: Floats | None) -> Floats:
    """The verdict of each problem's vote; wrong where no sample has an answer."""
    verdicts = np.zeros(len(batch.problems))
    for i, classes in enumerate(batch.classes):
        winner = elect(classes, vote, None if scores is None else scores[i])
        verdicts[i] = winner is not None and batch.correct[i, winner]
    return verdicts


def _row(batch: PoolBatch, figure: str, verdicts: Floats) -> Row:
    return {
        "figure": figure,
        "num_problems": len(batch.problems),
        "n": batch.size,
        "accuracy": float(np.mean(verdicts)),
    }
