"""What search adds for one policy against another, beside a reference that pairs problems."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from tests.unit.analysis.trees import Search
from ttsgrid.analysis.cells.costs import make_meter
from ttsgrid.analysis.findings.interaction import search_gain_by_policy
from ttsgrid.analysis.findings.search_comparisons import against_best_of_n, find_search_comparisons
from ttsgrid.analysis.frames.load import StoreFrames, load

SEARCHED = 32


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> StoreFrames:
    path = tmp_path_factory.mktemp("searched") / "store"
    policies = (Policy("small", 0.6, 1_000_000), Policy("large", 2.0, 5_000_000))
    searches = (Search("beam", 4, num_problems=SEARCHED), Search("beam", 16))
    write_store(path, World(policies, (Prm("sharp", 2.5),), searches=searches))
    return load(path, by_string)


def test_a_row_is_the_difference_of_two_rows_against_best_of_n(frames: StoreFrames) -> None:
    meter = make_meter(frames)
    search_comparisons = list(find_search_comparisons(frames, meter))
    rows = search_gain_by_policy(search_comparisons, meter).to_dicts()
    compared = against_best_of_n(search_comparisons).filter(bin="all")
    assert {row["n"] for row in rows} == set(compared["n"])
    for row in rows:
        assert (row["policy"], row["other"]) == ("small", "large")
        gains = [
            compared.filter(policy=policy, n=row["n"])["difference"].item()
            for policy in ("small", "large")
        ]
        assert [row["added"], row["added_other"]] == pytest.approx(gains)
        assert row["difference"] == pytest.approx(gains[0] - gains[1])
        assert row["low"] <= row["difference"] <= row["high"]
        assert row["low_adjusted"] <= row["difference"] <= row["high_adjusted"]


def test_the_interval_is_paired_by_problem(frames: StoreFrames) -> None:
    """Against a plain bootstrap of the four accuracies, problem by problem."""
    meter = make_meter(frames)
    search_comparisons = [
        compared for compared in find_search_comparisons(frames, meter) if compared.names["n"] == 4
    ]
    row = search_gain_by_policy(search_comparisons, meter).to_dicts()[0]
    by_policy = {compared.names["policy"]: compared for compared in search_comparisons}
    small, large = by_policy["small"], by_policy["large"]
    values = (small.first - small.second) - (large.first - large.second)
    assert row["num_problems"] == len(values) == SEARCHED
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(4000, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    assert row["low"] == pytest.approx(low, abs=0.05)
    assert row["high"] == pytest.approx(high, abs=0.05)


def test_one_policy_alone_has_nobody_to_be_compared_with(tmp_path: Path) -> None:
    alone = World(
        (Policy("small", 0.6, 1_000_000),), (Prm("sharp", 2.5),), searches=(Search("beam", 4),)
    )
    write_store(tmp_path, alone)
    frames = load(tmp_path, by_string)
    meter = make_meter(frames)
    assert search_gain_by_policy(find_search_comparisons(frames, meter), meter).is_empty()
