"""Rules on a whole store: costs, pairs and words."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.synthetic import (
    BLOCK_TOKENS,
    PRM_TOKENS,
    PROMPT_TOKENS,
    TAIL_TOKENS,
    World,
)
from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.replay.ordered import OrderedPools, Replay, one_by_one
from ttsgrid.analysis.replay.outcomes import replayed_outcomes
from ttsgrid.analysis.replay.rules import (
    RULES,
    Needs,
    SamplingRule,
    rules_from,
    usual_rules,
)
from ttsgrid.analysis.replay.table import replayed_rules, rule_table
from ttsgrid.analysis.statistics.intervals import difference_intervals
from ttsgrid.cli.frontier import main
from ttsgrid.cli.importer import main as import_file
from ttsgrid.core.strategies import MAJORITY
from ttsgrid.views.words.rules import in_brief, paragraphs, rule_sentences

ONE_SAMPLE = 1
PLAIN = tuple(rule for rule in usual_rules() if rule.rule.needs == Needs())
pytestmark = pytest.mark.usefixtures("few_orders")


@pytest.fixture(scope="module")
def table(frames: StoreFrames, cells: Cells, few_orders: None) -> pl.DataFrame:
    return replayed_rules(frames, cells.meter, PLAIN)


def test_each_policy_has_a_row_per_rule_at_the_size_of_its_pools(
    table: pl.DataFrame, world: World
) -> None:
    # Smaller policies first.
    names = [(p.name, rule.label) for p in world.policies for rule in PLAIN]
    assert table.select("policy", "rule").rows() == names
    assert table["n"].unique().to_list() == [world.pool_size]
    assert table["num_problems"].unique().to_list() == [world.num_problems]


def test_a_rule_pays_for_each_prompt_begun_and_each_token_generated(frames: StoreFrames) -> None:
    for replay in replayed_outcomes(frames, PLAIN):
        spent, begun = replay.outcome.spent, replay.num_samples
        np.testing.assert_allclose(spent.policy_prompt, PROMPT_TOKENS * begun)
        # All but the first read the prompt's whole blocks from the cache.
        computed = PROMPT_TOKENS + TAIL_TOKENS * (begun - 1)
        np.testing.assert_allclose(spent.policy_prompt - spent.policy_cached, computed)
        assert PROMPT_TOKENS - TAIL_TOKENS == BLOCK_TOKENS
        assert (spent.policy_generated <= replay.fixed.spent.policy_generated + 1e-9).all()
        assert (spent.prm_prompt == 0).all()


def test_a_rule_that_scores_pays_the_prm_for_what_it_scores(frames: StoreFrames) -> None:
    never, always = rules_from("threshold=9,threshold=-9")
    for replay in replayed_outcomes(frames, [never, always]):
        spent, scored = replay.outcome.spent, replay.num_scored
        np.testing.assert_allclose(spent.prm_prompt, PRM_TOKENS * scored)
        computed = spent.prm_prompt - spent.prm_cached
        if replay.rule == never:
            # All 16 are drawn and scored: what best-of-16 costs, to the token.
            np.testing.assert_allclose(replay.outcome.accuracy, replay.fixed.accuracy, atol=0.05)
            for column in fields(spent):
                mine, its = (getattr(one, column.name) for one in (spent, replay.fixed.spent))
                np.testing.assert_allclose(mine, its)
            continue
        # One sample suffices unless it has no answer; the first input is computed whole.
        assert (scored >= 1).all()
        assert (computed >= PRM_TOKENS - 1e-9).all()
        np.testing.assert_allclose(computed[scored == 1], PRM_TOKENS)


def test_a_cascade_pays_both_policies(frames: StoreFrames) -> None:
    for replay in replayed_outcomes(frames, rules_from("cascade=0.75,ensemble=0.25")):
        assert replay.also is not None
        its, mine = replay.also.spent, replay.outcome.spent
        if replay.rule.rule.name == "ensemble":
            np.testing.assert_allclose(its.policy_prompt, 4 * PROMPT_TOKENS)
            np.testing.assert_allclose(mine.policy_prompt, 12 * PROMPT_TOKENS)
            twelve = PROMPT_TOKENS + 11 * TAIL_TOKENS
            np.testing.assert_allclose(mine.policy_prompt - mine.policy_cached, twelve)
            continue
        np.testing.assert_allclose(its.policy_prompt, 4 * PROMPT_TOKENS)
        # Where the larger policy is asked at all, it is asked sixteen times.
        asked = mine.policy_prompt / (16 * PROMPT_TOKENS)
        computed = asked * (PROMPT_TOKENS + 15 * TAIL_TOKENS)
        np.testing.assert_allclose(mine.policy_prompt - mine.policy_cached, computed)
        np.testing.assert_allclose(replay.num_samples, 4 + 16 * asked)
        generated = asked * replay.fixed.spent.policy_generated
        np.testing.assert_allclose(mine.policy_generated, generated)


def test_costs_of_two_policies_are_added(frames: StoreFrames, cells: Cells) -> None:
    (rule,) = rules_from("cascade=0.5")
    rows = replayed_rules(frames, cells.meter, [rule]).to_dicts()
    pairs = {(row["policy"], row["smaller"]) for row in rows}
    assert pairs == {("small", "tiny"), ("large", "small"), ("large", "tiny")}
    for replay in replayed_outcomes(frames, [rule]):
        assert replay.also is not None
        (row,) = [
            row
            for row in rows
            if (row["policy"], row["smaller"])
            == (replay.outcome.key.policy, replay.also.key.policy)
        ]
        everywhere = np.ones(len(replay.num_samples), bool)
        flops = [cells.meter.mean_flops(one, everywhere) for one in replay.spent_by]
        assert row["flops"] == pytest.approx(sum(flops))


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
    table = replayed_rules(frames, cells.meter, PLAIN, budgets=[1, 4, 8, 64])
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
    table = replayed_rules(older, cells.meter, PLAIN)
    assert table["flops"].is_null().all()
    assert table["flops_share"].is_null().all()
    assert (table["generated_share"] <= 1).all()
    assert "% of its tokens" in " ".join(rule_sentences(table))


def test_sentences_say_what_is_kept_and_what_is_lost() -> None:
    rows = {
        "benchmark": "b",
        "policy": ["p", "q", "p", "p", "p", "q"],
        "smaller": [None, None, None, None, None, "p"],
        "prm": [None, None, None, "r", None, None],
        "rule": ["adaptive=0.95"] * 2 + ["first_to_finish", "threshold=0.9", "mine", "cascade=1"],
        "n": 64,
        "num_problems": 100,
        "fixed": ["majority-64"] * 3 + ["best-of-64"] + ["majority-64"] * 2,
        "difference": [-0.002, 0.0, -0.06, 0.05, 0.02, -0.004],
        "low": [-0.015, -0.01, -0.11, 0.01, -0.01, -0.02],
        "high": [0.01, 0.01, -0.02, 0.09, 0.05, 0.01],
        "generated_share": [0.25, 0.3, 0.9, 0.1, 0.5, None],
        "flops_share": [0.26, None, 0.9, 0.2, 0.5, None],
    }
    assert list(rule_sentences(pl.DataFrame(rows))) == [
        "b: adaptive consistency (adaptive=0.95) comes within a point of majority-64 for p at 26 % "
        "of its FLOPs (−0.2 points, −1.5 to +1.0) and q at 30 % of its tokens (0.0 points, −1.0 to "
        "+1.0).",
        "b: the first chain to finish (first_to_finish) loses accuracy to majority-64 for p at "
        "90 % of its FLOPs (−6.0 points, −11.0 to −2.0).",
        "b: the first solution that a PRM scores high enough (threshold=0.9) beats best-of-64 for "
        "p with r at 20 % of its FLOPs (+5.0 points, +1.0 to +9.0).",
        "b: mine is not clearly better or worse than majority-64 for p at 50 % of its FLOPs (+2.0 "
        "points, −1.0 to +5.0).",
        "b: a smaller policy first, the larger where too few of its samples agree (cascade=1) "
        "comes within a point of majority-64 for q after p (−0.4 points, −2.0 to +1.0).",
    ]
    (few,) = rule_sentences(pl.DataFrame(rows | {"num_problems": 29}))
    assert few == "b: 29 problems are too few to compare rules."
    (one,) = rule_sentences(pl.DataFrame(rows | {"num_problems": 1}))
    assert one == "b: 1 problem is too few to compare rules."


def lacking(frames: StoreFrames, cells: Cells, text: str) -> list[str]:
    return list(rule_table(frames, cells, rules_from(text)).lacking)


def test_a_rule_that_lacks_something_says_so_and_the_rest_goes_on(
    frames: StoreFrames, cells: Cells
) -> None:
    wordless = replace(frames, solutions=frames.solutions.with_columns(generated_tokens=0))
    table = rule_table(wordless, cells, rules_from("adaptive,short"))
    assert table.frame["rule"].unique().to_list() == ["adaptive=0.95"]
    (said,) = table.lacking
    assert said.startswith(
        "short=3 needs the tokens of each sample, which the store does not state"
    )
    assert said.endswith("for large, small, tiny.")
    unscored = replace(frames, scored_blocks=frames.scored_blocks.clear())
    assert lacking(unscored, cells, "threshold,adaptive") == [
        "threshold=chosen needs a PRM's scores of the pools, and the store has none."
    ]
    alone = replace(frames, series=frames.series.filter(policy="small"))
    assert lacking(alone, cells, "cascade=0.5,ensemble,agreeing") == [
        f"{label} needs pools of two policies of known, different sizes on one benchmark."
        for label in ("cascade=0.5", "ensemble=0.5")
    ]
    # Its searches were never run.
    assert lacking(frames, cells, "study") == [
        "study needs the policy's size, and the searches that it names for it, with a PRM."
    ]


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


def test_the_page_has_a_paragraph_per_rule_and_a_sweep_one_sentence() -> None:
    rows = pl.DataFrame(
        {
            "benchmark": "b",
            "policy": ["p", "q", "p"],
            "smaller": pl.Series([None] * 3, dtype=pl.String),
            "prm": pl.Series([None] * 3, dtype=pl.String),
            "rule": ["adaptive=0.95", "adaptive=0.95", "agreeing=5"],
            "num_problems": 100,
            "fixed": "majority-64",
            "difference": [-0.002, 0.0, -0.06],
            "low": [-0.015, -0.01, -0.11],
            "high": [0.01, 0.01, -0.02],
            "generated_share": [0.25, 0.3, 0.2],
            "flops_share": [0.26, 0.31, 0.1],
        }
    )
    assert list(paragraphs(rows)) == [
        "Replayed on the stored samples, in many random orders and without a new one.",
        "Adaptive consistency (adaptive=0.95) comes within a point of majority-64 for p at 26 % of "
        "its FLOPs (−0.2 points, −1.5 to +1.0) and q at 31 % of its FLOPs (0.0 points, −1.0 to "
        "+1.0).",
        "Stopping when samples agree in a row (agreeing=5) loses accuracy to majority-64 for p at "
        "10 % of its FLOPs (−6.0 points, −11.0 to −2.0).",
    ]
    assert in_brief(rows) == (
        "Stopping early (adaptive=0.95) comes within a point of majority-64 for p at 26 % of its "
        "FLOPs and q at 31 % of its FLOPs."
    )
    assert list(paragraphs(rows.clear())) == []
    assert in_brief(rows.clear()) == ""
