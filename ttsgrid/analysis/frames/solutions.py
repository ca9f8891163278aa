"""Solutions and step scores of a store as small numbers.

Texts and steps stay on disk. Step scores become one number per aggregation, NaN for a
solution without a score; answers become classes of the benchmark's own equivalence, grouped
by problem over all pools and searches, so that what a vote counts as the same answer
does not depend on which of them is read. An empty answer is no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from ttsgrid.core.voting import AGGREGATIONS, NO_ANSWER, aggregate_ragged
from ttsgrid.store import StorePath, scan

Equivalence = Callable[[Sequence[str]], list[int]]
"""Answers of one problem to a class index each; equal index means the same answer."""

SAMPLE = ["series", "problem", "sample"]
_LENGTHS = ["generated_tokens", "num_steps"]


def read_samples(store: StorePath, units: pl.DataFrame) -> pl.DataFrame:
    """Return the samples of pools: `SAMPLE`, correct, answer, generated_tokens and num_steps.

    Args:
        store: folder or URI.
        units: the done units, with `unit_id`, `series` and `problem`.
    """
    blocks = units.filter(kind="sample").select("unit_id", "series", "problem")
    return (
        scan(store, "solutions")
        .select("unit_id", "correct", *_narrow(["sample", *_LENGTHS]), _answer())
        .join(blocks.lazy(), on="unit_id")
        .drop("unit_id")
        .collect()
        .pipe(in_order, SAMPLE)
    )


def read_answers(store: StorePath, trees: pl.DataFrame) -> pl.DataFrame:
    """Return the answers of searches: tree, problem, sample, correct, answer, aggregations.

    Args:
        store: folder or URI.
        trees: the done searches, with `unit_id`, `tree` and `problem`.
    """
    return (
        scan(store, "solutions")
        .filter(kind="search")
        .select("unit_id", "sample", "correct", _answer(), aggregations())
        .unnest("aggregations")
        .join(trees.select("unit_id", "tree", "problem").lazy(), on="unit_id")
        .drop("unit_id")
        .collect()
        .pipe(in_order, ["tree", "sample"])
    )


def read_scores(store: StorePath, blocks: pl.DataFrame) -> pl.DataFrame:
    """Return the scores of pools: `SAMPLE`, prm (label) and a column for each aggregation.

    Args:
        store: folder or URI.
        blocks: the scored blocks, with `unit_id`, `series`, `problem` and `prm`.
    """
    # A label as text would be stored ten million times over.
    named = blocks.select("unit_id", "series", "problem", pl.col("prm").cast(pl.Categorical))
    return (
        scan(store, "scores")
        .select("unit_id", *_narrow(["sample"]), aggregations())
        .unnest("aggregations")
        .join(named.lazy(), on="unit_id")
        .drop("unit_id")
        .collect()
        .pipe(in_order, ["prm", *SAMPLE])
    )


def answer_classes(
    answers: pl.DataFrame,
    problems: pl.DataFrame,
    equivalence_for: Callable[[str], Equivalence],
) -> pl.DataFrame:
    """Return the class of each distinct answer: problem, answer, answer_class.

    Args:
        answers: columns problem and answer, in any number of rows.
        problems: `StoreFrames.problems`.
        equivalence_for: a benchmark's name to its equivalence of answers.
    """
    distinct = answers.filter(pl.col("answer") != "").unique()
    grouped = distinct.sort("problem", "answer").group_by("problem", maintain_order=True)
    listed = grouped.agg("answer").join(problems.select("problem", "benchmark"), on="problem")
    equivalences = {name: equivalence_for(name) for name in listed["benchmark"].unique()}
    classes = [
        equivalences[benchmark](found)
        for benchmark, found in zip(listed["benchmark"], listed["answer"].to_list(), strict=True)
    ]
    column = pl.Series("answer_class", classes, dtype=pl.List(pl.Int32))
    return listed.select("problem", "answer", column).explode("answer", "answer_class")


def classed(rows: pl.DataFrame, classes: pl.DataFrame) -> pl.DataFrame:
    """Replace the column `answer` by `answer_class`; rows keep their order."""
    key = ["problem", "answer"]
    labelled = rows.join(classes, on=key, how="left", maintain_order="left").drop("answer")
    return labelled.with_columns(pl.col("answer_class").fill_null(NO_ANSWER))


def in_order(frame: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Return the rows sorted by a key of small integers or categories, each key once.

    Packs the key into one integer, which sorts several times faster than its parts.
    """
    if frame.is_empty():
        return frame
    packed = pl.lit(0, pl.Int64)
    for name in key:
        part = pl.col(name).to_physical().cast(pl.Int64)
        packed = packed * (part.max() + 1) + part
    ordered = frame.with_columns(_key=packed).sort("_key")
    # A unit that was committed twice, by two runs, has its rows twice.
    again = ordered["_key"] == ordered["_key"].shift(1)
    once = ordered.filter(~again.fill_null(False)) if again.any() else ordered
    return once.drop("_key")


def _answer() -> pl.Expr:
    return pl.col("answer").str.strip_chars()


def aggregations() -> pl.Expr:
    """Column `step_scores` to a struct with a field for each aggregation; NaN without."""
    fields = pl.Struct(dict.fromkeys(AGGREGATIONS.names, pl.Float64))
    scores = pl.col("step_scores")
    return scores.map_batches(_aggregated, return_dtype=fields).alias("aggregations")


def _aggregated(step_scores: pl.Series) -> pl.Series:
    """Aggregate chunk by chunk: in one piece the scores would be there twice."""
    filled = step_scores.fill_null([]) if step_scores.null_count() else step_scores
    return pl.concat([_aggregated_chunk(chunk) for chunk in filled.get_chunks()])


def _aggregated_chunk(step_scores: pl.Series) -> pl.Series:
    lists = step_scores.to_arrow()
    flat, offsets = lists.values.to_numpy(), lists.offsets.to_numpy()
    fields = {how: aggregate_ragged(flat, offsets, how) for how in AGGREGATIONS.names}
    return pl.DataFrame(fields).to_struct(step_scores.name)


def _narrow(columns: Sequence[str]) -> list[pl.Expr]:
    return [pl.col(column).cast(pl.Int32) for column in columns]
