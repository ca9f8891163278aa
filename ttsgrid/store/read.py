"""Read a store lazily, as frames; `ttsgrid.store.committed` says what is done, and faster.

Readers need no lease and may run beside a driver. They see whole commits only
(`ttsgrid.store.layout.snapshot`), and no compaction is in their way
(`ttsgrid.store.frames`).

Frames have the columns of today's schema, whatever version wrote the files: what older
ones lack is filled in (`ttsgrid.store.upgrade`), prices with null.
"""

from __future__ import annotations

import polars as pl

from ttsgrid.core.errors import StoreError
from ttsgrid.core.tally import Tally
from ttsgrid.store.files import Files
from ttsgrid.store.frames import Readable, lazy_frame
from ttsgrid.store.layout import repeated, snapshot
from ttsgrid.store.location import StorePath, locate
from ttsgrid.store.schema import SCHEMAS
from ttsgrid.store.trouble import said_of_storage
from ttsgrid.store.upgrade import empty_frame, told_if_fake
from ttsgrid.store.versions import missing_columns

LATEST_BY = ("epoch", "commit_number", "committed_at")
"""What orders attempts: nulls, of files before schema 3, come first, and then by their clock."""


def scan(path: StorePath, table: str) -> pl.LazyFrame:
    """Return a lazy frame of the committed rows of one table.

    Args:
        path: the store; one that does not exist yet has no rows.
        table: `problems`, `models`, `units`, `solutions`, `scores`, `benchmarks` or
            `points`. `units` has one row per committed attempt: see `latest_units`.

    Raises:
        StoreError: there is no such table, a later ttsgrid wrote the store, or an earlier one
            wrote a fake engine's rows beside a real one's.
    """
    if table not in SCHEMAS:
        raise StoreError(f"a store has no table {table!r}; choose from {', '.join(SCHEMAS)}")
    files = locate(path)
    with said_of_storage(files.uri):
        readable = repeated(lambda: _readable(files, table))
    frame = empty_frame(table)
    if readable:
        frame = lazy_frame(files, table, readable, lambda: _readable(files, table))
    if table == "models" and any("is_fake" in file.missing for file in readable):
        return told_if_fake(frame, scan(files, "units"), files.uri)
    return frame


def _readable(files: Files, table: str) -> list[Readable]:
    stored = snapshot(files, table)
    lacking = missing_columns(files, table, stored)
    return [Readable(file, missing) for file, missing in zip(stored, lacking, strict=True)]


def latest_units(path: StorePath) -> pl.LazyFrame:
    """Return table `units` with one row per unit: the done one, else the latest failure."""
    ranked = scan(path, "units").sort(pl.col("status") == "done", *LATEST_BY)
    return ranked.unique("unit_id", keep="last", maintain_order=True)


def described_models(path: StorePath) -> pl.LazyFrame:
    """Return table `models`, each model once, with `aggregation` and `signed`.

    A PRM whose recorded scores are one number per solution says in its format which
    aggregation of step scores that is; for all others `aggregation` is null.
    A PRM is `signed` where its recorded scores are raw numbers, which can be negative.
    """
    aggregation = pl.col("format").str.json_path_match("$.aggregation").alias("aggregation")
    signed = pl.col("format").str.json_path_match("$.scale").eq_missing("raw").alias("signed")
    return scan(path, "models").unique("model_id").with_columns(aggregation, signed)


def provenance(field: str) -> pl.Expr:
    """Return a field of the provenance of table `units` as text, null where it isn't said."""
    return pl.col("provenance").str.json_path_match(f"$.{field}").alias(field)


def generated(path: StorePath) -> Tally:
    """Return how much a store holds: solutions of pools, and trees of searches that ended."""
    pooled = scan(path, "solutions").filter(kind="sample").select(pl.len())
    searches = latest_units(path).filter(kind="search", status="done").select(pl.len())
    return Tally(int(pooled.collect().item()), int(searches.collect().item()))


def pool_sizes(path: StorePath) -> dict[str, int]:
    """Return pool family to n, the largest n for which samples 0 to n - 1 are all held."""
    blocks = scan(path, "units").filter(kind="sample", status="done")
    frame = blocks.select("family", "start", "stop").sort("family", "start").collect()
    sizes: dict[str, int] = {}
    for family, start, stop in frame.iter_rows():
        held = sizes.setdefault(family, 0)
        if start <= held:
            sizes[family] = max(held, stop)
    return sizes
