"""The shipped weights are what their card says, and fit to show what the grid is for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ttsgrid.cli.documents import ROOT, SUMMARY
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.views.files.documents import with_figures
from ttsgrid.views.files.summary import read_summary
from ttsgrid.zoo.card import CARD, write_card
from ttsgrid.zoo.evaluate import weights_hash
from ttsgrid.zoo.family import LARGEST, POLICIES, PRMS

MAX_BYTES = 25_000_000
SMALLEST = next(iter(POLICIES))


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ZOO_WEIGHTS / "evaluation.json").read_text())
    return found


def test_the_figures_are_of_the_weights_that_are_shipped(measured: dict[str, Any]) -> None:
    assert measured["weights"] == {
        name: weights_hash(ZOO_WEIGHTS / name) for name in (*POLICIES, *PRMS)
    }


def test_the_card_shows_these_figures(measured: dict[str, Any], tmp_path: Path) -> None:
    for name in (*POLICIES, *PRMS):
        (tmp_path / name).mkdir()
        losses = (ZOO_WEIGHTS / name / "training_losses.json").read_text()
        (tmp_path / name / "training_losses.json").write_text(losses)
    # What a sweep says of the PRMs is filled in from the committed summary.
    card = with_figures(write_card(tmp_path, measured).read_text(), read_summary(ROOT / SUMMARY))
    assert card == (ZOO_WEIGHTS / CARD).read_text()


def test_policies_leave_room_below_and_above(measured: dict[str, Any]) -> None:
    greedy = {policy["name"]: policy["greedy"] for policy in measured["policies"]}
    assert 0.15 <= greedy[SMALLEST] <= 0.50
    assert 0.55 <= greedy[LARGEST] <= 0.95
    assert list(greedy.values()) == sorted(greedy.values())


def test_every_policy_has_easy_medium_and_hard_problems(measured: dict[str, Any]) -> None:
    for policy in measured["policies"]:
        least = 0.05 if policy["name"] == LARGEST else 0.10
        assert min(policy["bins"].values()) >= least, policy["name"]


def test_prms_find_most_wrong_steps_of_every_policy_but_not_all(measured: dict[str, Any]) -> None:
    for prm in measured["prms"]:
        assert prm["step_auc"].keys() == POLICIES.keys()
        for policy, auc in prm["step_auc"].items():
            assert 0.80 <= auc <= 0.99, (prm["name"], policy)


def test_the_weights_are_small_enough_to_ship() -> None:
    sizes = [path.stat().st_size for path in ZOO_WEIGHTS.glob("*/*") if path.parent.name in SHIPPED]
    assert 0 < sum(sizes) < MAX_BYTES


SHIPPED = (*POLICIES, *PRMS)
