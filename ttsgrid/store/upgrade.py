"""What files of earlier versions lack, filled in from their other columns.

Version 1 kept what determines a unit in the JSON of `spec` and where it ran in that of
`provenance`; since version 2 both are columns too. Prices were not recorded: they stay
null, which readers take as unknown. Which models a fake engine stood in for, version 1 said
of units alone, and such a model had the id of the real one: where both ran, nobody can keep
their rows apart, and the store is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import polars as pl

from ttsgrid.core.errors import StoreError
from ttsgrid.core.identity import canonical_json
from ttsgrid.core.search_presets import PRESETS
from ttsgrid.core.strategies import strategy_of
from ttsgrid.store.schema import SCHEMAS

_BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
_LLAMA = "Solve the following math problem efficiently and clearly:"


def empty_frame(table: str) -> pl.LazyFrame:
    """Return a lazy frame with the columns of `table` and no rows."""
    frame = pl.from_arrow(SCHEMAS[table].empty_table())
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy()


def filled(frame: pl.LazyFrame, table: str, missing: frozenset[str]) -> pl.LazyFrame:
    """Return a table's frame with the columns that its files lack, in the schema's order."""
    if not missing:
        return frame
    types = empty_frame(table).collect_schema()
    known = {"units": _UNITS, "models": _MODELS}.get(table, {})
    columns = [
        known.get(name, pl.lit(None)).cast(types[name]).alias(name) for name in sorted(missing)
    ]
    return frame.with_columns(columns).select(SCHEMAS[table].names)


def told_if_fake(models: pl.LazyFrame, units: pl.LazyFrame, store: str) -> pl.LazyFrame:
    """Return models of version 1 with `is_fake`, from the engines that their units ran on.

    A run had one kind of engine, so that of a search is its PRM's too.

    Args:
        models: table `models`, filled.
        units: table `units`, filled.
        store: its URI, for the sentence.

    Raises:
        StoreError: a model has units of a fake engine and of a real one.
    """
    done = units.filter(pl.col("status") == "done")
    policies = done.filter(pl.col("kind") != "score").select(model_id="policy_id", on_fake=_ON_FAKE)
    prms = done.filter(pl.col("kind") != "sample").select(model_id="prm_id", on_fake=_ON_FAKE)
    ran = pl.concat([policies, prms]).drop_nulls().unique()
    named = models.select("model_id", "name").unique("model_id")
    found = ran.join(named, on="model_id").sort("name", "model_id").collect()
    mixed = found.filter(found["model_id"].is_duplicated())
    if not mixed.is_empty():
        raise StoreError(
            f"store {store} was written by an earlier ttsgrid and holds results of "
            f"{mixed['name'][0]} from a fake engine beside those from a real one, which its tables "
            f"don't keep apart: run the sweep again into another folder with store="
        )
    known = found.lazy().select("model_id", "on_fake")
    joined = models.join(known, on="model_id", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("is_fake", "on_fake").alias("is_fake")).drop("on_fake")


def _each_text_once(convert: Callable[[str], str | None]) -> Callable[[pl.Series], pl.Series]:
    """Convert a column by its distinct texts: reading JSON takes a thousand times a join."""

    def of_column(texts: pl.Series) -> pl.Series:
        known = {text: convert(text) for text in texts.unique().drop_nulls()}
        return texts.replace_strict(known, default=None, return_dtype=pl.String)

    return of_column


def _params(written: str) -> str:
    params = json.loads(written)
    params.pop("subtree", None)
    return canonical_json(params)


def _preset(written: str) -> str | None:
    """The preset of these rules: version 1 stored the rules alone."""
    params = json.loads(written)
    search = strategy_of(params.get("kind", "")).search
    if search is None or "rules" not in params:
        return None
    rules = {name: search.rules_of(name).as_params() for name in PRESETS}
    return next((name for name in PRESETS if rules[name] == params["rules"]), None)


def _mapped(text: pl.Expr, convert: Callable[[str], str | None]) -> pl.Expr:
    return text.map_batches(_each_text_once(convert), return_dtype=pl.String)


_SPEC, _RAN = pl.col("spec").str, pl.col("provenance").str
_ON_FAKE = _RAN.json_path_match("$.engine") == "fake"
_SEARCH = _SPEC.json_path_match("$.params")
_UNITS: Mapping[str, pl.Expr] = {
    "sampling": _SPEC.json_path_match("$.sampling"),
    "temperature": _SPEC.json_path_match("$.sampling.temperature"),
    "strategy": _SPEC.json_path_match("$.strategy"),
    "budget": _SPEC.json_path_match("$.budget"),
    "subtree": _SPEC.json_path_match("$.params.subtree"),
    "beam_width": _SPEC.json_path_match("$.params.beam_width"),
    "preset": _mapped(_SEARCH, _preset),
    "params": _mapped(_SEARCH, _params),
    "host": _RAN.json_path_match("$.host"),
    "device": _RAN.json_path_match("$.device"),
    "num_gpus": _RAN.json_path_match("$.num_gpus"),
    "process": _RAN.json_path_match("$.process"),
}

# Version 1 stored a prompt's parts and not its name; these are the parts of its five formats.
_FORMAT = pl.col("format").str
_USER, _SYSTEM = (_FORMAT.json_path_match(f"$.{part}") for part in ("user_template", "system"))
_PLAIN = _SYSTEM.is_null() & _USER.eq("{question}")
_MODELS: Mapping[str, pl.Expr] = {
    "format_name": pl.when(pl.col("role") == "prm")
    .then(_FORMAT.json_path_match("$.prm"))
    .when(_SYSTEM.is_null() & _USER.eq(f"{{question}}\n{_BOXED}"))
    .then(pl.lit("r1"))
    .when(_SYSTEM.eq(_BOXED))
    .then(pl.lit("qwen"))
    .when(_SYSTEM.str.starts_with(_LLAMA))
    .then(pl.lit("llama"))
    .when(_PLAIN & (_FORMAT.json_path_match("$.chat") == "false"))
    .then(pl.lit("completion"))
    .when(_PLAIN & (_FORMAT.json_path_match("$.chat") == "true"))
    .then(pl.lit("zoo"))
    .otherwise(pl.lit(None)),
}
