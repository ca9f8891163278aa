"""Families end to end on vLLM, by the README's own lines; in `make slow`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.families.checkpoints import POLICIES, PRMS, written
from tests.families.store import require_every_unit_done, require_policy, require_prm
from tests.families.sweeping import sweep

pytestmark = [pytest.mark.vllm, pytest.mark.ray]

# vLLM has no value head: that PRM's scores come from transformers, in the same sweep.
KINDS = {"vllm", "transformers"}


def require_families(root: Path, policies: list[str], prms: list[str]) -> None:
    """Sweep over these families and look at what each left in the store."""
    store = sweep(written(root), policies, prms)
    require_every_unit_done(store, KINDS)
    for policy in policies:
        require_policy(store, policy, num_prms=len(prms))
    for prm in prms:
        require_prm(store, prm, num_policies=len(policies))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_families_of_policies_and_a_prm_that_vllm_cannot_serve(tmp_path: Path) -> None:
    require_families(tmp_path, ["qwen2", "gemma3"], ["skywork"])


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_family_of_policies_with_every_family_of_prms(tmp_path: Path) -> None:
    require_families(tmp_path, list(POLICIES), list(PRMS))
