"""What a unit spent is what vLLM itself counted, and alone it spends its price, to the token.

vLLM's own statistics, off in a sweep, are switched on here and added up beside ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from transformers import AutoTokenizer

from ttsgrid.benchmarks import load_benchmark
from ttsgrid.cli.found import resolve_models
from ttsgrid.cluster.driver.fleet_specs import worker_spec
from ttsgrid.cluster.wire.scoring_link import ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.cluster.worker.policy_runtime import PolicyRuntime
from ttsgrid.cluster.worker.prm_runtime import PrmRuntime
from ttsgrid.core.records import Problem, Solution, UnitResult
from ttsgrid.core.shipped import CONF
from ttsgrid.core.units import Unit
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
    ledger = Ledger()
    name = "AsyncLLM" if spec.engine.own_process else "InProcessLLM"
    llm = getattr(vllm_engine, name)

    def start(config: Any, **_settings: Any) -> Any:  # noqa: ANN401
        # The engine keeps vLLM's statistics off; without them the ledger would hear nothing.
        loggers = [lambda *_: ledger]
        return llm.from_vllm_config(config, stat_loggers=loggers, disable_log_stats=False)

    with monkeypatch.context() as patched:
        patched.setattr(vllm_engine, name, SimpleNamespace(from_vllm_config=start))
        kind = vllm_engine.VllmPolicyEngine if role == "policy" else vllm_engine.VllmPrmEngine
        return kind(spec.engine), ledger


@dataclass(frozen=True)
class Planned:
    """A grid's units with what runs them."""

    units: Sequence[Unit]
    problems: Mapping[str, Problem]
    policy: WorkerSpec
    prm: WorkerSpec

    def task(self, unit: Unit, solutions: Sequence[Solution] = ()) -> Task:
        to_score = tuple((s.sample, s.steps) for s in solutions)
        return Task(unit, self.problems[unit.problem_id], to_score)


def planned(*, own_process: bool) -> Planned:
    told = [*GRID, f"engine.own_process={own_process}"]
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        grid = to_grid(compose("config", overrides=told), [CONF])
    models = resolve_models(grid)
    problems = load_benchmark(grid.benchmark)
    made = make_plan(grid, problems, {m.identity.name: m.identity for m in models})
    policy, prm = (worker_spec(grid, model, problems, use_gpus=False) for model in models)
    return Planned(made.units, {problem.id: problem for problem in problems}, policy, prm)


def policy_runtime(plan: Planned, engine: Any) -> PolicyRuntime:  # noqa: ANN401
    tokenizer = AutoTokenizer.from_pretrained(plan.policy.engine.source)
    return PolicyRuntime(plan.policy, engine, tokenizer)


def prm_runtime(plan: Planned, engine: Any) -> PrmRuntime:  # noqa: ANN401
    tokenizer = AutoTokenizer.from_pretrained(plan.prm.engine.source)
    return PrmRuntime(plan.prm, engine, tokenizer)


async def run_all(
    monkeypatch: pytest.MonkeyPatch, *, own_process: bool
) -> tuple[list[UnitResult], Ledger, Ledger]:
    plan = planned(own_process=own_process)
    writer, policy_ledger = started("policy", plan.policy, monkeypatch)
    reader, prm_ledger = started("prm", plan.prm, monkeypatch)
    policy, prm = policy_runtime(plan, writer), prm_runtime(plan, reader)
    try:
        writing = [plan.task(unit) for unit in plan.units if not unit.awaits]
        written = await policy.run(writing, Peer(prm))
        solutions = {item.result.unit_id: item.result.solutions for item in written}
        scoring = [plan.task(unit, solutions[unit.awaits]) for unit in plan.units if unit.awaits]
        scored = await prm.run(scoring, None)
    finally:
        policy.close()
        prm.close()
    return [item.result for item in (*written, *scored)], policy_ledger, prm_ledger


async def run_each_alone(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, UnitResult]]:
    """Run units one by one, each as on fresh engines; return them with their kind."""
    plan = planned(own_process=True)  # whose caches can be reset
    writer, _ = started("policy", plan.policy, monkeypatch)
    reader, _ = started("prm", plan.prm, monkeypatch)
    solutions: dict[str, Sequence[Solution]] = {}
    found: list[tuple[str, UnitResult]] = []
    try:
        for unit in plan.units:
            for engine in (writer, reader):
                await engine._engine.reset_prefix_cache()
            prm = prm_runtime(plan, reader)
            runtime = prm if unit.awaits else policy_runtime(plan, writer)
            task = plan.task(unit, solutions.get(unit.awaits or "", ()))
            (outcome,) = await runtime.run([task], Peer(prm))
            solutions[unit.id] = outcome.result.solutions
            found.append((unit.kind, outcome.result))
    finally:
        writer.close()
        reader.close()
    return found


@pytest.mark.parametrize("own_process", [False, True])
def test_units_report_what_the_engines_counted(
    monkeypatch: pytest.MonkeyPatch, own_process: bool
) -> None:
    results, policy, prm = asyncio.run(run_all(monkeypatch, own_process=own_process))

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


@pytest.mark.slow  # an engine per unit; test_prices_from_texts.py holds prices quickly
def test_the_price_of_a_unit_is_what_fresh_engines_spend_on_it_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without lookahead: its PRM inputs may begin others, whose scores are then remembered,
    # where the price pays for the tail of each.
    found = asyncio.run(run_each_alone(monkeypatch))
    assert {kind for kind, _ in found} == {"sample", "score", "search"}
    for _, result in found:
        assert result.price is not None, result.error
        assert result.price.policy == result.policy_usage
        assert result.price.prm == result.prm_usage
    searches = [result for kind, result in found if kind == "search"]
    assert any(result.policy_usage.cached_tokens for result in searches)
