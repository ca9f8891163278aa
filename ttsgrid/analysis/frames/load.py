"""Read a store into the few small columns that the frontier needs.

Texts and steps stay on disk. Ids become integers at once: a *series* is one policy
at one sampling setting on one benchmark, a *search* and its *trees* are as
`ttsgrid.analysis.frames.searches` says.

Invariants: one row per (series, problem, sample) and per (tree, sample), however often it
was committed; rows of units that are not done are ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from ttsgrid.analysis.frames.devices import read_rates
from ttsgrid.analysis.frames.labels import label_models, label_samplings, model_uses
from ttsgrid.analysis.frames.prices import PriceFrames, read_prices
from ttsgrid.analysis.frames.searches import read_searches
from ttsgrid.analysis.frames.solutions import (
    Equivalence,
    answer_classes,
    classed,
    read_answers,
    read_samples,
    read_scores,
)
from ttsgrid.core.errors import StoreError
from ttsgrid.store import StorePath, described_models, latest_units, scan

_SERIES = ["benchmark", "policy_id", "sampling"]
_TOKENS = ("prompt_tokens", "cached_tokens", "generated_tokens")
_USAGE = [f"{who}_{kind}" for who in ("policy", "prm") for kind in _TOKENS]
_ALONE = [f"{who}_lone_{kind}" for who in ("policy", "prm") for kind in _TOKENS]
_RAN = ["seconds", "run_id", "host", "process", "num_gpus", "committed_at"]
_SEARCHED = ["strategy", "budget", "subtree", "beam_width", "preset", "params"]
_COLUMNS = [
    *("unit_id", "kind", "benchmark", "problem_id", "policy_id", "prm_id", "sampling"),
    *("start", "stop", "question_tokens", "policy_block_tokens"),
    *(*_RAN, *_SEARCHED, *_USAGE, *_ALONE),
]


@dataclass(frozen=True)
class StoreFrames:
    """What a store holds.

    Attributes:
        problems: problem (row number), problem_id, benchmark, index, level, subject.
        models: model_id, role, label (unique within a role and a benchmark), num_parameters,
            pretraining_tokens, endpoint (null for an engine of ours) and its prices of a
            million tokens (`input_price` and so on, null where unknown), aggregation (of a
            PRM with one recorded score per solution; null for the others).
        series: series (row number), benchmark, policy_id, sampling (JSON), greedy,
            policy (label; says what differs where one policy was sampled in several ways).
        solutions: of pools: series, problem, sample, answer_class, correct, generated_tokens
            and num_steps; sorted by the first three.
        scored_blocks: series, problem, prm (label), start, stop: what PRMs were given. A
            sample of such a block without a row in `scores`, or with NaN there, has no score.
        scores: of pools: series, problem, sample, prm (label) and a column for each
            aggregation; sorted by PRM and the first three.
        seconds: series, problem, prm (label; null for sampling), seconds_per_sample.
        searches: search (row number), benchmark, policy (label), policy_id, prm (label),
            strategy (label), budget (null where trees are subtrees), beam_width.
        trees: tree (row number), search, problem, unit_id, seconds, question_tokens,
            policy_block_tokens and the unit's price (`*_lone_*_tokens`, null where unknown).
        answers: of trees: tree, problem, sample, answer_class, correct and a column for
            each aggregation, NaN for an answer without scores.
        prices: what pools and subtrees cost run alone.
        rates: model_id, seconds_per_token: what a device took to compute a token.
    """

    problems: pl.DataFrame
    models: pl.DataFrame
    series: pl.DataFrame
    solutions: pl.DataFrame
    scored_blocks: pl.DataFrame
    scores: pl.DataFrame
    seconds: pl.DataFrame
    searches: pl.DataFrame
    trees: pl.DataFrame
    answers: pl.DataFrame
    prices: PriceFrames
    rates: pl.DataFrame


def holds_solutions(store: StorePath) -> bool:
    """Say whether a store holds any finished solutions."""
    done = scan(store, "units").filter(pl.col("status") == "done", pl.col("kind") != "score")
    return not done.head(1).collect().is_empty()  # one row settles it; stores have millions


def load(store: StorePath, equivalence_for: Callable[[str], Equivalence]) -> StoreFrames:
    """Read a store.

    Args:
        store: folder or URI.
        equivalence_for: a benchmark's name to its equivalence of answers.

    Raises:
        StoreError: the store holds no solutions yet.
    """
    problems = _problems(store)
    units = _done_units(store, problems)
    models = label_models(described_models(store).collect(), model_uses(units))
    if not units["kind"].is_in(["sample", "search"]).any():
        raise StoreError(
            f"{store} holds no finished solutions; run `python -m ttsgrid.sweep` first"
        )
    in_pools = units.filter(pl.col("kind") != "search")
    series = label_samplings(_series(in_pools), models)
    blocks = in_pools.join(series.select("series", *_SERIES), on=_SERIES)
    searches, trees = read_searches(units, series, models)
    solutions, answers = _classed_answers(store, blocks, trees, problems, equivalence_for)
    scored_blocks = _scored_blocks(blocks, models)
    prices = read_prices(store, blocks, scored_blocks, solutions, trees)
    return StoreFrames(
        problems=problems,
        models=models,
        series=series,
        solutions=solutions,
        scored_blocks=scored_blocks.drop("unit_id"),
        scores=read_scores(store, scored_blocks),
        seconds=_seconds(blocks, models),
        searches=searches,
        trees=trees.drop("is_subtree"),
        answers=answers,
        prices=prices,
        rates=_rates_of_engines(units, models),
    )


def _classed_answers(
    store: StorePath,
    blocks: pl.DataFrame,
    trees: pl.DataFrame,
    problems: pl.DataFrame,
    equivalence_for: Callable[[str], Equivalence],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Samples of pools and answers of searches; their texts are let go before more is read."""
    samples, answers = read_samples(store, blocks), read_answers(store, trees)
    named = ["problem", "answer"]
    given = pl.concat([samples.select(named).unique(), answers.select(named)])
    classes = answer_classes(given, problems, equivalence_for)
    return classed(samples, classes), classed(answers, classes)


