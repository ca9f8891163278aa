"""The study's tables from a store that holds some of its models."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.study.conftest import PRICE, SEARCHED, WORLD
from tests.unit.analysis.synthetic import Policy, World, write_store
from ttsgrid.analysis.findings.contests import contests_over_budgets
from ttsgrid.analysis.findings.fixed_rule import choose_by_rule, fixed_strategy
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.analysis.study.gains import efficiency_gain
from ttsgrid.analysis.study.summary import Optimal, Study, make_study
from ttsgrid.analysis.study.tables import STUDY_TABLES, TABLES
from ttsgrid.cli.frontier import main
from ttsgrid.core.units import ModelIdentity
from ttsgrid.models import prompt_format
from ttsgrid.store import ModelRecord, Store
from ttsgrid.views.tables.study import study_table
from ttsgrid.views.terminal.render import as_rich

NUM_POLICIES, NUM_PRMS = len(WORLD.policies), len(WORLD.prms)


def _built(study: Study, name: str) -> pl.DataFrame:
    return TABLES[name].build(study)


def _optimal(study: Study, policy: str, prm: str) -> Optimal:
    return next(
        optimal
        for optimal in study.optimal
        if (optimal.point["policy"], optimal.point["prm"]) == (policy, prm)
    )


@pytest.mark.parametrize("name", STUDY_TABLES)
def test_every_table_is_on_the_problems_that_all_cells_share(study: Study, name: str) -> None:
    frame = _built(study, name)
    assert set(frame["num_problems"]) == {SEARCHED}
    assert set(frame["policy"]) == {policy.name for policy in WORLD.policies}


def test_small_against_large_has_cot_once_and_tts_with_each_prm(study: Study) -> None:
    frame = _built(study, "small-vs-large")
    counts = dict(frame.group_by("method").len().iter_rows())
    assert counts == {"CoT": NUM_POLICIES, "TTS": NUM_POLICIES * (NUM_PRMS + 1)}
    row = frame.filter(method="CoT", policy="qwen2.5-7b").row(0, named=True)
    outcome = next(
        o for o in study.cells.outcomes if o.key.policy == "qwen2.5-7b" and o.key.strategy == "cot"
    )
    assert row["accuracy"] == pytest.approx(np.nanmean(outcome.accuracy))
    # Table 3 has TTS of the 1.5B, not its CoT, and names no PRM.
    papers = frame.filter(policy="qwen2.5-1.5b").select("method", "paper").rows()
    assert papers == [("CoT", None), *[("TTS", 0.818)] * (NUM_PRMS + 1)]


def test_flops_are_sums_over_the_benchmark_part_by_part(study: Study) -> None:
    row = _built(study, "flops").filter(method="TTS", policy="llama3.2-3b", prm="sharp")
    found = row.row(0, named=True)
    point = _optimal(study, "llama3.2-3b", "sharp").point
    assert found["flops_pretraining"] == 6 * 3_000_000 * 1e9
    generated = 2 * 3_000_000 * point["policy_generated_tokens"] * SEARCHED
    assert found["flops_generated"] == pytest.approx(generated)
    assert found["flops_total_as_study"] == pytest.approx(6 * 3_000_000 * 1e9 + generated)
    parts = ("flops_pretraining", "flops_generated", "flops_prompt", "flops_prm")
    assert found["flops_total"] == pytest.approx(sum(found[part] for part in parts))
    assert found["money"] == pytest.approx(found["device_hours"] * PRICE)
    assert found["paper_pretraining"] == 1.62e23


def test_gains_are_those_of_the_accuracies_beside_them(study: Study) -> None:
    for row in _built(study, "cot-majority-optimal").iter_rows(named=True):
        assert row["performance_gain_pct"] == pytest.approx(100 * (row["optimal"] / row["cot"] - 1))
        assert row["gain"] == pytest.approx(row["optimal"] - row["cot"])
        assert row["gain_low"] <= row["gain"] <= row["gain_high"]
        assert row["optimal_in_sample"] >= row["optimal"]


def test_efficiency_is_of_the_curves_above_one_solution(study: Study) -> None:
    for row in _built(study, "cot-majority-optimal").iter_rows(named=True):
        optimal = _optimal(study, row["policy"], row["prm"])
        majority = [m for m in study.majority("math500", row["policy"]) if m["n"] > 1]
        for unit in ("n", "flops"):
            expected = efficiency_gain(
                [(m[unit], m["accuracy"]) for m in majority],
                [(p[unit], p["accuracy"]) for p in optimal.curve],
            )
            assert row[f"efficiency_gain_{unit}"] == expected.times
            assert row[f"efficiency_gain_{unit}_bound"] == expected.bound
        assert [point["n"] for point in optimal.curve] == [4, 16]


def test_the_best_n_is_chosen_on_other_problems_than_it_is_scored_on(study: Study) -> None:
    """Against a plain reference: the mean over random halves, cell by cell."""
    found = _optimal(study, "llama3.2-3b", "dull").tts
    frame = study.cells.frame.filter(pl.col("strategy") != "pass@k", bin="all")
    mine = frame.filter(
        (pl.col("prm") == "dull") | pl.col("prm").is_null(), policy="llama3.2-3b"
    ).sort("flops", maintain_order=True)
    values = study.cells.accuracies(mine["outcome"])[:, found.choice.problems]
    rng, kept = np.random.default_rng(0), []
    for _ in range(400):
        half = np.isin(np.arange(SEARCHED), rng.permutation(SEARCHED)[: SEARCHED // 2])
        for choosing in (half, ~half):
            means = values[:, choosing].mean(axis=1)
            best = int(np.argmax(means >= means.max() - 1e-9))
            kept.append(values[best, ~choosing].mean())
    assert found.row["accuracy"] == pytest.approx(np.mean(kept), abs=0.02)
    assert found.row["accuracy"] <= values.mean(axis=1).max()


def test_tts_is_never_pass_at_k_and_says_which_n_serves_most_problems(study: Study) -> None:
    frame = _built(study, "small-vs-large").filter(method="TTS")
    assert set(frame["strategy"]) <= {"cot", "majority", "best_of_n", "beam"}
    for row in frame.iter_rows(named=True):
        choice = _optimal(study, row["policy"], row["prm"]).tts.choice
        keys = [study.cells.outcomes[index].key for index in choice.rows]
        assert "pass@k" not in {key.strategy for key in keys}
        served = {(key.strategy, key.n): 0.0 for key in keys}
        for key, share in zip(keys, choice.held_out.mean(axis=1), strict=True):
            served[key.strategy, key.n] += share
        assert served[row["strategy"], row["n"]] == pytest.approx(max(served.values()))
        assert row["share"] == pytest.approx(max(served.values()))
        costs = [study.cells.meter.columns(study.cells.outcomes[i])["flops"] for i in choice.rows]
        spent = (choice.held_out * np.stack(costs)[:, choice.problems]).sum(axis=0)
        assert row["flops"] == pytest.approx(spent.mean())


def test_a_policy_with_several_prms_has_a_row_in_which_the_prm_was_chosen(study: Study) -> None:
    for policy in ("qwen2.5-1.5b", "llama3.2-3b", "qwen2.5-7b"):
        choice = _optimal(study, policy, "any").tts.choice
        used = {study.cells.outcomes[row].key.prm for row in choice.rows}
        assert used == {None, "sharp", "dull"}
        assert len(set(choice.rows.tolist())) == len(choice.rows)


def test_the_fixed_rule_serves_problems_with_what_it_names_alone(study: Study) -> None:
    small = _optimal(study, "qwen2.5-1.5b", "sharp").by_rule
    assert small is not None
    serving = small.choice.rows[small.choice.held_out.sum(axis=1) > 0]
    keys = [study.cells.outcomes[row].key for row in serving]
    assert {key.strategy for key in keys} == {"beam"}
    assert all(key.n > 1 for key in keys)
    np.testing.assert_allclose(small.choice.held_out.sum(axis=0), 1.0)
    row = _built(study, "fixed-rule").filter(policy="qwen2.5-1.5b", prm="sharp").to_dicts()[0]
    assert row["by_rule"] == pytest.approx(small.choice.accuracy.mean())
    assert row["by_rule_low"] <= row["by_rule"] <= row["by_rule_high"]
    assert row["by_rule_flops"] > 0
    assert row["difference"] == pytest.approx(row["optimal"] - row["by_rule"])


def test_the_rule_is_the_studys() -> None:
    def named(benchmark: str, billions: float, thinks_long: bool = False) -> list[str]:
        bins = ("easy", "medium", "hard")
        size = int(1e9 * billions)
        return [fixed_strategy(benchmark, size, found, thinks_long) for found in bins]

    # compute-optimal-tts, issue 4; sizes of Qwen2.5 3B, 7B, 32B, 72B and 14B.
    assert named("math500", 3.1) == ["beam", "beam", "beam"]
    assert named("math500", 7.6) == named("math500", 32.8) == ["dvts", "dvts", "beam"]
    assert named("math500", 72.7) == ["best_of_n"] * 3
    assert named("aime24", 7.6) == ["dvts"] * 3
    assert named("aime24", 14.8) == ["best_of_n"] * 3
    assert named("math500", 1.8, True) == named("aime24", 7.6, True) == ["best_of_n"] * 3


def test_where_the_rule_names_what_was_not_run_it_has_no_accuracy(study: Study) -> None:
    cells, contest = study.cells, next(iter(contests_over_budgets(study.cells)))
    meter = replace(cells.meter, sizes={contest.key["policy"]: 7_600_000_000})
    # Of 7B the rule asks for DVTS, which the store lacks; of unknown size for nothing.
    assert choose_by_rule(replace(cells, meter=meter), contest, thinks_long=False) is None
    unknown = replace(cells.meter, sizes={})
    assert choose_by_rule(replace(cells, meter=unknown), contest, thinks_long=False) is None


def test_the_papers_gains_stand_beside_ours(study: Study) -> None:
    frame = _built(study, "cot-majority-optimal").filter(policy="qwen2.5-1.5b", prm="sharp")
    row = frame.row(0, named=True)
    assert (row["paper_cot"], row["paper_majority"], row["paper_optimal"]) == (0.544, 0.684, 0.856)
    assert row["paper_performance_gain_pct"] == 57.4
    assert (row["paper_efficiency_gain_n"], row["paper_efficiency_gain_n_bound"]) == (256.0, ">")


def test_policies_that_think_long_are_named_or_told_by_their_prompt(
    study: Study, path: Path, frontier: Frontier, tmp_path: Path
) -> None:
    methods = dict(_built(study, "long-cot").filter(n=1).select("policy", "method").iter_rows())
    assert methods["qwen2.5-7b"] == "long CoT"
    assert methods["llama3.2-3b"] == "CoT"
    assert make_study(path, frontier).long_cot == frozenset()
    with Store.open(tmp_path, run_id="test") as store:
        identity = ModelIdentity("thinker", "m", "r", prompt_format("r1").as_json())
        store.write_models([ModelRecord(identity, "policy", format_name="r1")])
    assert make_study(tmp_path, frontier).long_cot == {"thinker"}


def test_a_policy_without_cot_stands_with_its_one_sample_and_never_as_tts(
    tmp_path: Path,
) -> None:
    small, large = Policy("llama3.2-3b", 0.9, 3_000_000), Policy("llama3.1-405b", 9.0, 405_000_000)
    write_store(tmp_path, World((small,), (), benchmark="math500"))
    write_store(tmp_path, World((large,), (), benchmark="math500", cot=False))
    once = analyse(tmp_path, by_string, budgets=[1])
    studied = make_study(tmp_path, once, ["llama3.1-405b"])
    rows = _built(studied, "small-vs-large").select("policy", "method", "n").rows()
    assert rows == [("llama3.2-3b", "CoT", 1), ("llama3.1-405b", "one sample", 1)]
    assert _built(studied, "long-cot")["method"].to_list() == ["CoT", "long CoT"]


@pytest.mark.parametrize("name", STUDY_TABLES)
def test_a_printed_table_leaves_out_columns_without_numbers(study: Study, name: str) -> None:
    frame, out = _built(study, name), io.StringIO()
    Console(file=out, width=240).print(as_rich(study_table(STUDY_TABLES[name], frame)))
    text = out.getvalue()
    assert "llama3.2-3b" in text
    papers = [name for name in frame.columns if name.startswith("paper")]
    known = [name for name in papers if frame[name].count()]
    assert ("paper" in text) == bool(known)
    without = frame.with_columns(pl.lit(None, pl.Float64).alias(name) for name in papers)
    blank = io.StringIO()
    Console(file=blank, width=240).print(as_rich(study_table(STUDY_TABLES[name], without)))
    assert "paper" not in blank.getvalue()


def test_a_difference_is_printed_with_both_its_intervals(study: Study) -> None:
    out, table = io.StringIO(), TABLES["search-vs-best-of-n"]
    frame = _built(study, "search-vs-best-of-n")
    Console(file=out, width=240).print(as_rich(study_table(table, frame)))
    row = frame.row(0, named=True)
    bounds = [round(100 * row[name]) for name in ("low", "high", "low_adjusted", "high_adjusted")]
    said = "{:.1f} ({} to {}; adjusted {} to {})".format(100 * row["difference"], *bounds)
    assert said.replace("-", "−") in out.getvalue().replace("-", "−")


def test_costs_have_a_row_a_strategy_and_n_with_the_cells_own_numbers(study: Study) -> None:
    frame = _built(study, "costs")
    names = ["policy", "prm", "strategy", "n"]
    assert frame.n_unique(names) == len(frame)
    assert set(frame["strategy"]) == {"cot", "majority", "best_of_n", "beam"}
    row = frame.filter(policy="llama3.2-3b", prm="sharp", strategy="beam").row(0, named=True)
    cell = study.cells.frame.filter(
        bin="all", policy="llama3.2-3b", prm="sharp", strategy="beam", vote="majority"
    ).row(0, named=True)
    for column in ("policy_cached_tokens", "prm_tokens", "flops", "seconds", "money"):
        assert row[column] == cell[column]


def test_the_pareto_table_rises_in_flops_and_accuracy(study: Study) -> None:
    frame = _built(study, "pareto")
    assert frame["flops"].is_sorted()
    assert frame["accuracy"].is_sorted()
    assert set(frame["num_problems"]) == {SEARCHED}


def test_one_command_makes_one_table(
    path: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = [str(path), "--table", "flops", "--price-per-gpu-hour", "2", "--out", str(tmp_path)]
    assert main(arguments) == 0
    assert "pre-training" in capsys.readouterr().out
    written = pl.read_csv(tmp_path / "flops.csv")
    assert written["money"].to_list() == pytest.approx((2 * written["device_hours"]).to_list())
    names = {"flops.csv", "flops.parquet", "made_with.json"}
    assert {file.name for file in tmp_path.iterdir()} == names
