"""What a sweep over families must leave: a problem per benchmark, pools and trees of 4."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from ttsgrid.store import scan

NUM_PROBLEMS = 2
POOL = 4
SEARCHES = 2  # beam search and DVTS


def require_every_unit_done(store: Path, kinds: set[str]) -> None:
    """Every planned unit is there, served by these engines."""
    units = scan(store, "units").collect()
    assert set(units["status"]) == {"done"}
    assert {json.loads(text)["engine"] for text in units["provenance"]} == kinds
    assert set(units["benchmark"]) == {"math500", "gsm8k"}


def require_policy(store: Path, policy: str, num_prms: int) -> None:
    """A policy's CoT, pool and trees; some solutions have several steps, some end by themselves."""
    solutions = scan(store, "solutions").filter(policy=policy).collect()
    sampled = solutions.filter(kind="sample")
    assert sampled.height == NUM_PROBLEMS * (1 + POOL)
    assert sampled.filter(pl.col("temperature") == 0).height == NUM_PROBLEMS
    searched = scan(store, "units").filter(policy=policy, kind="search").collect()
    assert searched.height >= NUM_PROBLEMS * SEARCHES * num_prms
    assert set(solutions["finish_reason"]) <= {"stop", "length"}
    assert "stop" in set(solutions["finish_reason"])
    assert solutions["num_steps"].max() > 1  # type: ignore[operator]
    assert sampled["generated_tokens"].max() <= 60  # type: ignore[operator]


def require_prm(store: Path, prm: str, num_policies: int) -> None:
    """As many scores as steps, each in [0, 1]; or none, and the reason."""
    scores = scan(store, "scores").filter(prm=prm).collect()
    assert scores.height == num_policies * NUM_PROBLEMS * POOL
    pools = scan(store, "solutions").collect().select("unit_id", "sample", "num_steps", "policy")
    joined = scores.join(pools, left_on=["block_id", "sample"], right_on=["unit_id", "sample"])
    assert joined.height == scores.height
    scored = joined.filter(pl.col("unscored").is_null())
    assert scored.height > joined.height / 2
    assert (scored["step_scores"].list.len() == scored["num_steps"]).all()
    assert scored["step_scores"].explode().is_between(0.0, 1.0).all()
    assert scored["step_scores"].explode().n_unique() > num_policies
    unscored = joined.filter(pl.col("unscored").is_not_null())
    assert unscored["step_scores"].list.len().max() in (0, None)