def _problems(store: StorePath) -> pl.DataFrame:
    wanted = ["problem_id", "benchmark", "index", "level", "subject"]
    unique = scan(store, "problems").select(wanted).unique("problem_id")
    return unique.sort("benchmark", "index", "problem_id").collect().with_row_index("problem")


def _done_units(store: StorePath, problems: pl.DataFrame) -> pl.DataFrame:
    done = latest_units(store).filter(pl.col("status") == "done")
    greedy = (pl.col("temperature") == 0).alias("greedy")
    # Only the columns needed: traces are JSON, and would be most of what is read.
    frame = done.select(*_COLUMNS, greedy).collect()
    return frame.join(problems.select("problem", "problem_id"), on="problem_id")


def _scored_blocks(blocks: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    prms = models.filter(role="prm").select(prm="label", prm_id="model_id")
    scored = blocks.filter(kind="score").join(prms, on="prm_id")
    return scored.select("unit_id", "series", "problem", "prm", "start", "stop")


def _rates_of_engines(units: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """Rates of devices; what an endpoint runs on, and for how long, nobody knows."""
    behind_endpoints = models.filter(pl.col("endpoint").is_not_null())
    return read_rates(units).join(behind_endpoints, on="model_id", how="anti")


def _series(units: pl.DataFrame) -> pl.DataFrame:
    key = [*_SERIES, "greedy"]
    return units.select(key).unique().sort(key).with_row_index("series")


def _seconds(blocks: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """Wall seconds per sample of the units of each pool, and of each PRM over it."""
    prms = models.filter(role="prm").select(prm="label", prm_id="model_id")
    samples = pl.col("stop") - pl.col("start")
    a_sample = pl.col("seconds").sum() / samples.sum()
    totals = blocks.group_by("series", "problem", "prm_id").agg(seconds_per_sample=a_sample)
    return totals.join(prms, on="prm_id", how="left").drop("prm_id")
