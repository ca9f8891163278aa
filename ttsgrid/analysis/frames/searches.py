"""Finished searches of a store: which variant each tree belongs to, and what it took.

A *search* is one policy, PRM, strategy, budget and set of parameters on one benchmark;
a *tree* is one run of it on one problem. A search with a budget has one tree per
problem. One without (DVTS) has many, told apart by `subtree`: they are independent,
each spends `beam_width` of N, and any of them together are a search at a smaller N.

Where a store holds two variants that differ in parameters alone, the strategy's label
says in which: `beam (preset=paper)`.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from ttsgrid.analysis.frames.labels import label_search_samplings
from ttsgrid.core.difference import difference
from ttsgrid.core.errors import StoreError

_NAMED = ["benchmark", "policy", "policy_id", "prm", "strategy", "budget", "beam_width", "params"]
_TREE = ["search", "problem", "subtree", "unit_id"]
_PRICED = ["question_tokens", "policy_block_tokens"]


def read_searches(
    units: pl.DataFrame, series: pl.DataFrame, models: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the searches and their trees, both numbered.

    Args:
        units: done units with problem numbers, what was searched, `seconds` and prices.
        series: the labelled series of pools, whose policy labels searches share.
        models: the labelled models.

    Returns:
        `StoreFrames.searches` and `StoreFrames.trees`; the latter with `unit_id` and
        `is_subtree`.
    """
    units_with_share = _with_share(units.filter(kind="search"))
    prms = models.filter(role="prm").select(prm="label", prm_id="model_id")
    labelled = label_search_samplings(units_with_share, series, models).join(
        prms, on="prm_id", how="left"
    )
    named = labelled.with_columns(pl.col("prm").fill_null(pl.col("prm_id")))
    variants = named.select(*_NAMED, "preset").unique().sort(*_NAMED, "preset", nulls_last=True)
    searches = _label_strategies(variants).with_row_index("search")
    key = [*_NAMED, "preset"]
    # Nulls are equal: subtrees have no budget, and searches of old stores no preset.
    numbered = named.join(searches.select("search", *key), on=key, nulls_equal=True)
    trees = numbered.sort(_TREE).with_row_index("tree")
    alone = [name for name in units.columns if "_lone_" in name]
    kept = ["tree", "search", "problem", "unit_id", "seconds", *_PRICED, *alone]
    shown = ["search", *_NAMED[:4], "label", "budget", "beam_width"]
    return (
        searches.select(shown).rename({"label": "strategy"}),
        trees.select(*kept, is_subtree=pl.col("budget").is_null()),
    )


def _with_share(searches: pl.DataFrame) -> pl.DataFrame:
    """The searches, each with its N or, for a subtree, with its share of an N.

    Raises:
        StoreError: one says neither.
    """
    unclear = searches.filter(pl.col("budget").is_null() & pl.col("beam_width").is_null())
    if not unclear.is_empty():
        unit_id, strategy = unclear.select("unit_id", "strategy").row(0)
        raise StoreError(
            f"search unit {unit_id} ({strategy}) has neither a budget nor a parameter "
            f"beam_width: its share of N is unknown"
        )
    return searches


def _label_strategies(variants: pl.DataFrame) -> pl.DataFrame:
    """Add `label`: the strategy, with the parameters in which its variants differ."""
    alike = ["benchmark", "policy", "prm", "strategy", "budget"]
    settings = [_settings(row["params"], row["preset"]) for row in variants.iter_rows(named=True)]
    with_text = variants.with_columns(settings=pl.Series(settings, dtype=pl.String))
    alternatives = with_text.group_by(alike).agg(alternatives=pl.col("settings"))
    frame = with_text.join(alternatives, on=alike, nulls_equal=True, maintain_order="left")
    labels = [
        row["strategy"] + difference(row["settings"], row["alternatives"])
        for row in frame.iter_rows(named=True)
    ]
    return variants.with_columns(label=pl.Series(labels, dtype=pl.String))


def _settings(params: str | None, preset: str | None) -> str:
    """The parameters as JSON, a preset's name for its rules: shorter to say than they are."""
    written: dict[str, Any] = json.loads(params or "{}")
    if preset is not None:
        written.pop("rules", None)
        written["preset"] = preset
    return json.dumps(written, sort_keys=True)
