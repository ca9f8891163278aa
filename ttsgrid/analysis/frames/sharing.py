"""How much computing a run saved by sharing: prefixes, and scores that were remembered.

Each unit has a price, what it would compute alone (`ttsgrid.core.price`). What the engines
computed in fact is less wherever a unit found the work of another one done. The ratio says
how much less, for each model of a store.
"""

from __future__ import annotations

import polars as pl

from ttsgrid.analysis.frames.labels import label_models, model_uses
from ttsgrid.store import StorePath, described_models, latest_units

SHARING_SCHEMA = {
    "role": pl.String,
    "model": pl.String,
    "num_units": pl.Int64,
    "computed_tokens": pl.Int64,
    "alone_tokens": pl.Int64,
    "saved": pl.Float64,
}


def saved_by_sharing(store: StorePath) -> pl.DataFrame:
    """Return what the models of a store computed beside what their units cost alone.

    Units whose price is unknown (from before prices were recorded) are left out.

    Returns:
        One row per model: role, model (label), num_units, computed_tokens (prompt tokens
        that no cache served, and generated ones), alone_tokens (the sum of the units'
        prices), saved (the share of alone_tokens that was not computed).
    """
    done = latest_units(store).filter(pl.col("status") == "done")
    priced = done.filter(pl.col("policy_lone_prompt_tokens").is_not_null()).select(
        "kind",
        "benchmark",
        "policy_id",
        "prm_id",
        *(_computed(who, way) for who in ("policy", "prm") for way in ("", "lone_")),
    )
    units = priced.collect()
    by_policy = units.filter(pl.col("kind") != "score").rename({"policy_id": "model_id"})
    by_prm = units.filter(pl.col("kind") != "sample").rename({"prm_id": "model_id"})
    totals = pl.concat([_totals(by_policy, "policy"), _totals(by_prm, "prm")])
    described = label_models(described_models(store).collect(), model_uses(units))
    models = described.select("model_id", model="label")
    named = totals.join(models, on="model_id").filter(pl.col("alone_tokens") > 0)
    saved = 1 - pl.col("computed_tokens") / pl.col("alone_tokens")
    return named.with_columns(saved=saved).select(*SHARING_SCHEMA).sort("role", "model")


def _computed(who: str, way: str) -> pl.Expr:
    kinds = {kind: pl.col(f"{who}_{way}{kind}_tokens") for kind in ("prompt", "cached")}
    generated = pl.col(f"{who}_{way}generated_tokens")
    return (kinds["prompt"] - kinds["cached"] + generated).alias(f"{who}_{way}computed")


def _totals(units: pl.DataFrame, who: str) -> pl.DataFrame:
    return units.group_by("model_id").agg(
        role=pl.lit(who),
        num_units=pl.len().cast(pl.Int64),
        computed_tokens=pl.col(f"{who}_computed").sum(),
        alone_tokens=pl.col(f"{who}_lone_computed").sum(),
    )
