"""Two stores compared row by row: what was disturbed against what ran in peace."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ttsgrid.store import scan

# How it ran, not what came out. What a PRM's cache held depends on what ran there before.
OF_THE_RUN = {
    "attempt", "seconds", "provenance", "run_id", "committed_at", "host", "device", "num_gpus",
    "process", "epoch", "commit_number", "prm_cached_tokens",
}  # fmt: skip
KEYS = {
    "problems": ["problem_id"],
    "units": ["unit_id"],
    "solutions": ["unit_id", "sample"],
    "scores": ["unit_id", "sample"],
}


def outcome(store: str | Path, table: str) -> pl.DataFrame:
    """Return a table in the order of its keys, without what tells of the run."""
    frame = scan(store, table).collect()
    return frame.drop(OF_THE_RUN & set(frame.columns)).sort(KEYS[table])


def assert_equal(store: str | Path, oracle: str | Path) -> None:
    """Check that a store holds the rows of another, each once."""
    for table in KEYS:
        ours, theirs = outcome(store, table), outcome(oracle, table)
        assert ours.height == theirs.height, table
        assert ours.equals(theirs), table


def assert_each_once(
    store: str | Path, num_units: int, num_solutions: int, num_scores: int
) -> None:
    """Check counts, and that nothing is there twice, where runs differ by rounding."""
    units = scan(store, "units").collect()
    assert units.height == units["unit_id"].n_unique() == num_units
    assert set(units["status"]) == {"done"}
    for table, number in (("solutions", num_solutions), ("scores", num_scores)):
        rows = scan(store, table).select(KEYS[table]).collect()
        assert rows.height == rows.unique().height == number, table
