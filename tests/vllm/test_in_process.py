"""vLLM in its worker's process gives what it gives in a process of its own, and fails as openly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import vllm
from transformers import AutoTokenizer
from vllm.model_executor.models import registry

from tests.vllm.test_same_as_transformers import asked_of, spec
from ttsgrid.benchmarks.zoo.task import test_set as held_out
from ttsgrid.core.errors import EngineError
from ttsgrid.engines.base import Generation, GenerationRequest, PolicyEngine
from ttsgrid.engines.vllm_arguments import engine_config
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.models import encode_prompt, prompt_format

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]

NUM_PROBLEMS = 12


def requests() -> list[GenerationRequest]:
    """Whole solutions, and first steps of them."""
    tokenizer = AutoTokenizer.from_pretrained(ZOO_WEIGHTS / "zoo-m")
    fmt = prompt_format("zoo")
    ids = [tuple(encode_prompt(fmt, tokenizer, r.question)) for r in held_out(NUM_PROBLEMS)]
    whole = [GenerationRequest(one, 0.0, 1.0, max_tokens=200, seed=0) for one in ids]
    return whole + [replace(one, stop=("\n\n",)) for one in whole]


async def twice(engine: PolicyEngine) -> list[Generation]:
    """Ask twice: by the second time the engine knows the tokens that end steps."""
    asked = [*requests(), *requests()]
    half = len(asked) // 2
    first = await asyncio.gather(*map(engine.generate, asked[:half]))
    return [*first, *await asyncio.gather(*map(engine.generate, asked[half:]))]


def without_usage(made: Sequence[Generation]) -> list[tuple[Any, ...]]:
    return [(one.token_ids, one.finish_reason, one.stopped_by) for one in made]


def test_both_write_the_same_and_end_at_the_same_stop_texts() -> None:
    ours, theirs = (
        asked_of(spec("vllm", "policy", "zoo-m", own_process=own), twice) for own in (False, True)
    )
    assert without_usage(ours) == without_usage(theirs)
    half = len(ours) // 2
    assert without_usage(ours[:half]) == without_usage(ours[half:])
    assert sum(one.stopped_by == "\n\n" for one in ours) > NUM_PROBLEMS
    assert sum(one.stopped_by is None for one in ours) >= 2 * NUM_PROBLEMS


def test_one_that_is_called_off_is_taken_from_the_engine_and_the_others_go_on() -> None:
    async def ask(engine: Any) -> list[Generation]:  # noqa: ANN401
        tasks = [asyncio.create_task(engine.generate(one)) for one in requests()]
        for _ in range(3):
            await asyncio.sleep(0)
        called_off, *others = tasks
        called_off.cancel()
        done = await asyncio.gather(*others)
        assert called_off.cancelled()
        assert not engine._engine._engine.has_unfinished_requests()
        assert engine.stats().running == 0
        return list(done)

    done = asked_of(spec("vllm", "policy", "zoo-m", own_process=False), ask)
    assert len(done) == 2 * NUM_PROBLEMS - 1


def test_a_request_that_the_engine_refuses_fails_alone() -> None:
    async def ask(engine: PolicyEngine) -> list[Generation | BaseException]:
        too_long = replace(requests()[0], prompt_ids=(5,) * 600)
        asked = [too_long, *requests()]
        return await asyncio.gather(*map(engine.generate, asked), return_exceptions=True)

    refused, *others = asked_of(spec("vllm", "policy", "zoo-m", own_process=False), ask)
    assert isinstance(refused, EngineError)
    assert all(isinstance(one, Generation) for one in others)


def test_an_engine_that_is_stopped_at_work_has_not_died() -> None:
    async def ask(engine: Any) -> bool:  # noqa: ANN401
        tasks = [asyncio.create_task(engine.generate(one)) for one in requests()]
        for _ in range(3):
            await asyncio.sleep(0)
        engine.close()
        for _ in range(20):
            await asyncio.sleep(0)  # a step now would fail, and end this process
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return bool(engine._engine.errored)

    assert asked_of(spec("vllm", "policy", "zoo-m", own_process=False), ask) is False


def test_after_a_step_that_failed_nobody_waits_and_nobody_is_answered_again() -> None:
    from vllm.v1.engine.exceptions import EngineDeadError  # noqa: PLC0415

    from ttsgrid.engines.vllm_in_process import InProcessLLM  # noqa: PLC0415 (imports vLLM)

    def step() -> None:
        raise RuntimeError("out of memory")

    broken = SimpleNamespace(
        vllm_config=None, model_config=None, step=step,
        add_request=lambda name, *_: name, has_unfinished_requests=lambda: True,
    )  # fmt: skip

    async def ask() -> list[Any]:
        llm = InProcessLLM(broken)

        async def one(name: str) -> None:
            async for _ in llm.generate(None, None, name):
                pass

        waiting = await asyncio.gather(one("a"), one("b"), return_exceptions=True)
        later = await asyncio.gather(one("c"), return_exceptions=True)
        assert llm.errored
        return [*waiting, *later]

    found = asyncio.run(ask())
    assert [type(one) for one in found] == [EngineDeadError] * 3
    assert [str(one.__cause__) for one in found[:2]] == ["out of memory"] * 2


@pytest.mark.parametrize(("role", "name"), [("policy", "zoo-m"), ("prm", "zoo-prm")])
def test_a_class_that_is_new_on_a_machine_is_looked_into_here_alone(
    role: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def elsewhere(look: Callable[[], object]) -> None:
        raise AssertionError("vLLM looks into the class in another process")

    monkeypatch.setenv("VLLM_CACHE_ROOT", str(tmp_path))
    monkeypatch.setattr(vllm.envs, "VLLM_CACHE_ROOT", str(tmp_path), raising=False)
    monkeypatch.setattr(registry, "_run_in_subprocess", elsewhere)
    monkeypatch.setattr(registry.ModelRegistry, "models", dict(registry.ModelRegistry.models))
    registry._try_inspect_model_cls.cache_clear()
    config = engine_config(spec("vllm", role, name, own_process=False))
    assert config.model_config.architecture
    assert not (tmp_path / "modelinfos").exists()
