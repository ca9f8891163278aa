"""What pools, their scores and subtrees cost run alone, read as small tables.

The store's prices are a unit's own; a cell draws k of a pool's samples or of a search's
subtrees, so what is kept here is what its expected price follows from
(`ttsgrid.analysis.cells.prices`). A price that a store doesn't state is null, as in
files from before prices were recorded, and in imports where the file states none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ttsgrid.analysis.frames.shared_parts import count_sharing
from ttsgrid.store import StorePath, scan

POOL = ["series", "problem"]
SCORED_POOL = [*POOL, "prm"]
_CHUNK_ROWS = 200_000


@dataclass(frozen=True)
class PriceFrames:
    """What prices of cells follow from.

    Attributes:
        pools: series, problem, num_samples, generated_tokens (of all), question_tokens and
            block_tokens (all three null where unknown).
        scored: series, problem, prm, num_samples (in blocks that the PRM was given),
            generated_tokens (of those), input_tokens (of the PRM); both null where unknown.
        scored_parts: series, problem, prm, num_sharing, tokens: of the parts of the PRM's
            inputs that so many of the pool's samples share.
        subtree_parts: the same of a search's subtrees: search, problem, num_sharing, tokens.
    """

    pools: pl.DataFrame
    scored: pl.DataFrame
    scored_parts: pl.DataFrame
    subtree_parts: pl.DataFrame


def read_prices(
    store: StorePath,
    blocks: pl.DataFrame,
    scored_blocks: pl.DataFrame,
    solutions: pl.DataFrame,
    trees: pl.DataFrame,
) -> PriceFrames:
    """Read the prices of a store.

    Args:
        store: folder or URI.
        blocks: done units of pools, with series and problem.
        scored_blocks: the PRM's among them: unit_id, series, problem, prm, start, stop.
        solutions: of pools: series, problem, sample, generated_tokens.
        trees: done searches: unit_id, search, problem and whether they are subtrees.
    """
    pools = _pools(blocks, solutions)
    inputs, parts = _scored(store, scored_blocks)
    scored = _with_generated(inputs, scored_blocks, pools, solutions)
    return PriceFrames(pools, scored, parts, _subtrees(store, trees))


def covered(samples: pl.DataFrame, scored_blocks: pl.DataFrame) -> pl.DataFrame:
    """Return the samples that lie in a scored block of their pool, in their order.

    Args:
        samples: problem, sample and more, of one series; or with series.
        scored_blocks: the same key, start and stop; of one PRM.
    """
    key = [name for name in POOL if name in samples.columns and name in scored_blocks.columns]
    spans = scored_blocks.select(*key, "start", "stop").unique()
    sizes = spans.group_by(key).agg(_covered=(pl.col("stop") - pl.col("start")).sum())
    counted = samples.group_by(key).agg(_size=pl.len())
    joined = counted.join(sizes, on=key, how="left")
    if (joined["_covered"] == joined["_size"]).fill_null(False).all():
        return samples  # usual, and the join below takes seconds on ten million samples
    inside = pl.col("sample").is_between("start", "stop", closed="left")
    inside_spans = samples.join(spans, on=key).filter(inside).select(*key, "sample").unique()
    return samples.join(inside_spans, on=[*key, "sample"], how="semi", maintain_order="left")


def _pools(blocks: pl.DataFrame, solutions: pl.DataFrame) -> pl.DataFrame:
    totals = solutions.group_by(POOL).agg(
        num_samples=pl.len().cast(pl.Int64),
        generated_tokens=pl.col("generated_tokens").cast(pl.Int64).sum(),
    )
    sampled = blocks.filter(kind="sample").with_columns(
        known=pl.col("policy_block_tokens").fill_null(0) > 0
    )
    # A pool is priced whole or not at all: its known blocks alone would be another pool.
    asked = sampled.group_by(POOL).agg(
        pl.when(pl.col("known").all()).then(pl.col("question_tokens").max()),
        block_tokens=pl.when(pl.col("known").all()).then(pl.col("policy_block_tokens").max()),
    )
    joined = totals.join(asked, on=POOL, how="left")
    # A pool without a price whose samples have no tokens: an import that states none.
    stated = (pl.col("generated_tokens") > 0) | pl.col("block_tokens").is_not_null()
    return joined.with_columns(pl.when(stated).then("generated_tokens"))


def _scored(store: StorePath, blocks: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What each PRM read of each pool, and the parts of it that samples share."""
    samples = (pl.col("stop") - pl.col("start")).sum()
    pools = blocks.group_by(SCORED_POOL, maintain_order=True).agg(num_samples=samples)
    owners = pools.with_row_index("owner")
    units = blocks.join(owners, on=SCORED_POOL).select("unit_id", "owner")
    read = pl.col("input_tokens")
    totals = (
        scan(store, "scores")
        .select("unit_id", "input_tokens")
        .join(units.lazy(), on="unit_id")
        .group_by("owner")
        .agg(input_tokens=pl.when(read.null_count() == 0).then(read.sum()))
        .collect(engine="streaming")  # in memory, all rows of `scores` would be there at once
    )
    named = owners.join(totals, on="owner", how="left")
    expected = owners.select("owner", num_inputs="num_samples")
    parts = count_sharing(_input_parts(store, units), expected).join(owners, on="owner")
    return named.drop("owner"), parts.select(*SCORED_POOL, "num_sharing", "tokens")


