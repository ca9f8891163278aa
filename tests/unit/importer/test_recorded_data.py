"""Real recorded runs, through the importer, give the figures that their authors gave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ttsgrid.analysis.cells.external_points import external_points
from ttsgrid.analysis.frames.equivalence import store_equivalence
from ttsgrid.analysis.frames.load import load
from ttsgrid.analysis.frontier import analyse
from ttsgrid.cli.importer import main
from ttsgrid.importer.figures import recorded_figures
from ttsgrid.views.words.headline import headline_of

CRUCIBLE = "crucible_math500_qwen1.5b_skywork1.5b_seed0.json"


@pytest.fixture
def bring(shared_data: Path, tmp_path: Path) -> Callable[..., Path]:
    """Import a recorded file by the command line; return the store."""

    def run(kind: str, name: str, *options: str) -> Path:
        file = shared_data / "recorded" / name
        assert main([kind, str(tmp_path), str(file), *options]) == 0
        return tmp_path

    return run


def _figures(store: Path) -> pl.DataFrame:
    figures = recorded_figures(load(store, store_equivalence(store)))
    return figures.with_columns(percent=100 * pl.col("accuracy"))


def _figure(figures: pl.DataFrame, name: str, **key: str) -> float:
    return float(figures.filter(figure=name, **key)["percent"].item())


def test_qwen25math_is_reproduced(bring: Callable[..., Path]) -> None:
    store = bring(
        "samples", "qwen25math_math100x8_orm.jsonl", "--layout=qwen25math", "--benchmark=math500",
        "--policy=qwen2.5-math", "--prm=qwen2.5-math-rm", "--temperature=0.7",
        "--chars-per-token=3",
    )  # fmt: skip
    figures = _figures(store)
    assert _figure(figures, "pass@1") == pytest.approx(91.0)
    assert _figure(figures, "majority") == pytest.approx(93)
    assert _figure(figures, "best-of-n") == pytest.approx(94)
    assert _figure(figures, "weighted") == pytest.approx(94)
    assert _figure(figures, "pass@n") == pytest.approx(96)
    assert figures["aggregation"].drop_nulls().unique().to_list() == ["last"]


def test_cruxeval_is_reproduced(bring: Callable[..., Path]) -> None:
    store = bring(
        "samples", "cruxeval_codellama7b_800x10_output.json", "--layout=cruxeval",
        "--benchmark=cruxeval", "--grader=text", "--policy=codellama-7b", "--temperature=0.2",
        "--chars-per-token=3",
    )  # fmt: skip
    cells = analyse(store, budgets=[1, 5]).cells.frame.filter(strategy="pass@k", bin="all")
    by_n = dict(cells.select("n", "accuracy").iter_rows())
    assert round(100 * by_n[1], 2) == 34.21
    assert round(100 * by_n[5], 2) == 40.29


def test_ovms_samples_and_values_load(bring: Callable[..., Path]) -> None:
    common = ("--benchmark=gsm8k", "--temperature=0.7", "--policy=llama2-7b-ovm")
    store = bring(
        "samples", "ovm_gsm8k_llama7b_10x500.jsonl", "--layout=ovm", *common,
        "--chars-per-token=3",
    )  # fmt: skip
    bring(
        "samples", "ovm_gsm8k_llama7b_2x500_vscores.jsonl", "--layout=ovm_values", *common,
        "--prm=ovm-7b", "--first-sample=500",
    )  # fmt: skip
    pools = load(store, store_equivalence(store)).solutions
    assert len(pools) == 6000
    assert pools.filter(pl.col("sample") < 500)["correct"].sum() == 1594


def test_crucible_loads_with_the_one_aggregation_it_has(bring: Callable[..., Path]) -> None:
    store = bring(
        "samples", CRUCIBLE, "--layout=crucible", "--benchmark=math500", "--temperature=0.7",
        "--policy=qwen2.5-1.5b", "--prm=skywork-1.5b", "--policy-parameters=1.54e9",
        "--prm-parameters=1.54e9",
    )  # fmt: skip
    figures = _figures(store)
    # One of three seeds that pool to 38.3, 52.5, 55.0 and 70.0; 28 of 40 hold a right sample.
    assert _figure(figures, "pass@1") == pytest.approx(100 * 117 / 320)
    assert _figure(figures, "best-of-n") == pytest.approx(50.0)
    assert _figure(figures, "pass@n") == pytest.approx(70.0)
    assert 45 <= _figure(figures, "majority") <= 60
    assert figures["aggregation"].drop_nulls().unique().to_list() == ["avg"]
    cells = analyse(store).cells.frame
    assert cells["aggregation"].drop_nulls().unique().to_list() == ["avg"]


def test_small_does_not_win_on_crucible_once_the_prm_is_counted(
    bring: Callable[..., Path],
) -> None:
    common = ("--benchmark=math500", "--temperature=0.7")
    bring(
        "samples", "crucible_math500_qwen7b_pass1.json", "--layout=crucible_steps", *common,
        "--policy=qwen2.5-7b", "--policy-parameters=7.62e9",
    )  # fmt: skip
    store = bring(
        "samples", CRUCIBLE, "--layout=crucible", *common, "--policy=qwen2.5-1.5b",
        "--policy-parameters=1.54e9", "--prm=skywork-1.5b", "--prm-parameters=1.54e9",
    )  # fmt: skip
    frontier = analyse(store)
    large = frontier.cells.frame.filter(policy="qwen2.5-7b", strategy="pass@k", n=1, bin="all")
    assert large["accuracy"].item() == pytest.approx(0.675)
    said = headline_of(frontier, "math500")
    assert said.startswith("No smaller policy with TTS clearly beats")
    assert "qwen2.5-7b's single sample 67.5 %, on 40 problems" in said
    assert "95 % interval" in said
    assert "the PRM's counted" in said
    guided = frontier.comparisons.filter(pl.col("n") == 8, pl.col("prm").is_not_null())
    assert guided["flops_ratio"].to_numpy().min() > 2.5


def test_published_frontiers_load(bring: Callable[..., Path]) -> None:
    store = bring("points", "ovm_gsm8k_frontier.csv", "--layout=ovm_frontier")
    bring("points", "optscale_frontier.csv", "--layout=optscale_frontier", "--policy=unnamed")
    bring(
        "points", "o1mini_aime24_token_limit.csv", "--layout=token_limits",
        "--benchmark=AIME24", "--policy=o1-mini",
    )  # fmt: skip
    points = external_points(store)
    beams = points.filter(setting="beam=50").sort("policy")
    assert beams["num_seeds"].to_list() == [3, 3]
    assert 100 * beams["accuracy"].to_numpy() == pytest.approx([73.74, 84.68], abs=0.01)
    optscale = points.filter(policy="unnamed")
    assert len(optscale) == 960
    assert optscale.filter("on_frontier")["benchmark"].n_unique() == 5
    o1 = points.filter(policy="o1-mini")
    assert len(o1) == 19
    assert "majority" in set(o1["strategy"])
