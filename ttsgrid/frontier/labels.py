"""Names for people: unique, and as short as what differs allows.

A model's short name is its label; where a store holds two models of one name (a
retrained checkpoint, another prompt format) the id's first digits tell them apart.
Where one policy was sampled in several ways, the label says what differs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

_ID_DIGITS = 6


def label_models(models: pl.DataFrame) -> pl.DataFrame:
    """Add `label`, unique within a role, to the rows of table `models`."""
    shared = pl.col("model_id").n_unique().over("role", "name") > 1
    with_id = pl.col("name") + "#" + pl.col("model_id").str.head(_ID_DIGITS)
    columns = ["model_id", "role", "label", "num_parameters", "pretraining_tokens"]
    label = pl.when(shared).then(with_id).otherwise(pl.col("name")).alias("label")
    return models.with_columns(label).select(columns).sort("role", "label")


def label_samplings(series: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """Add `policy`, the label of each series, to (benchmark, policy_id, sampling, greedy)."""
    policies = models.filter(role="policy").select("label", policy_id="model_id")
    alike = ["benchmark", "policy_id", "greedy"]
    rivals = pl.col("sampling").unique().implode().over(alike).alias("rivals")
    frame = series.with_columns(rivals).join(policies, on="policy_id", how="left")
    labels = [
        (row["label"] or row["policy_id"][:_ID_DIGITS])
        + _difference(row["sampling"], row["rivals"])
        for row in frame.iter_rows(named=True)
    ]
    return frame.drop("rivals", "label").with_columns(policy=pl.Series(labels, dtype=pl.String))


def _difference(sampling: str, rivals: Sequence[str]) -> str:
    """Text like ` (temperature=1)` for the settings in which the rivals are not all equal."""
    settings, others = json.loads(sampling), [json.loads(rival) for rival in rivals]
    differing = [key for key in settings if any(o.get(key) != settings[key] for o in others)]
    return f" ({', '.join(f'{key}={settings[key]}' for key in differing)})" if differing else ""
