"""The study's fixed rule as a rule beside majority voting: its figures are the study's own."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.contests import ANY_PRM
from ttsgrid.analysis.replay.study_rule import study_rule_rows
from ttsgrid.analysis.statistics.intervals import difference_intervals
from ttsgrid.analysis.study.summary import Study


def test_the_rule_stands_beside_the_largest_vote(study: Study) -> None:
    rows = list(study_rule_rows(study.cells, study.long_cot, "study"))
    expected = {
        (one.by_rule.row["policy"], one.by_rule.row["prm"]): one.by_rule
        for one in study.optimal
        if one.by_rule is not None and one.by_rule.row["prm"] != ANY_PRM
    }
    assert expected
    assert {(row["policy"], row["prm"]) for row in rows} == set(expected)
    for row in rows:
        point = expected[row["policy"], row["prm"]]
        assert row["accuracy"] == point.row["accuracy"]
        assert row["flops"] == point.row["flops"]
        assert row["chosen_share"] == point.row["share"]
        votes = study.cells.frame.filter(
            pl.col("n") > 1, strategy="majority", policy=row["policy"], bin=Bin.ALL.value
        ).sort("n")
        largest = votes.row(-1, named=True)
        assert row["fixed"] == f"majority-{largest['n']}"
        voted = study.cells.outcomes[largest["outcome"]].accuracy[point.choice.problems]
        difference = point.choice.accuracy - voted
        assert row["difference"] == pytest.approx(np.mean(difference))
        paired = difference_intervals(point.choice.accuracy, voted)
        assert (row["low"], row["high"]) == pytest.approx((float(paired.low), float(paired.high)))
        assert row["flops_share"] == pytest.approx(row["flops"] / largest["flops"])
