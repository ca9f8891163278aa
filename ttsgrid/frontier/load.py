"""Read a store into the few small columns that the frontier needs.

Texts and steps stay on disk. Ids become integers at once (a *series* is one policy
at one sampling setting on one benchmark), step scores become one number an
aggregation, and answers become classes of the benchmark's own equivalence, grouped
a problem, so that what a vote counts as the same answer does not depend on the pool.

Invariants: a row a (series, problem, sample), however often it was committed; rows of
units that are not done are ignored; an empty answer is no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from ttsgrid.errors import StoreError
from ttsgrid.frontier.labels import label_models, label_samplings
from ttsgrid.store import StorePath, latest_units, scan
from ttsgrid.voting import NO_ANSWER, Aggregation, aggregate_ragged

Equivalence = Callable[[Sequence[str]], list[int]]
"""Answers of one problem to a class index each; equal index means the same answer."""

AGGREGATIONS = tuple(how.value for how in Aggregation)
_SAMPLE = ["series", "problem", "sample"]
_TOKENS = ["prompt_tokens", "cached_tokens", "generated_tokens"]


@dataclass(frozen=True)
class StoreFrames:
    """What a store holds, as five frames.

    Attributes:
        problems: problem (row number), problem_id, benchmark, index, level, subject.
        models: model_id, role, label (unique a role), num_parameters, pretraining_tokens.
        series: series (row number), benchmark, policy_id, sampling (JSON), greedy,
            policy (label; says what differs where one policy was sampled in several ways).
        solutions: series, problem, sample, answer_class, correct and token columns.
        scores: series, problem, sample, prm (label), a column an aggregation, tokens.
        units: the done units: kind, series, problem, prm_id, seconds and token columns.
    """

    problems: pl.DataFrame
    models: pl.DataFrame
    series: pl.DataFrame
    solutions: pl.DataFrame
    scores: pl.DataFrame
    units: pl.DataFrame


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
    if not (units["kind"] == "sample").any():
        raise StoreError(
            f"{store} holds no finished solutions; run `python -m ttsgrid.sweep` first"
        )
    series = label_samplings(_series(units), models)
    key = ["benchmark", "policy_id", "sampling"]
    units = units.join(series.select("series", *key), on=key).drop(key)
    return StoreFrames(
        problems=problems,
        models=models,
        series=series,
        solutions=_solutions(store, units, problems, equivalence_for),
        scores=_scores(store, units, models),
        units=units.drop("unit_id"),
    )


def _problems(store: StorePath) -> pl.DataFrame:
    wanted = ["problem_id", "benchmark", "index", "level", "subject"]
    unique = scan(store, "problems").select(wanted).unique("problem_id")
    return unique.sort("benchmark", "index", "problem_id").collect().with_row_index("problem")


def _done_units(store: StorePath, problems: pl.DataFrame) -> pl.DataFrame:
    columns = ["unit_id", "kind", "benchmark", "policy_id", "prm_id", "seconds"]
    usage = [f"{who}_{tokens}" for who in ("policy", "prm") for tokens in _TOKENS]
    sampling = pl.col("spec").str.json_path_match("$.sampling").alias("sampling")
    greedy = pl.col("spec").str.json_path_match("$.sampling.temperature").cast(pl.Float64) == 0
    done = latest_units(store).filter(pl.col("status") == "done")
    frame = done.select(*columns, "problem_id", *usage, sampling, greedy.alias("greedy"))
    return frame.collect().join(problems.select("problem", "problem_id"), on="problem_id")


def _series(units: pl.DataFrame) -> pl.DataFrame:
    key = ["benchmark", "policy_id", "sampling", "greedy"]
    return units.select(key).unique().sort(key).with_row_index("series")


def _solutions(
    store: StorePath,
    units: pl.DataFrame,
    problems: pl.DataFrame,
    equivalence_for: Callable[[str], Equivalence],
) -> pl.DataFrame:
    blocks = units.filter(kind="sample").select("unit_id", "series", "problem")
    answer = pl.col("answer").str.strip_chars()
    rows = (
        scan(store, "solutions")
        .select("unit_id", "sample", "correct", *_narrow(_TOKENS), answer)
        .join(blocks.lazy(), on="unit_id")
        .drop("unit_id")
        .collect()
        .unique(_SAMPLE)
    )
    classes = _answer_classes(rows, problems, equivalence_for)
    labelled = rows.join(classes, on=["problem", "answer"], how="left").drop("answer")
    return labelled.with_columns(pl.col("answer_class").fill_null(NO_ANSWER)).sort(_SAMPLE)


def _answer_classes(
    rows: pl.DataFrame, problems: pl.DataFrame, equivalence_for: Callable[[str], Equivalence]
) -> pl.DataFrame:
    """Class of each distinct answer of each problem: problem, answer, answer_class."""
    distinct = rows.select("problem", "answer").filter(pl.col("answer") != "").unique()
    grouped = distinct.sort("problem", "answer").group_by("problem", maintain_order=True)
    listed = grouped.agg("answer").join(problems.select("problem", "benchmark"), on="problem")
    equivalences = {name: equivalence_for(name) for name in listed["benchmark"].unique()}
    classes = [
        equivalences[benchmark](answers)
        for benchmark, answers in zip(listed["benchmark"], listed["answer"].to_list(), strict=True)
    ]
    column = pl.Series("answer_class", classes, dtype=pl.List(pl.Int32))
    return listed.select("problem", "answer", column).explode("answer", "answer_class")


def _scores(store: StorePath, units: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    prms = models.filter(role="prm").select("label", prm_id="model_id").rename({"label": "prm"})
    blocks = units.filter(kind="score").select("unit_id", "series", "problem", "prm_id")
    named = blocks.join(prms, on="prm_id").drop("prm_id").with_columns(_categorical("prm"))
    aggregates = pl.col("step_scores").map_batches(
        _aggregates, return_dtype=pl.Struct(dict.fromkeys(AGGREGATIONS, pl.Float64))
    )
    return (
        scan(store, "scores")
        .select("unit_id", "sample", *_narrow(_TOKENS), aggregates.alias("all"))
        .unnest("all")
        .join(named.lazy(), on="unit_id")
        .drop("unit_id")
        .collect()
        .unique([*_SAMPLE, "prm"])
        .sort("prm", *_SAMPLE)
    )


def _aggregates(step_scores: pl.Series) -> pl.Series:
    """A list column to a struct column with a field an aggregation; NaN without steps."""
    lengths = step_scores.list.len().to_numpy()
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    flat = step_scores.explode(empty_as_null=False).to_numpy()
    fields = {how: aggregate_ragged(flat, offsets, how) for how in AGGREGATIONS}
    return pl.DataFrame(fields).to_struct(step_scores.name)


def _narrow(columns: Sequence[str]) -> list[pl.Expr]:
    return [pl.col(column).cast(pl.Int32) for column in columns]


def _categorical(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Categorical)
