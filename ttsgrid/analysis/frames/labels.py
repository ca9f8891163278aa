"""Labels of models and samplings: unique, and as short as their differences allow.

A model's short name is its label; where a benchmark of a store has two models of one name (a
retrained checkpoint, another prompt format) the id's first digits tell them apart. A policy
that each benchmark asks in its own words is one model to people. A model
whose engine was a fake says so in its label, so that no row of it stands with a real one's.
Where one policy was sampled in several ways, the label says what differs.
"""

from __future__ import annotations

import re
from collections.abc import Set
from functools import lru_cache, partial

import polars as pl

from ttsgrid.core.difference import difference

_ID_DIGITS = 6
FAKE = " (fake engine)"


def label_models(models: pl.DataFrame, uses: pl.DataFrame) -> pl.DataFrame:
    """Add `label`, `aggregation` and `signed` to the rows of table `models`.

    A label is unique within a role and a benchmark. A PRM whose recorded scores are one number
    per solution says in its format which aggregation that is; for all others `aggregation` is
    null. A PRM is `signed` where its recorded scores are raw numbers, which can be negative.

    Args:
        models: of the table.
        uses: columns benchmark and model_id: which model was used on what.
    """
    fake = pl.col("is_fake").fill_null(False)
    engine = pl.when(fake).then(pl.lit(FAKE)).otherwise(pl.lit(""))
    alike = pl.col("model_id").n_unique().over("benchmark", "role", "name", fake)
    used = models.join(_uses_or_all(models, uses), on="model_id").with_columns(rivals=alike)
    rivals = used.group_by("model_id").agg(pl.col("rivals").max())
    shared = pl.col("rivals") > 1
    with_id = pl.col("name") + "#" + pl.col("model_id").str.head(_ID_DIGITS)
    sizes = ["num_parameters", "pretraining_tokens"]
    prices = ["endpoint", "input_price", "cached_input_price", "output_price"]
    columns = ["model_id", "role", "label", *sizes, *prices, "aggregation", "signed"]
    label = (pl.when(shared).then(with_id).otherwise(pl.col("name")) + engine).alias("label")
    named = models.join(rivals, on="model_id", how="left").with_columns(label)
    return named.select(columns).sort("role", "label", "model_id")


def _uses_or_all(models: pl.DataFrame, uses: pl.DataFrame) -> pl.DataFrame:
    """Add to uses that a model without any may be meant on every benchmark."""
    unused = models.select("model_id").join(uses, on="model_id", how="anti")
    anywhere = unused.join(uses.select("benchmark").unique(), how="cross")
    return pl.concat([uses, anywhere.select(uses.columns)]).unique()


def model_uses(units: pl.DataFrame) -> pl.DataFrame:
    """Return which model was used on which benchmark: benchmark, model_id."""
    return pl.concat(
        units.select("benchmark", model_id=who).drop_nulls().unique()
        for who in ("policy_id", "prm_id")
    )


def label_samplings(series: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """Add `policy`, the label of each series, to (benchmark, policy_id, sampling, greedy)."""
    alike = ["benchmark", "policy_id", "greedy"]
    alternatives = pl.col("sampling").unique().implode().over(alike).alias("alternatives")
    return _with_policy(series.with_columns(alternatives), models, frozenset())


def label_search_samplings(
    searches: pl.DataFrame, series: pl.DataFrame, models: pl.DataFrame
) -> pl.DataFrame:
    """Add `policy` to searches: the label of the pools sampled alike, where there are any.

    A search's `max_tokens` limits a step and a pool's a solution, so the two are
    not compared.
    """
    key = ["benchmark", "policy_id"]
    pools = series.filter(~pl.col("greedy")).select(*key, "sampling")
    every = pl.concat([pools, searches.select(*key, "sampling")])
    alternatives = every.group_by(key).agg(alternatives=pl.col("sampling").unique())
    frame = searches.join(alternatives, on=key, maintain_order="left")
    return _with_policy(frame, models, frozenset({"max_tokens"}))


def _with_policy(frame: pl.DataFrame, models: pl.DataFrame, ignored: Set[str]) -> pl.DataFrame:
    """Replace the list `alternatives` by `policy`."""
    policies = models.filter(role="policy").select("label", policy_id="model_id")
    named = frame.join(policies, on="policy_id", how="left", maintain_order="left")
    # A store has one row per tree and few ways to sample: each difference is worked out once.
    difference_of = lru_cache(maxsize=None)(partial(difference, ignored=ignored))
    labels = [
        (row["label"] or row["policy_id"][:_ID_DIGITS])
        + difference_of(row["sampling"], tuple(sorted(row["alternatives"])))
        for row in named.iter_rows(named=True)
    ]
    return frame.drop("alternatives").with_columns(policy=pl.Series(labels, dtype=pl.String))


def configured_name(label: str) -> str:
    """Return the configured name within a label such as `qwen2.5-7b (temperature=1)`."""
    # Labels add settings in brackets, or an id after #, where a store has several of one name.
    return re.split(r" \(|#", label)[0]
