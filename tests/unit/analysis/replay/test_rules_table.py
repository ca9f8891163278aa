"""Rules on a whole store: costs, pairs, words, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.synthetic import (
    BLOCK_TOKENS,
    PROMPT_TOKENS,
    TAIL_TOKENS,
    Policy,
    World,
    write_store,
)
from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.replay.ordered import OrderedPools, Replay, one_by_one
from ttsgrid.analysis.replay.outcomes import replayed_outcomes
from ttsgrid.analysis.replay.rules import RULES, SamplingRule, rules_from, usual_rules
from ttsgrid.analysis.replay.table import replayed_rules
from ttsgrid.analysis.statistics.intervals import difference_intervals
from ttsgrid.cli.frontier import main
from ttsgrid.cli.importer import main as import_file
from ttsgrid.core.errors import StoreError
from ttsgrid.core.strategies import MAJORITY
from ttsgrid.views.words.rules import rule_sentences

ONE_SAMPLE = 1
pytestmark = pytest.mark.usefixtures("few_orders")


@pytest.fixture(scope="module")
def table(frames: StoreFrames, cells: Cells, few_orders: None) -> pl.DataFrame:
    return replayed_rules(frames, cells.meter, usual_rules())


def test_each_policy_has_a_row_per_rule_at_the_size_of_its_pools(
    table: pl.DataFrame, world: World
) -> None:
    # Smaller policies first.
    names = [(p.name, rule.label) for p in world.policies for rule in usual_rules()]
    assert table.select("policy", "rule").rows() == names
    assert table["n"].unique().to_list() == [world.pool_size]
    assert table["num_problems"].unique().to_list() == [world.num_problems]


def test_a_rule_pays_for_each_prompt_begun_and_each_token_generated(frames: StoreFrames) -> None:
    for replay in replayed_outcomes(frames, usual_rules()):
        spent, begun = replay.outcome.spent, replay.num_samples
        np.testing.assert_allclose(spent.policy_prompt, PROMPT_TOKENS * begun)
        # All but the first read the prompt's whole blocks from the cache.
        computed = PROMPT_TOKENS + TAIL_TOKENS * (begun - 1)
        np.testing.assert_allclose(spent.policy_prompt - spent.policy_cached, computed)
        assert PROMPT_TOKENS - TAIL_TOKENS == BLOCK_TOKENS
        assert (spent.policy_generated <= replay.fixed.spent.policy_generated + 1e-9).all()
        assert (spent.prm_prompt == 0).all()


def test_a_rule_that_never_stops_is_the_vote_itself(frames: StoreFrames, cells: Cells) -> None:
    never = rules_from("agreeing=99,short=99")
    table = replayed_rules(frames, cells.meter, never, budgets=[16])
    # Equal votes fall by lot in the vote over all; the shorter chain wins in `short`.
    by_lot = table.filter(rule="agreeing=99")
    assert (by_lot["difference"].abs() <= 4 * by_lot["standard_error_mc"] + 1e-9).all()
    assert table["num_samples"].unique().to_list() == [16.0]
    for column in ("generated_share", "flops_share"):
        assert table[column].to_list() == pytest.approx([1.0] * len(table))


def test_differences_are_paired_with_the_cell_of_the_frontier(
    frames: StoreFrames, cells: Cells
) -> None:
    (rule,) = rules_from("adaptive=0.8")
    cell = {o.key.policy: o for o in pool_outcomes(frames) if o.key.strategy == MAJORITY.name}
    assert all(outcome.key.n == 16 for outcome in cell.values())
    table = replayed_rules(frames, cells.meter, [rule])
    for replay, row in zip(
        sorted(
            replayed_outcomes(frames, [rule]), key=lambda r: cells.sizes[r.outcome.key.policy] or 0
        ),
        table.iter_rows(named=True),
        strict=True,
    ):
        vote, own = cell[row["policy"]], replay.outcome.accuracy
        assert row["difference"] == pytest.approx((own - vote.accuracy).mean())
        interval = difference_intervals(own, vote.accuracy)
        assert (row["low"], row["high"]) == pytest.approx(
            (float(interval.low), float(interval.high))
        )
        everywhere = np.ones(len(own), bool)
        flops = cells.meter.mean_flops(replay.outcome, everywhere)
        whole = cells.meter.mean_flops(vote, everywhere)
        assert row["flops_share"] == pytest.approx(flops / whole)
        assert flops < whole


def test_a_rule_at_a_smaller_n_draws_no_more_than_n(frames: StoreFrames, cells: Cells) -> None:
    table = replayed_rules(frames, cells.meter, usual_rules(), budgets=[1, 4, 8, 64])
    # One sample leaves nothing to stop, and no pool has 64.
    assert table["n"].unique().sort().to_list() == [4, 8]
    assert (table["num_samples"] <= table["n"]).all()


def test_a_chosen_parameter_is_named_and_costs_what_was_chosen(
    frames: StoreFrames, cells: Cells
) -> None:
    (rule,) = rules_from("adaptive=chosen")
    labels = [candidate.label for candidate in rule.candidates()]
    table = replayed_rules(frames, cells.meter, [rule, *rule.candidates()])
    for (policy,), rows in table.group_by("policy"):
        picked, given = rows.filter(rule=rule.label), rows.filter(pl.col("rule") != rule.label)
        assert picked["chosen"].item() in labels, policy
        assert given["chosen"].is_null().all()
        assert 0 < picked["chosen_share"].item() <= 1
        for column in ("generated_tokens", "flops", "num_samples", "accuracy"):
            low, high = given[column].to_numpy().min(), given[column].to_numpy().max()
            assert low - 1e-9 <= picked[column].item() <= high + 1e-9, (policy, column)


def test_unknown_prices_leave_costs_unknown_and_tokens_known(
    frames: StoreFrames, cells: Cells
) -> None:
    unknown = frames.prices.pools.with_columns(
        question_tokens=pl.lit(None, pl.Int64), block_tokens=pl.lit(None, pl.Int64)
    )
    older = replace(frames, prices=replace(frames.prices, pools=unknown))
    table = replayed_rules(older, cells.meter, usual_rules())
    assert table["flops"].is_null().all()
    assert table["flops_share"].is_null().all()
    assert (table["generated_share"] <= 1).all()
    assert "% of the tokens of" in " ".join(rule_sentences(table))


def test_sentences_name_what_is_saved_and_what_loses() -> None:
    rows = {
        "benchmark": "b",
        "policy": "p",
        "rule": ["adaptive=0.95", "agreeing=5", "first_to_finish"],
        "n": 64,
        "num_problems": 100,
        "accuracy": [0.798, 0.8, 0.74],
        "accuracy_fixed": 0.8,
        "difference": [-0.002, 0.0, -0.06],
        "low": [-0.015, -0.01, -0.11],
        "high": [0.01, 0.01, -0.02],
        "generated_share": [0.25, 0.3, 0.9],
        "flops_share": [0.26, 0.31, 0.9],
    }
    (said,) = rule_sentences(pl.DataFrame(rows))
    assert said == (
        "b, p: adaptive=0.95 takes 26 % of the FLOPs of majority-64 and answers 79.8 % of the "
        "problems, majority-64 80.0 % (−0.2 points, −1.5 to +1.0). Accuracy is lost by "
        "first_to_finish (−6.0 points)."
    )
    (few,) = rule_sentences(pl.DataFrame(rows | {"num_problems": 29}))
    assert few == "b, p: 29 problems are too few to compare rules."
    losing = pl.DataFrame(rows).filter(rule="first_to_finish")
    (none,) = rule_sentences(losing)
    assert none.startswith("b, p: no rule saves anything and stays within a point of majority-64.")


def small_store(path: Path) -> Path:
    """A store whose benchmark has a grader that ships."""
    policies = (Policy("one", 1.0, 10), Policy("two", 2.0, 20))
    write_store(path, World(policies, num_problems=30, pool_size=8, benchmark="math500"))
    return path


@pytest.mark.parametrize("told", [["--table", "rules"], []])
def test_the_command_prints_and_writes_the_table(
    told: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, out = small_store(tmp_path / "store"), tmp_path / "out"
    assert main([str(store), *told, "--rules", "adaptive,short=2", f"--out={out}"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Rules that stop sampling early" in said
    assert "of the FLOPs of majority-8" in said
    written = pl.read_csv(out / "rules.csv")
    assert written["rule"].unique().sort().to_list() == ["adaptive=0.95", "short=2"]
    assert written["policy"].unique().sort().to_list() == ["one", "two"]


def test_without_the_option_nothing_is_replayed(tmp_path: Path) -> None:
    store, out = small_store(tmp_path / "store"), tmp_path / "out"
    assert main([str(store), f"--out={out}"]) == 0
    assert not (out / "rules.csv").exists()


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("adaptiv", "'adaptiv' is not one of: adaptive, agreeing, first_to_finish"),
        (
            "adaptive=1",
            "adaptive=1: confidence must be a number above 0.5 and below 1, or 'chosen'",
        ),
        ("agreeing=2.5", "agreeing=2.5: samples in a row must be a whole number above 0"),
        ("short=x", "short=x: chains to wait for must be a whole number above 0"),
        ("first_to_finish=2", "first_to_finish takes no number"),
        ("", "'' is not one of"),
    ],
)
def test_rules_that_are_none_are_refused_in_a_sentence(
    rules: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), f"--rules={rules}", f"--out={tmp_path}"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: --rules: ")
    assert words in said


def test_a_store_without_large_enough_pools_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = small_store(tmp_path / "store")
    told = ["--table", "rules", "--budgets", "32", f"--out={tmp_path}"]
    assert main([str(store), *told]) == 1
    assert "sample more, or lower --budgets" in capsys.readouterr().err


def test_rules_that_read_lengths_are_refused_where_none_are_known(frames: StoreFrames) -> None:
    empty = replace(frames, solutions=frames.solutions.with_columns(generated_tokens=0))
    with pytest.raises(StoreError, match="--rules: short=3 needs the tokens of each sample"):
        list(replayed_outcomes(empty, rules_from("adaptive,short")))
    assert list(replayed_outcomes(empty, rules_from("adaptive,agreeing")))


def test_recorded_runs_of_others_replay_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded, store = tmp_path / "run.jsonl", tmp_path / "store"
    answers = ["1", "1", "2", "1", "1", "1"]
    samples = ", ".join(f'{{"answer": "{a}", "tokens": {i + 1}}}' for i, a in enumerate(answers))
    recorded.write_text(
        "".join(
            f'{{"question": "q{i}", "answer": "1", "samples": [{samples}]}}\n' for i in range(3)
        )
    )
    named = "--benchmark math500 --policy m --policy-parameters 1e9 --temperature 0.7"
    assert import_file(["samples", str(store), str(recorded), *named.split()]) == 0
    capsys.readouterr()
    assert main([str(store), "--table", "rules", f"--out={tmp_path}"]) == 0
    rows = pl.read_csv(tmp_path / "rules.csv")
    by_rule = {row["rule"]: row for row in rows.iter_rows(named=True)}
    # Six samples of 1 to 6 tokens: the first to finish stops all of them at 1.
    assert by_rule["first_to_finish"]["generated_tokens"] == 6
    assert by_rule["first_to_finish"]["num_samples"] == 6
    assert by_rule["short=3"]["generated_tokens"] == 1 + 2 + 3 + 3 * 3
    assert by_rule["adaptive=0.95"]["accuracy"] == 1.0


def test_a_rule_of_ones_own_is_an_entry(frames: StoreFrames, cells: Cells) -> None:
    def first_only(pools: OrderedPools, _: float) -> Replay:
        return one_by_one(pools, np.full(pools.classes.shape[1], ONE_SAMPLE))

    RULES.add(SamplingRule("only_first", "the first sample", first_only))
    table = replayed_rules(frames, cells.meter, rules_from("only_first"))
    assert table["num_samples"].unique().to_list() == [1.0]
