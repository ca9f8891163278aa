"""What biases a PRM: step length, and whose solutions it reads (arXiv 2502.06703, section 4.2).

Three measurements, from the scored samples of pools:

* the mean score of a step against the step's length, right and wrong solutions apart;
* the area under the ROC curve of steps, where the benchmark can label them
  (`step_labels`): how often a right step outscores a wrong one;
* there too, how well a PRM finds the first wrong step (`first_errors`).

A PRM that is not biased by length has level lines; one that generalises over policies
has equal areas. Steps of all problems are compared with each other, so a PRM also earns
area by telling easy problems from hard ones; how it ranks the solutions of one problem,
`ttsgrid.analysis.findings.prm_quality` says. Samples of one problem are alike, so
intervals take problems as what was drawn. From a large store a fixed number of random
blocks per (policy, PRM) is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.statistics.rank_statistics import area_under_curve
from ttsgrid.analysis.study.first_errors import first_errors
from ttsgrid.analysis.study.step_labels import store_step_labels
from ttsgrid.benchmarks.labels import StepLabels
from ttsgrid.store import StorePath, latest_units, scan

MAX_BLOCKS = 1000  # per (policy, PRM): texts are read, and a large store has gigabytes of them
NUM_LENGTHS = 8
SEED = 4
_LENGTHS = {"prm": pl.String, "correct": pl.Boolean, "length": pl.Float64, "score": pl.Float64}
_AREAS = {
    "policy": pl.String,
    "prm": pl.String,
    "area": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "num_problems": pl.Int64,
    "num_steps": pl.Int64,
}


@dataclass(frozen=True)
class PrmBias:
    """Measurements of every PRM on one benchmark.

    Attributes:
        lengths: prm, correct (of the solution), length (mean characters of the steps of
            a length quantile), score (their mean).
        steps: policy, prm, area with its 95 % interval, number of problems and of steps;
            empty where the benchmark can't label them.
        first_errors: columns `FIRST_ERROR_SCHEMA`; likewise empty.
    """

    lengths: pl.DataFrame
    steps: pl.DataFrame
    first_errors: pl.DataFrame


def measure_prm_bias(store: StorePath, benchmark: str) -> PrmBias:
    """Measure the PRMs of a store on one benchmark."""
    labeller = store_step_labels(store, benchmark)
    labelled = _labelled(_scored_solutions(store, benchmark), labeller)
    steps = _steps(labelled)
    return PrmBias(
        lengths=_lengths(steps),
        steps=_areas(steps.filter(pl.col("label").is_not_null())),
        first_errors=first_errors(labelled.filter(pl.col("label").list.first().is_not_null())),
    )


def _scored_solutions(store: StorePath, benchmark: str) -> pl.DataFrame:
    """One row per scored sample: policy, prm, question, correct, steps, step_scores."""
    done = latest_units(store).filter(kind="score", status="done", benchmark=benchmark)
    units = done.select("unit_id", "policy", "prm").collect()
    blocks = [
        group.sample(min(MAX_BLOCKS, len(group)), seed=SEED)
        for group in units.sort("unit_id").partition_by("policy", "prm", maintain_order=True)
    ]
    wanted = pl.concat([units.clear(), *blocks]).drop("policy", "prm").lazy()
    scores = scan(store, "scores").join(wanted, on="unit_id", how="semi")
    questions = scan(store, "problems").select("problem_id", "question").unique("problem_id")
    solutions = scan(store, "solutions").select("unit_id", "sample", "steps", "correct")
    return (
        scores.select("block_id", "sample", "problem_id", "policy", "prm", "step_scores")
        .join(solutions, left_on=["block_id", "sample"], right_on=["unit_id", "sample"])
        .join(questions, on="problem_id")
        # Recorded runs may have one score per solution: it belongs to no step.
        .filter(pl.col("steps").list.len() == pl.col("step_scores").list.len())
        .filter(pl.col("steps").list.len() > 0)
        .sort("block_id", "prm", "sample")
        .collect()
    )


def _labelled(rows: pl.DataFrame, labeller: StepLabels | None) -> pl.DataFrame:
    """The solutions with a list of verdicts on their steps, null where none are known."""
    labels = pl.Series(list(_labels(rows, labeller)), dtype=pl.List(pl.Boolean))
    return rows.with_columns(label=labels)


def _steps(labelled: pl.DataFrame) -> pl.DataFrame:
    """One row per step: policy, prm, problem, correct (of its solution), length, score, label."""
    apart = labelled.explode("steps", "step_scores", "label")
    length = pl.col("steps").str.len_chars()
    kept = ("policy", "prm", "problem_id", "correct", "label")
    return apart.select(*kept, length=length, score="step_scores")


def _labels(rows: pl.DataFrame, labeller: StepLabels | None) -> Iterator[tuple[bool | None, ...]]:
    for question, steps in rows.select("question", "steps").iter_rows():
        labels = labeller.label_steps(question, steps) if labeller else None
        yield labels or (None,) * len(steps)


def _lengths(steps: pl.DataFrame) -> pl.DataFrame:
    """Mean score by length; quantiles of length, equal lengths together."""
    if steps.is_empty():
        return pl.DataFrame(schema=_LENGTHS)
    shares = np.arange(1, NUM_LENGTHS) / NUM_LENGTHS
    # Unique: the zoo's steps have few lengths, so several quantiles are the same one.
    edges = np.unique(np.quantile(steps["length"].to_numpy(), shares))
    bins = np.searchsorted(edges, steps["length"].to_numpy(), side="right")
    grouped = steps.with_columns(bin=bins).group_by("prm", "correct", "bin")
    means = grouped.agg(pl.col("length").mean(), pl.col("score").mean())
    return means.sort("prm", "correct", "bin").select(*_LENGTHS)


def _areas(rows: pl.DataFrame) -> pl.DataFrame:
    """The area of each (policy, PRM) that has both right and wrong, problems as clusters."""
    areas: list[dict[str, Any]] = []
    for (policy, prm), group in rows.group_by("policy", "prm", maintain_order=True):
        problems = (group["problem_id"].rank("dense") - 1).cast(pl.Int64).to_numpy()
        area = area_under_curve(group["score"].to_numpy(), group["label"].to_numpy(), problems)
        if area is None:
            continue
        bounds = {"area": area.value, "low": area.low, "high": area.high}
        sizes = {"num_problems": int(problems.max()) + 1, "num_steps": len(group)}
        areas.append({"policy": policy, "prm": prm, **bounds, **sizes})
    return pl.DataFrame(areas, schema=_AREAS).sort("prm", "policy")
