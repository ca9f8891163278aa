"""How well PRMs rank within a problem: by hand, pair by pair, and where pooling hides chance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from ttsgrid.analysis.findings.prm_quality import areas_within, prm_quality
from ttsgrid.analysis.frames.load import StoreFrames, load


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> StoreFrames:
    path = tmp_path_factory.mktemp("ranked") / "store"
    policies = (Policy("small", 0.6, 1_000_000), Policy("large", 1.5, 5_000_000))
    write_store(path, World(policies, (Prm("sharp", 2.5), Prm("dull", 1.0))))
    return load(path, by_string)


def test_a_problems_area_is_the_share_of_pairs_in_the_right_order_ties_half() -> None:
    samples = pl.DataFrame(
        {
            # Right ones 3 and 1 against wrong 2 and 1: 3 > 2, 3 > 1, 1 < 2, 1 = 1, so 2.5 of 4.
            "problem": [0, 0, 0, 0, 1, 1, 2, 2],
            "correct": [True, True, False, False, True, True, False, True],
            "score": [3.0, 1.0, 2.0, 1.0, 0.9, 0.1, 5.0, 4.0],
        }
    )
    found = areas_within(samples).rows()
    # Problem 1 has no wrong solution and no say; in problem 2 the one pair is upside down.
    assert found == [(0, 2.5 / 4, 4), (2, 0.0, 1)]


def test_every_row_equals_a_count_of_all_pairs(frames: StoreFrames) -> None:
    quality = prm_quality(frames)
    assert len(quality) == 2 * 2 * 4  # policies, PRMs, aggregations
    pools = frames.series.filter(~pl.col("greedy"))
    for row in quality.iter_rows(named=True):
        series = pools.filter(policy=row["policy"])["series"].item()
        scores = frames.scores.with_columns(pl.col("prm").cast(pl.String))
        joined = scores.filter(series=series, prm=row["prm"]).join(
            frames.solutions.select("series", "problem", "sample", "correct"),
            on=["series", "problem", "sample"],
        )
        areas, num_pairs = [], 0
        for _, group in joined.group_by("problem", maintain_order=True):
            right = group.filter(pl.col("correct"))[row["aggregation"]].to_numpy()
            wrong = group.filter(~pl.col("correct"))[row["aggregation"]].to_numpy()
            gaps = np.subtract.outer(right, wrong)
            if gaps.size:
                areas.append(((gaps > 0) + 0.5 * (gaps == 0)).mean())
                num_pairs += gaps.size
        assert row["area"] == pytest.approx(np.mean(areas))
        assert (row["num_problems"], row["num_pairs"]) == (len(areas), num_pairs)
        assert row["low"] <= row["area"] <= row["high"]


def test_a_prm_that_only_knows_hard_problems_is_at_chance_and_pooled_looks_good(
    frames: StoreFrames,
) -> None:
    rate = pl.col("correct").mean().over("series", "problem")
    rates = frames.solutions.select("series", "problem", "sample", score=rate)
    knowing = frames.scores.join(rates, on=["series", "problem", "sample"]).with_columns(
        pl.col("score").alias(name) for name in ("min", "last", "avg", "prod")
    )
    quality = prm_quality(replace(frames, scores=knowing.drop("score")))
    assert quality["area"].to_list() == [0.5] * len(quality)
    assert quality["pooled_area"].to_numpy().min() > 0.7


def test_samples_without_a_score_are_left_out_and_counted(frames: StoreFrames) -> None:
    unscored = pl.col("sample") == 0
    blank = frames.scores.with_columns(
        pl.when(unscored).then(float("nan")).otherwise(pl.col("min")).alias("min")
    )
    quality, whole = prm_quality(replace(frames, scores=blank)), prm_quality(frames)
    lost = quality.filter(aggregation="min")["num_unscored"].to_list()
    num_problems = frames.scores["problem"].n_unique()
    assert lost == [num_problems] * 4
    assert (
        quality.filter(aggregation="min")["num_pairs"].sum()
        < whole.filter(aggregation="min")["num_pairs"].sum()
    )
    assert quality.filter(aggregation="last").equals(whole.filter(aggregation="last"))


def test_a_store_without_prms_has_no_rows(tmp_path: Path) -> None:
    write_store(tmp_path, World((Policy("small", 0.6, 1_000_000),), ()))
    assert prm_quality(load(tmp_path, by_string)).is_empty()
