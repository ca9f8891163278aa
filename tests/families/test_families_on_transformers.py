"""Each family end to end on engine.kind=transformers: pools and searches, scored and graded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.families.checkpoints import POLICIES, PRMS, written
from tests.families.in_process import sweep_here
from tests.families.store import require_every_unit_done, require_policy, require_prm
from tests.families.sweeping import arguments


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("families")
    told = arguments(written(root), POLICIES, PRMS, "engine.kind=transformers")
    with pytest.MonkeyPatch.context() as monkeypatch:
        sweep_here(told, monkeypatch)
    return root / "store"


def test_every_unit_is_done_by_the_engine_that_was_asked_for(store: Path) -> None:
    require_every_unit_done(store, {"transformers"})


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policys_samples_and_searches_have_steps_ends_and_verdicts(
    store: Path, policy: str
) -> None:
    require_policy(store, policy, num_prms=len(PRMS))


@pytest.mark.parametrize("prm", PRMS)
def test_a_prm_scores_each_step_or_says_why_it_does_not(store: Path, prm: str) -> None:
    require_prm(store, prm, num_policies=len(POLICIES))
