"""The rules, what they promise, and the file that carries them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from ttsgrid.analysis.advice.prediction import Prediction, predictions
from ttsgrid.analysis.advice.recommend import predict_pass_rate, recommend
from ttsgrid.analysis.advice.recommendation import Recommendation, recommendations
from ttsgrid.analysis.advice.recommendation_file import write_recommendations
from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.statistics.thresholds import MIN_TO_CHOOSE
from ttsgrid.core.errors import ConfigError


@pytest.fixture(scope="module")
def found(frames: StoreFrames) -> list[Prediction]:
    return predictions(frames)


@pytest.fixture(scope="module")
def made(cells: Cells, found: list[Prediction]) -> list[Recommendation]:
    return recommendations(cells, found)


def _divided(cells: Cells, found: list[Prediction]) -> Cells:
    """A world where difficulty pays: votes answer what seems easy, CoT what doesn't."""
    easy = {
        one.probes.policy: one.bins(len(cells.outcomes[0].accuracy)) == "easy"
        for one in found
        if one.probes.prm is None
    }
    voting = ("majority", "best-of-n", "weighted")
    outcomes = tuple(
        replace(
            outcome,
            accuracy=np.where(easy[outcome.key.policy] == (outcome.key.strategy in voting), 1.0, 0)
            * (outcome.key.n > 1 or outcome.key.strategy == "cot"),
        )
        for outcome in cells.outcomes
    )
    return replace(cells, outcomes=outcomes)


@pytest.fixture(scope="module")
def divided(cells: Cells, found: list[Prediction]) -> Cells:
    return _divided(cells, found)


@pytest.fixture(scope="module")
def made_divided(divided: Cells, found: list[Prediction]) -> list[Recommendation]:
    return recommendations(divided, found)


