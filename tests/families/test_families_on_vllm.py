"""Each family end to end on vLLM, by the README's own lines; in `make slow`.

A sweep for each maker's policies with its PRM. Every policy with every PRM is what
`test_families_on_transformers.py` runs, where an engine starts in no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.families.checkpoints import POLICIES, PRMS, written
from tests.families.store import require_every_unit_done, require_policy, require_prm
from tests.families.sweeping import sweep


@dataclass(frozen=True)
class Sweep:
    """Policies with the PRM that scores them, and the engines that serve both."""

    policies: tuple[str, ...]
    prm: str
    kinds: frozenset[str] = frozenset({"vllm"})


SWEEPS = (
    Sweep(("llama",), "rlhflow"),
    Sweep(("mistral",), "shepherd"),
    Sweep(("qwen2", "qwen3"), "qwen-prm"),
    # vLLM has no value head: the scores come from transformers, in the same sweep.
    Sweep(("gemma3",), "skywork", frozenset({"vllm", "transformers"})),
)


def test_each_family_is_in_a_sweep() -> None:
    assert sorted(name for one in SWEEPS for name in one.policies) == sorted(POLICIES)
    assert sorted(one.prm for one in SWEEPS) == sorted(PRMS)


@pytest.mark.slow
@pytest.mark.vllm
@pytest.mark.ray
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("asked", SWEEPS, ids=lambda one: one.prm)
def test_a_familys_pools_and_searches_are_written_scored_and_graded(
    asked: Sweep, tmp_path: Path
) -> None:
    folders = written(tmp_path, (*asked.policies, asked.prm))
    store = sweep(folders, asked.policies, (asked.prm,))
    require_every_unit_done(store, set(asked.kinds))
    for policy in asked.policies:
        require_policy(store, policy, num_prms=1)
    require_prm(store, asked.prm, num_policies=len(asked.policies))
