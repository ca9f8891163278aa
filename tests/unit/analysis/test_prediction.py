"""Difficulty without the gold answer: what it reads, and how well it does."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ttsgrid.analysis.advice.prediction import (
    QUALITY_SCHEMA,
    Prediction,
    predictions,
    tabulate,
)
from ttsgrid.analysis.advice.probes import probes
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.frames.load import StoreFrames


@pytest.fixture(scope="module")
def found(frames: StoreFrames) -> list[Prediction]:
    return predictions(frames)


def _with_verdicts(frames: StoreFrames, correct: pl.Expr) -> StoreFrames:
    solutions = frames.solutions.with_columns(correct=correct)
    return StoreFrames(**{**vars(frames), "solutions": solutions})


def test_each_policy_is_predicted_with_each_prm_and_with_none(found: list[Prediction]) -> None:
    assert {(one.probes.policy, one.probes.prm) for one in found} == {
        (policy, prm) for policy in ("tiny", "small", "large") for prm in (None, "sharp", "dull")
    }
    assert all(len(one.predicted) == 40 for one in found)


def test_features_are_worked_out_from_the_first_four_samples(frames: StoreFrames) -> None:
    one = next(p for p in probes(frames) if (p.policy, p.prm) == ("small", "sharp"))
    series = frames.series.filter(~pl.col("greedy"), policy="small")["series"].item()
    problem = int(one.problems[7])
    pool = frames.solutions.filter(series=series, problem=problem).sort("sample")
    answers = [c for c in pool["answer_class"].to_list()[:4] if c >= 0]
    assert one.features[7, 0] == max((answers.count(c) for c in answers), default=0) / 4
    read = frames.scores.filter(
        pl.col("prm") == "sharp", pl.col("sample") < 4, series=series, problem=problem
    )
    assert one.features[7, 1] == pytest.approx(read["min"].to_numpy().mean())
    assert one.features[7, 2] == pytest.approx(read["last"].to_numpy().mean())
    assert one.rates[7] == pytest.approx(pool["correct"].to_numpy()[4:].mean())


def test_no_verdict_on_the_probe_is_read(frames: StoreFrames, found: list[Prediction]) -> None:
    flipped = _with_verdicts(
        frames, pl.when(pl.col("sample") < 4).then(~pl.col("correct")).otherwise("correct")
    )
    for one, other in zip(found, predictions(flipped), strict=True):
        np.testing.assert_array_equal(one.predicted, other.predicted)


def test_a_sharp_prm_predicts_better_than_votes_alone(
    found: list[Prediction], frames: StoreFrames
) -> None:
    quality = tabulate(found, frames.problems["problem_id"].to_list()).quality
    assert dict(quality.schema) == QUALITY_SCHEMA
    means = quality.group_by("prm").agg(pl.col("rank_correlation").mean())
    by_prm = dict(means.iter_rows())
    assert by_prm["sharp"] > by_prm["dull"] > by_prm[None]
    assert by_prm["sharp"] > 0.5
    for name in ("rank_correlation", "bin_agreement", "auc_easy"):
        inside = quality.drop_nulls(name)
        assert (inside[f"{name}_low"] <= inside[name]).all()
        assert (inside[name] <= inside[f"{name}_high"]).all()


def test_the_confusion_counts_every_problem_once_and_agrees_with_the_agreement(
    found: list[Prediction], frames: StoreFrames
) -> None:
    tables = tabulate(found, frames.problems["problem_id"].to_list())
    key = ["policy", "prm"]
    same = pl.col("num_problems").filter(pl.col("predicted_bin") == pl.col("bin")).sum()
    counted = tables.confusion.group_by(key, maintain_order=True).agg(
        pl.col("num_problems").sum(), same=same
    )
    assert set(counted["num_problems"]) == {40}
    assert (counted["same"] / 40).to_list() == pytest.approx(
        tables.quality["bin_agreement"].to_list()
    )
    assert len(tables.problems) == 9 * 40


def test_bins_are_none_where_nothing_was_predicted(found: list[Prediction]) -> None:
    bins = found[0].bins(45)
    assert [name is None for name in bins] == [False] * 40 + [True] * 5
    assert set(bins[:40]) <= {Bin.EASY, Bin.MEDIUM, Bin.HARD}


def test_small_pools_and_few_problems_are_not_predicted(frames: StoreFrames) -> None:
    small = frames.solutions.filter(pl.col("sample") < 7)
    assert predictions(StoreFrames(**{**vars(frames), "solutions": small})) == []
    few = frames.solutions.filter(pl.col("problem") < 19)
    assert predictions(StoreFrames(**{**vars(frames), "solutions": few})) == []
