"""Finished searches of a store: which variant each tree belongs to, and what it took.

A *search* is one policy, PRM, strategy, budget and set of parameters on one benchmark;
a *tree* is one run of it on one problem. A search with a budget has one tree a
problem. One without (DVTS) has many, told apart by `subtree`: they are independent,
each spends `beam_width` of N, and any of them together are a search at a smaller N.

Where a store holds two variants that differ in parameters alone, the strategy's label
says in which: `beam (preset=paper)`.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from ttsgrid.analysis.frames.labels import difference, label_search_samplings
from ttsgrid.core.errors import StoreError
from ttsgrid.core.search_presets import PRESETS
from ttsgrid.core.strategies import strategy_of

SUBTREE, BEAM_WIDTH = "subtree", "beam_width"
_NAMED = ["benchmark", "policy", "policy_id", "prm", "strategy", "budget", "params"]


def read_searches(
    units: pl.DataFrame, series: pl.DataFrame, models: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the searches and their trees, both numbered.

    Args:
        units: done units with `spec`, problem numbers, `seconds` and token columns.
        series: the labelled series of pools, whose policy labels searches share.
        models: the labelled models.

    Returns:
        `StoreFrames.searches` and `StoreFrames.trees`; the latter with `unit_id`.
    """
    found = _described(units.filter(kind="search"))
    prms = models.filter(role="prm").select(prm="label", prm_id="model_id")
    labelled = label_search_samplings(found, series, models).join(prms, on="prm_id", how="left")
    named = labelled.with_columns(pl.col("prm").fill_null(pl.col("prm_id")))
    variants = named.select(*_NAMED, BEAM_WIDTH).unique().sort(_NAMED, nulls_last=True)
    searches = _label_strategies(variants).with_row_index("search")
    numbered = named.join(searches.select("search", *_NAMED), on=_NAMED, nulls_equal=True)
    trees = numbered.sort("search", "problem", SUBTREE, "unit_id").with_row_index("tree")
    tokens = [name for name in units.columns if name.endswith("_tokens")]
    kept = ["tree", "search", "problem", "unit_id", "seconds", *tokens]
    shown = ["search", *_NAMED[:4], "label", "budget", BEAM_WIDTH]
    return searches.select(shown).rename({"label": "strategy"}), trees.select(kept)


def _described(units: pl.DataFrame) -> pl.DataFrame:
    """Add strategy, budget, params (without the subtree), subtree and beam width."""
    spec = pl.col("spec").str
    frame = units.with_columns(
        strategy=spec.json_path_match("$.strategy"),
        budget=spec.json_path_match("$.budget").cast(pl.Int64),
        written=spec.json_path_match("$.params"),
    )
    distinct = frame["written"].unique().to_list()
    parameters = [_parameters(written) for written in distinct]
    schema = {"written": pl.String, "params": pl.String, SUBTREE: pl.Int64, BEAM_WIDTH: pl.Int64}
    table = pl.DataFrame(parameters, schema=schema, orient="row")
    joined = frame.join(table, on="written", how="left").drop("written", "spec")
    unclear = joined.filter(pl.col("budget").is_null() & pl.col(BEAM_WIDTH).is_null())
    if not unclear.is_empty():
        unit_id, strategy = unclear.select("unit_id", "strategy").row(0)
        raise StoreError(
            f"search unit {unit_id} ({strategy}) has neither a budget nor a parameter "
            f"{BEAM_WIDTH}: its share of N is unknown"
        )
    return joined


def _parameters(written: str) -> tuple[str, str, int | None, int | None]:
    params: dict[str, Any] = json.loads(written)
    subtree, width = params.pop(SUBTREE, None), params.get(BEAM_WIDTH)
    if (name := _preset_of(params)) is not None:
        params = {**params, "preset": name}
        del params["rules"]
    return written, json.dumps(params, sort_keys=True), subtree, width


def _preset_of(params: dict[str, Any]) -> str | None:
    """The name of the preset whose rules these are: shorter to say than what differs."""
    search = strategy_of(params.get("kind", "")).search
    if "rules" not in params or search is None:
        return None
    rules = {name: search.rules_of(name).as_params() for name in PRESETS}
    return next((name for name in PRESETS if rules[name] == params["rules"]), None)


def _label_strategies(variants: pl.DataFrame) -> pl.DataFrame:
    """Add `label`: the strategy, with the parameters in which its rivals differ."""
    alike = ["benchmark", "policy", "prm", "strategy", "budget"]
    rivals = variants.group_by(alike).agg(rivals=pl.col("params"))
    frame = variants.join(rivals, on=alike, nulls_equal=True, maintain_order="left")
    labels = [
        row["strategy"] + difference(row["params"], row["rivals"])
        for row in frame.iter_rows(named=True)
    ]
    return frame.drop("rivals").with_columns(label=pl.Series(labels, dtype=pl.String))