@pytest.fixture(scope="module")
def file(made: list[Recommendation], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recommendations(made, tmp_path_factory.mktemp("rules"))


@pytest.fixture(scope="module")
def divided_file(
    made_divided: list[Recommendation], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return write_recommendations(made_divided, tmp_path_factory.mktemp("divided"))


def _one(made: list[Recommendation], policy: str, prm: str | None) -> Recommendation:
    return next(one for one in made if (one.policy, one.prm) == (policy, prm))


def test_every_policy_has_rules_with_each_prm_and_with_none(made: list[Recommendation]) -> None:
    assert [(one.policy, one.prm) for one in made] == [
        (policy, prm) for policy in ("large", "small", "tiny") for prm in (None, "dull", "sharp")
    ]
    without = [rule for one in made if one.prm is None for rule in one.rules]
    assert without
    assert not any(rule.uses_prm for rule in without)


def test_a_rule_for_all_is_the_best_cell_that_the_budget_affords(
    made: list[Recommendation], cells: Cells
) -> None:
    for rule in _one(made, "tiny", "sharp").rules:
        if rule.bin != "all":
            continue
        affordable = cells.frame.filter(
            pl.col("strategy") != "pass@k",
            pl.col("n") <= rule.budget,
            pl.col("prm").is_null() | (pl.col("prm") == "sharp"),
            policy="tiny",
            bin="all",
        )
        assert rule.n <= rule.budget
        best = affordable.sort("accuracy", descending=True).row(0, named=True)
        named = affordable.filter(
            pl.col("aggregation").eq_missing(rule.aggregation),
            pl.col("vote").eq_missing(rule.vote),
            strategy=rule.strategy,
            n=rule.n,
        ).row(0, named=True)
        assert named["accuracy"] == pytest.approx(best["accuracy"])
        assert rule.flops == pytest.approx(named["flops"])
        assert rule.tokens == pytest.approx(named["policy_generated_tokens"] + named["prm_tokens"])


def test_what_is_expected_is_held_out_and_so_at_most_what_was_seen(
    made: list[Recommendation], cells: Cells
) -> None:
    gaps = []
    for one in made:
        for rule in one.rules:
            assert rule.low <= rule.accuracy <= rule.high
            if rule.bin == "all":
                seen = cells.frame.filter(
                    pl.col("aggregation").eq_missing(rule.aggregation),
                    pl.col("vote").eq_missing(rule.vote),
                    pl.col("prm").eq_missing(one.prm if rule.uses_prm else None),
                    policy=one.policy,
                    strategy=rule.strategy,
                    n=rule.n,
                    bin="all",
                )["accuracy"].item()
                gaps.append(seen - rule.accuracy)
    assert min(gaps) > -1e-9
    assert np.mean(gaps) > 0


def test_small_bins_take_what_is_best_for_all(cells: Cells, found: list[Prediction]) -> None:
    with_few_hard = [
        replace(one, predicted=np.repeat([0.9, 0.3, 0.01], [20, 14, 6]))
        for one in found
        if len(one.predicted) == 40
    ]
    made = recommendations(_divided(cells, with_few_hard), with_few_hard)
    small = [
        (rule, one)
        for one in made
        for rule in one.rules
        if rule.bin != "all" and rule.num_problems < MIN_TO_CHOOSE
    ]
    assert small
    for rule, one in small:
        everywhere = next(r for r in one.rules if (r.budget, r.bin) == (rule.budget, "all"))
        assert (rule.strategy, rule.n, rule.vote) == (
            everywhere.strategy,
            everywhere.n,
            everywhere.vote,
        )
        assert not rule.sure


def test_bins_appear_once_the_budget_affords_the_probe(made_divided: list[Recommendation]) -> None:
    rules = _one(made_divided, "small", None).rules
    assert {rule.bin for rule in rules if rule.budget == 1} == {"all"}
    for budget in (4, 16):
        counted = {r.bin: r.num_problems for r in rules if r.budget == budget}
        assert sum(number for name, number in counted.items() if name != "all") == 40
        assert len(counted) > 2


def test_what_can_not_use_the_probe_again_pays_for_it(
    divided: Cells, found: list[Prediction]
) -> None:
    only_cot = replace(
        divided,
        frame=divided.frame.filter(
            (pl.col("strategy") == "cot")
            | ((pl.col("strategy") == "majority") & (pl.col("n") == 4)),
            policy="large",
        ),
    )
    without = [one for one in found if one.probes.prm is None]
    (one,) = recommendations(only_cot, without)
    cot = next(r for r in one.rules if (r.budget, r.bin) == (1, "all"))
    for rule in (r for r in one.rules if r.bin != "all" and r.strategy == "cot"):
        assert rule.flops is not None
        assert cot.flops is not None
        assert rule.flops > 3 * cot.flops
    for rule in (r for r in one.rules if r.bin != "all" and r.strategy == "majority"):
        everywhere = only_cot.frame.filter(strategy="majority", bin="all")["flops"].item()
        assert rule.flops == pytest.approx(everywhere, rel=0.1)


def test_difficulties_are_told_apart_only_where_that_wins_out_of_sample(
    made: list[Recommendation], made_divided: list[Recommendation]
) -> None:
    for one in (*made, *made_divided):
        paying = {split.budget for split in one.splits if split.pays}
        assert paying == {split.budget for split in one.splits if split.low_adjusted > 0}
        assert all(split.low_adjusted <= split.low for split in one.splits)
        assert {rule.budget for rule in one.rules if rule.bin != "all"} == paying
        assert all(split.low <= split.gain <= split.high for split in one.splits)
    assert any(split.pays for one in made_divided for split in one.splits)
    assert not all(split.pays for one in made for split in one.splits)


def test_where_no_difficulty_pays_every_problem_gets_one_strategy_and_the_file_says_why(
    file: Path, made: list[Recommendation]
) -> None:
    splits = [split for one in made for split in one.splits]
    text, paying = file.read_text(), sum(split.pays for split in splits)
    assert f"Here that is so for {paying} of {len(splits)}." in " ".join(text.split())
    for one in made:
        for split in (split for split in one.splits if not split.pays):
            for rate in (0.02, 0.3, 0.9):
                assert recommend(file, one.policy, one.prm, rate, split.budget).bin == "all"
    entry = yaml.safe_load(text)["recommendations"][0]
    assert [split["budget"] for split in entry["splits"]] == [
        split.budget for split in made[0].splits
    ]


def test_the_file_says_how_it_was_made_and_how_sure_it_is(file: Path) -> None:
    text = file.read_text()
    assert text.startswith("# Which strategy to use")
    assert "cross-fitting" in text
    assert "95 % interval" in text
    assert "sure: false means fewer than 30 problems" in text
    assert len(yaml.safe_load(text)["recommendations"]) == 9


def test_the_file_gives_back_the_rule_of_bin_and_budget(
    divided_file: Path, made_divided: list[Recommendation]
) -> None:
    rules = {(r.budget, r.bin): r for r in _one(made_divided, "small", None).rules}
    for rate, name in ((0.9, "easy"), (0.3, "medium")):
        for asked, budget in ((4, 4), (15, 4), (16, 16), (1000, 16)):
            read = recommend(divided_file, "small", None, rate, asked)
            expected = rules[budget, name]
            assert (read.strategy, read.n, read.vote, read.aggregation) == (
                expected.strategy,
                expected.n,
                expected.vote,
                expected.aggregation,
            )
            assert read.accuracy == pytest.approx(expected.accuracy, rel=1e-4)
    assert recommend(divided_file, "small", None, None, 16).bin == "all"
    assert recommend(divided_file, "small", None, 0.9, 2).bin == "all"


def test_the_file_predicts_as_the_model_does(file: Path, found: list[Prediction]) -> None:
    one = next(p for p in found if (p.probes.policy, p.probes.prm) == ("tiny", "dull"))
    features = dict(zip(one.probes.names, one.probes.features[5], strict=True))
    expected = one.model.predict(one.probes.features[5:6])[0]
    assert predict_pass_rate(file, "tiny", "dull", features) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("nobody", None, 0.5, 4), "there are: large with no PRM, large with dull"),
        (("small", "blunt", 0.5, 4), "no rules for small with blunt"),
        (("small", "sharp", 0.5, 0), "the smallest that .* has rules for is 1"),
        (("small", "sharp", 1.5, 4), r"must be in \[0, 1\]"),
    ],
)
def test_what_the_file_has_no_rule_for_is_said(
    file: Path, asked: tuple[str, str | None, float, int], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        recommend(file, *asked)


def test_what_is_no_such_file_and_what_has_no_predictor_is_said(
    tmp_path: Path, cells: Cells
) -> None:
    with pytest.raises(ConfigError, match="no file of recommendations"):
        recommend(tmp_path / "nothing.yaml", "small", None, 0.5, 4)
    path = write_recommendations(recommendations(cells, []), tmp_path)
    with pytest.raises(ConfigError, match="too few problems"):
        predict_pass_rate(path, "small", "sharp", {"agreement": 1.0})
    assert recommend(path, "small", "sharp", 0.9, 16).bin == "all"
