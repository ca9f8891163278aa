"""Each rule of what may be said, on numbers made for it."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from ttsgrid.analysis.findings.comparisons import COMPARISON_SCHEMA, surest_of_each_pair
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.views.words.cells import describe, in_words
from ttsgrid.views.words.headline import headline
from ttsgrid.views.words.prices import unpriced_note, why_unpriced

ROW: dict[str, Any] = {
    "benchmark": "sums",
    "policy": "small",
    "strategy": "majority",
    "n": 8,
    "large": "large",
    "large_strategy": "cot",
    "num_problems": 200,
    "num_compared": 2,
    "accuracy": 0.5,
    "accuracy_large": 0.5,
    "difference": 0.0,
    "low": -0.03,
    "high": 0.03,
    "low_adjusted": -0.05,
    "high_adjusted": 0.05,
    "flops_ratio": 1.6,
    "size_ratio": 4.0,
}
BEHIND = {
    "difference": -0.2,
    "low": -0.25,
    "high": -0.15,
    "low_adjusted": -0.3,
    "high_adjusted": -0.1,
}
AHEAD = {"difference": 0.2, "low": 0.15, "high": 0.25, "low_adjusted": 0.1, "high_adjusted": 0.3}
GUIDED = {"strategy": "best_of_n", "prm": "judge", "vote": "max", "aggregation": "min"}


def _said(*changes: dict[str, Any]) -> str:
    return " ".join(_paragraphs(*changes))


def _paragraphs(*changes: dict[str, Any]) -> tuple[str, ...]:
    return headline(pl.DataFrame([{**ROW, **change} for change in changes], COMPARISON_SCHEMA))


def test_a_clear_win_is_claimed_at_its_price() -> None:
    said = _said(AHEAD)
    assert "beats large's CoT (50.0 %) by 20.0 points" in said
    assert "It takes 1.6x the larger one's FLOPs" in said
    assert "No smaller policy compared here clearly wins with less compute" in said


def test_the_claim_and_its_price_come_first_and_alone() -> None:
    first, second = _paragraphs(AHEAD)
    assert "beats large's CoT" in first
    assert "It takes 1.6x" in first
    assert second == "No smaller policy compared here clearly wins with less compute."


def test_a_win_over_a_middle_policy_does_not_hide_the_largest() -> None:
    widest = {"large": "largest", "size_ratio": 9.0}
    said = _said(AHEAD, {**widest, "difference": -0.01})
    assert "beats large's CoT" in said
    assert "No win over largest, the largest policy, is clear: against its CoT, " in said
    assert "is 1.0 points behind (−5.0 to 5.0 adjusted)" in said
    assert "the largest policy" not in _said(AHEAD, {**AHEAD, **widest})
    other = {**AHEAD, **widest, "policy": "middle", "size_ratio": 4.5, "low_adjusted": 0.02}
    unsure = {**widest, "policy": "small"}
    assert "largest, the largest policy, is beaten too: middle (majority vote" in _said(
        {**AHEAD, "size_ratio": 5.0}, other, unsure
    )


def test_an_interval_around_zero_excludes_only_what_it_excludes() -> None:
    said = _said({})
    assert said.startswith("No smaller policy with TTS clearly beats a larger policy's CoT here.")
    assert "A lead of more than 5.0 points is excluded" in said


def test_a_wide_interval_says_that_it_cannot_tell() -> None:
    said = _said({"low": -0.15, "high": 0.13, "num_problems": 40})
    assert "Nor can it be excluded: on 40 problems the interval reaches 14.0 points" in said
    assert "too wide to tell" in said
    assert "excluded (95 %)" not in said


def test_behind_is_said_only_when_all_are_clearly_behind() -> None:
    said = _said(BEHIND, {**BEHIND, **GUIDED, "high_adjusted": -0.02})
    assert "all 2 compared are behind, by at least 2.0 points" in said
    hesitant = _said(BEHIND, {**BEHIND, "high_adjusted": 0.02})
    assert "are behind" not in hesitant
    assert "A lead of more than 2.0 points is excluded" in hesitant


def test_the_prms_compute_is_counted_where_a_prm_guides() -> None:
    said = _said(BEHIND, {**BEHIND, **GUIDED, "low_adjusted": -0.4, "flops_ratio": 3.1})
    assert "It takes 1.6x the larger one's FLOPs per problem, prompts included." in said
    assert "best-of-N, 8 samples, the answer whose lowest step score from judge is highest" in said
    assert "at 3.1x the FLOPs, the PRM's counted" in said
    alone = _said({**AHEAD, **GUIDED})
    assert "FLOPs per problem, PRM and prompts included" in alone


def test_a_larger_policy_that_was_only_sampled_has_a_single_sample_not_a_cot() -> None:
    for change in ({}, BEHIND, AHEAD):
        said = _said({**change, "large_strategy": "pass@k"})
        assert "large's single sample" in said
        assert "CoT" not in said


def test_the_sentence_and_the_table_name_the_same_cell() -> None:
    """Of cells that tie the cheapest; of cells that differ the surest, not the highest."""
    sure = {**AHEAD, **GUIDED, "vote": "weighted", "flops_ratio": 3.0}
    rows = (
        {**sure, "vote": "max", "flops_ratio": 5.0},
        sure,
        {**sure, "aggregation": "last", "difference": 0.3, "low_adjusted": 0.05},
    )
    comparisons = pl.DataFrame([{**ROW, **row} for row in rows], COMPARISON_SCHEMA)
    (shown,) = surest_of_each_pair(comparisons).iter_rows(named=True)
    assert describe(shown) == "best-of-8 (min-weighted, PRM judge)"
    assert f"small ({in_words(shown)}) answers" in " ".join(headline(comparisons))


def test_nothing_is_called_certain() -> None:
    for changes in ((AHEAD,), (BEHIND,), ({},), (AHEAD, {**AHEAD, "flops_ratio": 0.5})):
        assert "certain" not in _said(*changes)


@pytest.mark.parametrize("change", [AHEAD, BEHIND, {}])
def test_with_too_few_problems_nothing_is_claimed(change: dict[str, Any]) -> None:
    said = _said({**change, "num_problems": MIN_PROBLEMS - 1})
    assert said.endswith(f"But {MIN_PROBLEMS - 1} problems are too few to tell.")
    for claim in ("beats", "behind", "excluded"):
        assert claim not in said


def test_a_prm_of_unknown_size_makes_costs_unknown() -> None:
    comparisons = pl.DataFrame([{**ROW, **GUIDED, "flops_ratio": None}], COMPARISON_SCHEMA)
    said = " ".join(headline(comparisons, unpriced=""))
    assert "What they cost is unknown: the size of judge isn't recorded." in said
    assert "What they cost is unknown." in " ".join(headline(comparisons))


def test_a_store_without_prices_says_that_it_holds_none() -> None:
    priced = pl.DataFrame({"policy_prompt_tokens": [8.0, 8.0], "prm_tokens": [0.0, 9.0]})
    assert why_unpriced(priced) == unpriced_note(priced) == ""
    partly = priced.with_columns(prm_tokens=pl.Series([0.0, None]))
    assert why_unpriced(partly).endswith("the store holds no prices for 1 of 2 cells.")
    assert unpriced_note(partly).startswith("What 1 of 2 cells cost is unknown")
    unpriced = why_unpriced(priced.with_columns(prm_tokens=pl.lit(None)))
    assert unpriced.endswith("the store holds no prices.")
    comparisons = pl.DataFrame([{**ROW, "flops_ratio": None}], COMPARISON_SCHEMA)
    assert unpriced in headline(comparisons, unpriced=unpriced)[0]


def test_a_store_with_too_few_problems_says_so_even_with_nothing_to_compare() -> None:
    nothing = pl.DataFrame(schema=COMPARISON_SCHEMA)
    assert "29 problems are too few" in headline(nothing, num_problems=29)[0]
    assert "too few" not in headline(nothing, num_problems=30)[0]
