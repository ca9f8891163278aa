"""Read a store into the few small columns that the frontier needs.

Texts and steps stay on disk. Ids become integers at once: a *series* is one policy
at one sampling setting on one benchmark, a *search* and its *trees* are as
`ttsgrid.analysis.frames.searches` says.

Invariants: a row a (series, problem, sample) and a (tree, sample), however often it
was committed; rows of units that are not done are ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from ttsgrid.analysis.frames.devices import read_rates
from ttsgrid.analysis.frames.labels import label_models, label_samplings
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
from ttsgrid.store import StorePath, latest_units, scan

_SERIES = ["benchmark", "policy_id", "sampling"]
_USAGE = [
    f"{who}_{kind}_tokens"
    for who in ("policy", "prm")
    for kind in ("prompt", "cached", "generated")
]


@dataclass(frozen=True)
class StoreFrames:
    """What a store holds.

    Attributes:
        problems: problem (row number), problem_id, benchmark, index, level, subject.
        models: model_id, role, label (unique a role), num_parameters, pretraining_tokens,
            aggregation (of a PRM with one recorded score a solution; null for the others).
        series: series (row number), benchmark, policy_id, sampling (JSON), greedy,
            policy (label; says what differs where one policy was sampled in several ways).
        solutions: of pools: series, problem, sample, answer_class, correct and token
            columns; sorted by the first three.
        scores: of pools: series, problem, sample, prm (label), a column an aggregation,
            tokens; sorted by PRM and the first three.
        seconds: series, problem, prm (label; null for sampling), seconds_a_sample.
        searches: search (row number), benchmark, policy (label), policy_id, prm (label),
            strategy (label), budget (null where trees are subtrees), beam_width.
        trees: tree (row number), search, problem, seconds and the unit's token columns.
        answers: of trees: tree, problem, sample, answer_class, correct, a column an aggregation.
        rates: model_id, seconds_a_token: what a device took to compute a token.
    """

    problems: pl.DataFrame
    models: pl.DataFrame
    series: pl.DataFrame
    solutions: pl.DataFrame
    scores: pl.DataFrame
    seconds: pl.DataFrame
    searches: pl.DataFrame
    trees: pl.DataFrame
    answers: pl.DataFrame
    rates: pl.DataFrame


def holds_solutions(store: StorePath) -> bool:
    """Say whether a store holds any finished solutions."""
    done = scan(store, "units").filter(pl.col("status") == "done", pl.col("kind") != "score")
    return not done.head(1).collect().is_empty()


def load(store: StorePath, equivalence_for: Callable[[str], Equivalence]) -> StoreFrames:
    """Read a store.

    Args:
        store: folder or URI.
        equivalence_for: a benchmark's name to its equivalence of answers.

    Raises:
        StoreError: the store holds no solutions yet.
    """
    problems = _problems(store)
    models = label_models(scan(store, "models").unique("model_id").collect())
    units = _done_units(store, problems)
    if not units["kind"].is_in(["sample", "search"]).any():
        raise StoreError(
            f"{store} holds no finished solutions; run `python -m ttsgrid.sweep` first"
        )
    in_pools = units.filter(pl.col("kind") != "search")
    series = label_samplings(_series(in_pools), models)
    blocks = in_pools.join(series.select("series", *_SERIES), on=_SERIES)
    searches, trees = read_searches(units, series, models)
    solutions, answers = _classed_answers(store, blocks, trees, problems, equivalence_for)
    return StoreFrames(
        problems=problems,
        models=models,
        series=series,
        solutions=solutions,
        scores=read_scores(store, blocks, models),
        seconds=_seconds(blocks, models),
        searches=searches,
        trees=trees.drop("unit_id"),
        answers=answers,
        rates=read_rates(units),
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
    ran = ["start", "stop", "seconds", "run_id", "provenance", "committed_at"]
    columns = ["unit_id", "kind", "benchmark", "policy_id", "prm_id", "spec", *ran, *_USAGE]
    sampling = pl.col("spec").str.json_path_match("$.sampling").alias("sampling")
    greedy = sampling.str.json_path_match("$.temperature").cast(pl.Float64) == 0
    done = latest_units(store).filter(pl.col("status") == "done")
    frame = done.select(*columns, "problem_id", sampling, greedy.alias("greedy"))
    return frame.collect().join(problems.select("problem", "problem_id"), on="problem_id")


def _series(units: pl.DataFrame) -> pl.DataFrame:
    key = [*_SERIES, "greedy"]
    return units.select(key).unique().sort(key).with_row_index("series")


def _seconds(blocks: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """Wall seconds of the units of each pool, and of each PRM over it, a sample."""
    prms = models.filter(role="prm").select(prm="label", prm_id="model_id")
    samples = pl.col("stop") - pl.col("start")
    a_sample = pl.col("seconds").sum() / samples.sum()
    totals = blocks.group_by("series", "problem", "prm_id").agg(seconds_a_sample=a_sample)
    return totals.join(prms, on="prm_id", how="left").drop("prm_id")
