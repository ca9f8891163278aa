"""Search against best-of-N: twins, paired, adjusted, and no more said than that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ttsgrid.frontier import Bin, Frontier, difference_intervals
from ttsgrid.report.searching import Duel, duel_sentence, duel_table, duels


@pytest.fixture(scope="module")
def found(frontier: Frontier) -> list[Duel]:
    return duels(frontier, "zoo")


def test_each_policy_has_a_duel_over_all_and_over_hard_problems(found: list[Duel]) -> None:
    names = [(duel.bin, duel.search["policy"]) for duel in found]
    policies = ["made-s", "made-m", "made-l"]
    assert names[:3] == [(Bin.ALL, policy) for policy in policies]
    assert {policy for name, policy in names[3:]} <= set(policies)
    assert all(duel.search["strategy"] == "beam" for duel in found)


def test_a_duel_is_between_twins_and_wider_than_on_its_own(
    found: list[Duel], frontier: Frontier
) -> None:
    duel = found[0]
    twin = frontier.shared.frame.filter(
        policy=duel.search["policy"],
        prm=duel.search["prm"],
        n=duel.search["n"],
        aggregation=duel.search["aggregation"],
        vote=duel.search["vote"],
        strategy="best_of_n",
        bin="all",
    ).row(0, named=True)
    assert duel.twin_accuracy == pytest.approx(twin["accuracy"])
    pair = frontier.shared.accuracies([duel.search["outcome"], twin["outcome"]])
    alone = difference_intervals(pair[0], pair[1])
    assert duel.high - duel.low > alone.high - alone.low
    assert duel.flops_ratio == pytest.approx(duel.search["flops"] / twin["flops"])


@pytest.mark.parametrize(
    ("low", "high", "number", "verdict"),
    [
        (0.01, 0.2, 40, "search wins"),
        (-0.01, 0.2, 40, "can't tell"),
        (-0.2, -0.1, 40, "best-of-N wins"),
        (0.1, 0.2, 20, "20 problems: too few"),
    ],
)
def test_the_adjusted_interval_and_enough_problems_decide(
    found: list[Duel], low: float, high: float, number: int, verdict: str
) -> None:
    duel = replace(found[0], low=low, high=high, num_problems=number)
    assert duel.verdict == verdict
    assert duel_table([duel]).rows[0][4].text == verdict
    (said,) = duel_sentence([duel])
    assert ("search beats best-of-N for certain over" in said) == (verdict == "search wins")


def test_without_searches_nothing_is_said(frontier: Frontier) -> None:
    assert duels(frontier, "another") == []
    assert list(duel_sentence([])) == []
    assert duel_table([]).rows == ()
