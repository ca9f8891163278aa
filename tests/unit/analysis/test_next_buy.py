"""What to buy next, on made-up stores in which it is known."""

from __future__ import annotations

import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from ttsgrid.analysis.advice.next_buy import (
    BETTER_PRM,
    LARGER_POLICY,
    NEXT_BUY_SCHEMA,
    next_buys,
)
from ttsgrid.analysis.cells.cells import make_cells
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.frames.load import load
from ttsgrid.views.words.next_buy import next_buy_sentences
from ttsgrid.views.words.numbers import Row

SIZE = 32
# The strong policy has a right sample nearly everywhere, the weak one only on easy problems.
WORLD = World(
    policies=(Policy("strong", 0.7, 9_000_000), Policy("weak", 0.08, 1_000_000)),
    prms=(Prm("sharp", 4.0), Prm("blind", 0.0)),
    num_problems=60,
    pool_size=SIZE,
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str | None], Row]:
    path = tmp_path_factory.mktemp("buys") / "store"
    write_store(path, WORLD)
    frames = load(path, by_string)
    found = next_buys(frames, make_cells(frames, pool_outcomes(frames)))
    assert found.columns == list(NEXT_BUY_SCHEMA)
    return {(row["policy"], row["prm"]): row for row in found.iter_rows(named=True)}


def test_there_is_a_row_for_each_policy_with_each_prm_and_with_none(
    rows: dict[tuple[str, str | None], Row],
) -> None:
    assert set(rows) == {(p, q) for p in ("strong", "weak") for q in ("sharp", "blind", None)}


def test_a_prm_that_sees_nothing_is_to_be_replaced(
    rows: dict[tuple[str, str | None], Row],
) -> None:
    row = rows["strong", "blind"]
    assert row["buy"] == BETTER_PRM
    assert row["buy_share"] > 0.95
    assert row["prm_gain"] == pytest.approx(row["coverage"] - row["accuracy"])
    assert row["turned_share"] == pytest.approx(row["accuracy"] / row["coverage"])


def test_a_policy_that_never_solves_most_problems_is_to_be_replaced(
    rows: dict[tuple[str, str | None], Row],
) -> None:
    row = rows["weak", "sharp"]
    assert row["buy"] == LARGER_POLICY
    assert row["buy_share"] > 0.95
    assert row["policy_gain"] == pytest.approx(1 - row["coverage_more"])


def test_extrapolated_coverage_goes_on_from_the_pools_and_agrees_with_the_rates(
    rows: dict[tuple[str, str | None], Row],
) -> None:
    for (name, _), row in rows.items():
        skill = next(policy.skill for policy in WORLD.policies if policy.name == name)
        eases = [(i + 0.5) / WORLD.num_problems for i in range(WORLD.num_problems)]
        truth = sum(1 - (1 - ease ** (1 / skill)) ** (4 * SIZE) for ease in eases) / len(eases)
        assert row["n"] == SIZE
        assert row["coverage"] <= row["coverage_more"] + 0.02 <= row["coverage_far"] + 0.04
        assert row["coverage_more_low"] - 0.01 <= truth <= row["coverage_more_high"] + 0.01


def test_each_interval_holds_its_figure_and_the_hidden_half_is_checked(
    rows: dict[tuple[str, str | None], Row],
) -> None:
    bounded = [name for name in NEXT_BUY_SCHEMA if f"{name}_low" in NEXT_BUY_SCHEMA]
    assert len(bounded) == 6
    for row in rows.values():
        for name in bounded:
            assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"], name
        assert row["hidden_half"] == SIZE // 2
        assert row["predicted_coverage_low"] - 0.02 <= row["shown_coverage"]
        assert row["shown_coverage"] <= row["predicted_coverage_high"] + 0.02


def test_sentences_name_the_buy_with_its_uncertainty(
    rows: dict[tuple[str, str | None], Row],
) -> None:
    frame = pl.DataFrame(list(rows.values()), schema=NEXT_BUY_SCHEMA)
    weak, strong = next_buy_sentences(frame, ["weak", "strong"])
    assert weak.startswith("Would more help weak?")
    assert "So a larger policy is the next thing to buy" in weak
    assert "At N = 128 coverage would be" in strong


def test_no_sentence_is_made_of_few_problems(
    rows: dict[tuple[str, str | None], Row],
) -> None:
    frame = pl.DataFrame(list(rows.values()), schema=NEXT_BUY_SCHEMA)
    few = frame.with_columns(num_problems=pl.lit(29, pl.Int64))
    assert not list(next_buy_sentences(few, ["weak", "strong"]))
