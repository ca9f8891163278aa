"""How long a device took to compute a token, from when units ran.

Units of a worker run side by side, so their wall seconds overlap and their sum says
nothing about a device. How long a worker was busy does: the union of its units'
intervals. That time, times the worker's GPUs (1 where it has none: then the device is
the engine's share of the CPU), is shared out evenly over the tokens computed in it.

A search keeps a policy's and a PRM's device busy, so it counts for both. A unit's end
is taken from its commit, which follows within seconds.
"""

from __future__ import annotations

import polars as pl

_WORKER = ["run_id", "host", "process"]


def read_rates(units: pl.DataFrame) -> pl.DataFrame:
    """Return device-seconds per computed token of each model: model_id, seconds_per_token.

    Args:
        units: done units, with `num_gpus`, when they ran and token columns: what was
            computed in fact, for that is what took the time. Workers are told apart by
            `host` and `process`.
    """
    timed = _with_worker(units)
    by_policy = timed.filter(pl.col("kind") != "score").with_columns(model_id="policy_id")
    by_prm = timed.filter(pl.col("kind") != "sample").with_columns(model_id="prm_id")
    rates = [_rates(by_policy, "policy"), _rates(by_prm, "prm")]
    return pl.concat(rates)


def worker_seconds(units: pl.DataFrame) -> float:
    """Return for how long workers ran units, summed over workers.

    Args:
        units: with `host`, `process`, `num_gpus`, `run_id`, `committed_at` and `seconds`.
    """
    return float(_fresh_seconds(_with_worker(units), _WORKER)["fresh"].sum())


def _with_worker(units: pl.DataFrame) -> pl.DataFrame:
    """Add who ran each unit, on how many devices and from when to when."""
    # A worker without a GPU computes on its share of the CPU: that counts as one device.
    ended = pl.col("committed_at").dt.epoch("ms") / 1000
    devices = pl.col("num_gpus").fill_null(0).clip(1)
    return units.with_columns(began=ended - pl.col("seconds"), ended=ended, devices=devices)


def _fresh_seconds(units: pl.DataFrame, worker: list[str]) -> pl.DataFrame:
    """Add how much of each unit's time its worker was not already busy with another's."""
    in_time = units.sort("began").with_columns(
        # How far the worker was busy already when a unit began.
        reach=pl.col("ended").cum_max().shift(1).over(worker)
    )
    busy_from = pl.max_horizontal("began", pl.col("reach").fill_null(float("-inf")))
    return in_time.with_columns(fresh=(pl.col("ended") - busy_from).clip(0.0))


def _rates(units: pl.DataFrame, who: str) -> pl.DataFrame:
    """Busy time over computed tokens, by model."""
    in_time = _fresh_seconds(units, ["model_id", *_WORKER])
    busy = (pl.col("fresh") * pl.col("devices")).sum()
    parts = {kind: pl.col(f"{who}_{kind}_tokens") for kind in ("prompt", "cached", "generated")}
    computed = (parts["prompt"] - parts["cached"] + parts["generated"]).sum()
    rates = in_time.group_by("model_id").agg(busy=busy, computed=computed)
    # Imported runs have no times: their rate is unknown, not zero.
    spent = rates.filter(pl.col("computed") > 0, pl.col("busy") > 0)
    return spent.select("model_id", seconds_per_token=pl.col("busy") / pl.col("computed"))
