"""What a unit is charged is what vLLM itself counted, to the token.

vLLM's own statistics, off in a sweep, are switched on here and added up beside ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from transformers import AutoTokenizer

from ttsgrid.benchmarks import load_benchmark
from ttsgrid.cli.sweep import resolve_models
from ttsgrid.cluster.driver.launch import worker_spec
from ttsgrid.cluster.wire.scoring_link import ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task
from ttsgrid.cluster.worker.policy_runtime import PolicyRuntime
from ttsgrid.cluster.worker.prm_runtime import PrmRuntime
from ttsgrid.core.records import UnitResult
from ttsgrid.core.shipped import CONF
from ttsgrid.core.units import SampleBlock, ScoreBlock, SearchTree
from ttsgrid.engines import vllm_engine
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.plan import make_plan

pytestmark = pytest.mark.vllm

NUM_PROBLEMS = 6
GRID = (
    "policies=[zoo-s]", "prms=[zoo-prm]", "budgets=[8]", f"benchmark.num_problems={NUM_PROBLEMS}",
    "strategies=[best_of_n,{name: beam, kind: beam, budgets: [8]},"
    "{name: dvts, kind: dvts, budgets: [8]}]",
)  # fmt: skip


class Ledger:
    """Sums of one engine's statistics; stands in for a vLLM stat logger."""

    def __init__(self) -> None:
        self.prompt = self.cached = self.computed = self.generated = 0

    def record(
        self,
        scheduler_stats: object,
        iteration_stats: Any,  # noqa: ANN401
        *_: object,
        **__: object,
    ) -> None:
        if iteration_stats is not None:
            prompts = iteration_stats.prompt_token_stats
            self.prompt += prompts.total
            self.cached += prompts.cached_tokens
            self.computed += prompts.computed
            self.generated += iteration_stats.num_generation_tokens

    def log_engine_initialized(self) -> None:
        pass

    def log(self) -> None:
        pass


@dataclass(frozen=True)
class Peer:
    """A PRM's runtime as the searches' PRM worker, in this process."""

    runtime: PrmRuntime
    name: str = "prm"

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        return await self.runtime.score_batch(requests)


def started(role: str, spec: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Ledger]:  # noqa: ANN401
    """Start an engine whose own counts go to a ledger."""
    from vllm.v1.engine.async_llm import AsyncLLM  # noqa: PLC0415 (after our engine's settings)

    ledger = Ledger()
    start = partial(AsyncLLM.from_engine_args, stat_loggers=[lambda *_: ledger])
    with monkeypatch.context() as patched:
        patched.setattr(vllm_engine, "AsyncLLM", SimpleNamespace(from_engine_args=start))
        kind = vllm_engine.VllmPolicyEngine if role == "policy" else vllm_engine.VllmPrmEngine
        return kind(spec.engine), ledger


async def run_all(monkeypatch: pytest.MonkeyPatch) -> tuple[list[UnitResult], Ledger, Ledger]:
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        grid = to_grid(compose("config", overrides=list(GRID)), [CONF])
    models = resolve_models(grid)
    problems = load_benchmark("zoo", num_problems=NUM_PROBLEMS, seed=grid.benchmark.seed)
    units = make_plan(grid, problems, {m.identity.name: m.identity for m in models}).units
    by_id = {problem.id: problem for problem in problems}
    specs = [worker_spec(grid, model, use_gpus=False) for model in models]
    writer, policy_ledger = started("policy", specs[0], monkeypatch)
    reader, prm_ledger = started("prm", specs[1], monkeypatch)
    tokenizers = [AutoTokenizer.from_pretrained(spec.engine.source) for spec in specs]
    policy = PolicyRuntime(specs[0], writer, tokenizers[0])
    prm = PrmRuntime(specs[1], reader, tokenizers[1])
    try:
        pools: list[Task] = [
            Task(unit, by_id[unit.problem_id]) for unit in units if isinstance(unit, SampleBlock)
        ]
        searches: list[Task] = [
            Task(unit, by_id[unit.problem_id]) for unit in units if isinstance(unit, SearchTree)
        ]
        written = await policy.run([*pools, *searches], Peer(prm))
        solutions = {item.result.unit_id: item.result.solutions for item in written}
        scoring = [
            Task(
                unit,
                by_id[unit.block.problem_id],
                tuple((s.sample, s.steps) for s in solutions[unit.block.id]),
            )
            for unit in units
            if isinstance(unit, ScoreBlock)
        ]
        scored = await prm.run(scoring, None)
    finally:
        policy.close()
        prm.close()
    return [item.result for item in (*written, *scored)], policy_ledger, prm_ledger


def test_units_are_charged_what_the_engines_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    results, policy, prm = asyncio.run(run_all(monkeypatch))

    assert [result.error for result in results if result.error] == []
    used = [result.policy_usage for result in results]
    assert sum(usage.generated_tokens for usage in used) == policy.generated > 0
    assert sum(usage.prompt_tokens for usage in used) == policy.prompt
    assert sum(usage.cached_tokens for usage in used) == policy.cached > 0

    read = [result.prm_usage for result in results]
    # A solution whose scores are all remembered never reaches the engine: it is charged
    # as read from the cache, so only what was computed can be held against the engine.
    computed = sum(usage.prompt_tokens - usage.cached_tokens for usage in read)
    assert computed == prm.computed > 0
    assert sum(usage.cached_tokens for usage in read) >= prm.cached > 0