def _input_parts(store: StorePath, units: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """owner, keys and part_tokens of every input; one of unknown parts shares none."""
    known = pl.col("prefix_keys").list.len() > 0
    rows = scan(store, "scores").select(
        "unit_id", "prefix_keys", "prefix_tokens", "input_tokens", "sample"
    )
    chunks = rows.join(units.lazy(), on="unit_id").collect_batches(
        chunk_size=_CHUNK_ROWS, maintain_order=False
    )
    # Where only the length of an input is stated, it is a part of its own.
    alone = pl.concat_list(pl.col("sample"))
    whole = pl.concat_list(pl.col("input_tokens").fill_null(0).cast(pl.Int32))
    for chunk in chunks:
        yield chunk.select(
            "owner",
            keys=pl.when(known).then("prefix_keys").otherwise(alone),
            part_tokens=pl.when(known).then("prefix_tokens").otherwise(whole),
        )


def _with_generated(
    scored: pl.DataFrame, blocks: pl.DataFrame, pools: pl.DataFrame, solutions: pl.DataFrame
) -> pl.DataFrame:
    """Add what the policy generated of the samples that a PRM was given."""
    whole = pools.select(*POOL, "generated_tokens", of_pool="num_samples")
    joined = scored.join(whole, on=POOL, how="left")
    partly = joined.filter(pl.col("num_samples") != pl.col("of_pool"))
    if partly.is_empty():
        return joined.drop("of_pool")
    spans = blocks.join(partly, on=SCORED_POOL, how="semi").select(*SCORED_POOL, "start", "stop")
    inside = pl.col("sample").is_between("start", "stop", closed="left")
    scored_samples = solutions.join(spans, on=POOL).filter(inside)
    generated = scored_samples.group_by(SCORED_POOL).agg(part=pl.col("generated_tokens").sum())
    added = joined.join(generated, on=SCORED_POOL, how="left")
    of_these = pl.coalesce("part", "generated_tokens").cast(pl.Int64)
    stated = pl.col("generated_tokens").is_not_null()
    return added.with_columns(generated_tokens=pl.when(stated).then(of_these)).drop(
        "part", "of_pool"
    )


def _subtrees(store: StorePath, trees: pl.DataFrame) -> pl.DataFrame:
    """The parts that subtrees of one search on one problem share."""
    key = ["search", "problem"]
    subtrees = trees.filter("is_subtree")
    owners = subtrees.group_by(key, maintain_order=True).agg(num_inputs=pl.len())
    numbered = owners.with_row_index("owner")
    units = subtrees.join(numbered, on=key).select("unit_id", "owner")
    rows = scan(store, "units").filter(kind="search", status="done")
    chunks = (
        rows.select("unit_id", keys="prm_prefix_keys", part_tokens="prm_prefix_tokens")
        .unique("unit_id")
        .join(units.lazy(), on="unit_id")
        .drop("unit_id")
        .collect_batches(chunk_size=_CHUNK_ROWS, maintain_order=False)
    )
    parts = count_sharing(chunks, numbered.select("owner", "num_inputs"))
    return parts.join(numbered, on="owner").select(*key, "num_sharing", "tokens")
