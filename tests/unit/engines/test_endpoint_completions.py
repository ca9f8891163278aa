"""A policy behind completions by token ids: what is sent, and what is read of the replies."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.unit.engines.stub_server import Asked, Reply, Script, Stub, stub_server
from ttsgrid.core.checks import build
from ttsgrid.core.errors import EndpointDownError
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines.base import Generation, GenerationRequest
from ttsgrid.engines.endpoint.completions import CompletionsEndpoint
from ttsgrid.engines.endpoint_settings import EndpointSettings
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.start import start_engine

REQUEST = GenerationRequest((5, 6, 7), temperature=0.7, top_p=0.9, max_tokens=64, seed=3)


def reply_of(
    ids: list[int] | None, finish_reason: str = "stop", stop_reason: str | int | None = None
) -> Reply:
    """Return a completion as vLLM spells it."""
    choice = {"token_ids": ids, "finish_reason": finish_reason, "stop_reason": stop_reason}
    num_ids = len(ids or ())
    usage = {"prompt_tokens": 3, "completion_tokens": num_ids, "total_tokens": 3 + num_ids}
    details = {"prompt_tokens_details": {"cached_tokens": 2}}
    return Reply({"choices": [choice], "usage": {**usage, **details}})


def generated(
    script: Script, request: GenerationRequest = REQUEST, held: int | None = None
) -> tuple[Generation, Stub, CompletionsEndpoint]:
    """Return what a request came to; `held` is the context that the server says it has."""
    models = Reply({"data": [{"id": "zoo-s", "max_model_len": held}]})
    with stub_server(script, models) as stub:
        told = {"base_url": stub.url, "api": "completions", "served_name": "zoo-s"}
        spec = EngineSpec(
            "endpoint",
            role="policy",
            name="served",
            source="/somewhere",
            max_model_len=100,
            endpoint=build(EndpointSettings, "", told),
        )

        async def once() -> tuple[Generation, CompletionsEndpoint]:
            engine: CompletionsEndpoint = await start_engine(spec)
            try:
                return await engine.generate(request), engine
            finally:
                await engine._client.close()

        generation, engine = asyncio.run(once())
    return generation, stub, engine


def test_prompt_ids_go_out_and_the_sampled_ids_come_back() -> None:
    generation, stub, _ = generated(lambda *_: reply_of([8, 9, 2]))
    assert generation == Generation((8, 9, 2), FinishReason.STOP, None, Usage(3, 2, 3))
    (asked,) = stub.asked
    assert asked.path == "/v1/completions"
    assert asked.body == {
        "model": "zoo-s",
        "prompt": [5, 6, 7],
        "temperature": 0.7,
        "top_p": 0.9,
        "seed": 3,
        "max_tokens": 64,
        "include_stop_str_in_output": True,
        "return_token_ids": True,
        # As a bare engine samples, whatever the checkpoint's generation_config.json says.
        "top_k": 0,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
    }


def test_a_stop_text_is_asked_for_and_named() -> None:
    step = replace(REQUEST, stop=("\n\n",), top_k=20)
    generation, stub, _ = generated(lambda *_: reply_of([8], "stop", "\n\n"), step)
    assert generation.stopped_by == "\n\n"
    assert stub.asked[0].body["stop"] == ["\n\n"]
    assert stub.asked[0].body["top_k"] == 20


def test_the_end_mark_is_no_stop_text() -> None:
    assert generated(lambda *_: reply_of([8, 2], "stop", 2))[0].stopped_by is None


def test_a_greedy_request_has_no_seed() -> None:
    _, stub, _ = generated(lambda *_: reply_of([8]), replace(REQUEST, temperature=0.0))
    assert stub.asked[0].body["temperature"] == 0.0
    assert "seed" not in stub.asked[0].body


@pytest.mark.parametrize(("held", "most"), [(40, 37), (None, 64), (5000, 64)])
def test_no_more_is_asked_for_than_the_servers_context_holds(held: int | None, most: int) -> None:
    def script(asked: Asked, _: int) -> Reply:
        return reply_of([8] * asked.body["max_tokens"], "length")

    generation, stub, engine = generated(script, held=held)
    assert stub.asked[0].body["max_tokens"] == most
    assert generation.finish_reason is FinishReason.LENGTH
    assert engine.max_input_tokens == min(held or 100, 100) - 1


def test_a_server_without_token_ids_is_refused_with_the_setting_to_change() -> None:
    with pytest.raises(EndpointDownError, match=r"token ids, .* endpoint\.api=chat"):
        generated(lambda *_: reply_of(None))
