"""The study's published points: as its tables print them, and what they say of small and large."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ttsgrid.analysis.cells.external_points import external_points
from ttsgrid.cli.importer import main
from ttsgrid.views.html.published import published_points
from ttsgrid.views.words.external import small_beats_large, title_of_published
from ttsgrid.views.words.numbers import quantity

FILE = Path(__file__).resolve().parents[4] / "docs" / "gallery" / "arxiv-2502.06703.csv"
OURS = {"cot": "cot", "majority": "majority", "compute-optimal TTS": "compute_optimal_tts"}


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    store = tmp_path_factory.mktemp("study") / "store"
    assert main(["points", str(store), str(FILE), "--layout", "study"]) == 0
    return external_points(store)


def test_accuracies_and_flops_are_as_the_study_prints_them(shared_data: Path) -> None:
    shipped = pl.read_csv(FILE)
    table_5 = pl.read_csv(shared_data / "paper" / "paper_table5_cot_majority_co.csv")
    printed = {row["policy_model"].replace("-Inst.", ""): row for row in table_5.to_dicts()}
    of_table_5 = shipped.filter(accuracy_table=5)
    assert len(of_table_5) == 3 * len(printed)
    for row in of_table_5.iter_rows(named=True):
        assert row["accuracy"] == printed[row["policy"]][OURS[row["strategy"]]]
    table_4 = pl.read_csv(shared_data / "paper" / "paper_table4_flops.csv")
    flops = shipped.filter(flops_table="4")["total_flops"]
    assert sorted(flops) == sorted(table_4["total_flops"])


def test_a_small_policy_with_test_time_scaling_stands_beside_405b(points: pl.DataFrame) -> None:
    said = small_beats_large(points)
    assert said is not None
    assert said.startswith("Llama-3.1-405B with CoT (greedy) answers 71.4 % right.")
    # 3.65e25 over 1.62e23, as the study's Table 4 has them.
    assert "Llama-3.2-3B 78.2 % (compute-optimal TTS, N = 256; 225 times less)" in said
    assert set(points["cost_is"]) == {"FLOPs, pre-training included"}


def test_the_pictures_title_states_the_cheapest_that_beats_a_larger_one(
    points: pl.DataFrame,
) -> None:
    assert title_of_published(points) == (
        "math500: Qwen2.5-0.5B with many tries solves 76 %, Llama-3.1-405B with one answer 71 %, "
        "at 676 times the compute"
    )
    published = published_points(points, "math500")
    assert published is not None
    assert published.brief.startswith("As published, Qwen2.5-0.5B with many tries solves 76 %")
    drawn = pl.DataFrame(published.picture.points.columns).filter("winner")
    assert drawn.select("policy", "n").rows() == [("Qwen2.5-0.5B", 256)]
    alone = points.filter(pl.col("policy") == "DeepSeek-R1")
    assert title_of_published(alone) == "math500: published accuracies for the compute they take"


def test_nothing_is_said_where_no_larger_cot_is_beaten(points: pl.DataFrame) -> None:
    assert small_beats_large(points.filter(pl.col("policy") == "DeepSeek-R1")) is None


def test_flops_of_pre_training_read_as_papers_write_them() -> None:
    assert quantity(3.65e25, "FLOPs") == "3.65e25 FLOPs"
    assert quantity(3.07e17, "FLOPs") == "307 PFLOPs"
