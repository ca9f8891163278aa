"""A policy behind chat completions, against a real HTTP server that answers by script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.unit.engines.stub_server import (
    Asked,
    Reply,
    Stub,
    chat_reply,
    error_reply,
    stub_server,
)
from ttsgrid.core.checks import build
from ttsgrid.core.errors import EndpointDownError, EngineError
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines.endpoint.chat import ChatEndpoint
from ttsgrid.engines.endpoint_settings import EndpointSettings
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.start import start_engine
from ttsgrid.engines.text import TextGeneration, TextRequest, Turn

KEY = "sk-a-key-that-nobody-may-see"
TURNS = (Turn("system", "Be brief."), Turn("user", "What is 1 + 1?"))
REQUEST = TextRequest(TURNS, temperature=0.7, top_p=0.9, max_tokens=64, seed=5)


def spec_of(stub: Stub | str, **told: object) -> EngineSpec:
    url = stub if isinstance(stub, str) else stub.url
    endpoint = build(EndpointSettings, "", {"base_url": url, "patience_s": 20.0, **told})
    return EngineSpec("endpoint", role="policy", name="hosted", source="model", endpoint=endpoint)


def write(
    stub: Stub | str, *requests: TextRequest, **told: object
) -> list[TextGeneration | BaseException]:
    async def all_of_them() -> list[TextGeneration | BaseException]:
        engine: ChatEndpoint = await start_engine(spec_of(stub, **told))
        try:
            wanted = (engine.write(request) for request in requests or (REQUEST,))
            return list(await asyncio.gather(*wanted, return_exceptions=True))
        finally:
            await engine._client.close()

    return asyncio.run(all_of_them())


def only(found: list[TextGeneration | BaseException]) -> TextGeneration:
    (one,) = found
    if isinstance(one, BaseException):
        raise one
    return one


def test_a_request_says_what_the_sampling_says_and_a_reply_is_read_as_it_is() -> None:
    details = {
        "prompt_tokens_details": {"cached_tokens": 16},
        "completion_tokens_details": {"reasoning_tokens": 4},
    }

    def script(asked: Asked, _: int) -> Reply:
        return chat_reply("It is \\boxed{2}.", prompt_tokens=21, generated_tokens=7, usage=details)

    with stub_server(script) as stub:
        written = only(write(stub, replace(REQUEST, stop=("Q:",), top_k=20)))
    usage = Usage(prompt_tokens=21, cached_tokens=16, generated_tokens=7)
    assert written == TextGeneration("It is \\boxed{2}.", "", FinishReason.STOP, usage, 4)
    (asked,) = stub.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.body == {
        "model": "model",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is 1 + 1?"},
        ],
        "temperature": 0.7,
        "top_p": 0.9,
        "seed": 5,
        "max_tokens": 64,
        "stop": ["Q:"],
        "top_k": 20,
    }
    assert "authorization" not in asked.headers


def test_what_a_server_refuses_is_left_out_and_what_it_wants_more_is_said() -> None:
    with stub_server(lambda *_: chat_reply("2")) as stub:
        only(
            write(
                stub,
                leave_out=("temperature", "top_p", "seed"),
                max_tokens_field="max_completion_tokens",
                body={"reasoning_effort": "high"},
                served_name="o1",
            )
        )
    sent = {name: value for name, value in stub.asked[0].body.items() if name != "messages"}
    assert sent == {"model": "o1", "max_completion_tokens": 64, "reasoning_effort": "high"}


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_apart_from_the_answer(name: str) -> None:
    with stub_server(lambda *_: chat_reply("2", message={name: "Is it \\boxed{3}?"})) as stub:
        written = only(write(stub))
    assert (written.text, written.reasoning) == ("2", "Is it \\boxed{3}?")


@pytest.mark.parametrize(
    ("said", "reason"),
    [("length", FinishReason.LENGTH), ("content_filter", FinishReason.FILTERED)],
)
def test_an_answer_that_was_cut_or_withheld_says_so(said: str, reason: FinishReason) -> None:
    withheld = {"content": None}
    with stub_server(lambda *_: chat_reply("", finish_reason=said, message=withheld)) as stub:
        written = only(write(stub))
    assert (written.text, written.finish_reason) == ("", reason)


def test_a_prompt_longer_than_the_context_is_an_outcome() -> None:
    with stub_server(lambda *_: error_reply(400, "long", "context_length_exceeded")) as stub:
        written = only(write(stub))
    assert (written.finish_reason, written.usage) == (FinishReason.PROMPT_TOO_LONG, Usage())


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_passes_is_asked_again(status: int) -> None:
    def script(_: Asked, num_before: int) -> Reply:
        return error_reply(status) if num_before < 2 else chat_reply("2")

    with stub_server(script) as stub:
        assert only(write(stub)).text == "2"
    assert len(stub.asked) == 3


def test_a_reply_that_is_no_json_is_asked_again() -> None:
    def script(_: Asked, num_before: int) -> Reply:
        return Reply(b"<html>a proxy</html>") if num_before == 0 else chat_reply("2")

    with stub_server(script) as stub:
        assert only(write(stub)).text == "2"


def in_seconds() -> dict[str, str]:
    return {"retry_after": "1"}


def in_milliseconds() -> dict[str, str]:
    return {"retry_after_ms": "1000"}


def as_a_date() -> dict[str, str]:
    # Dates have whole seconds: at least one of two passes.
    return {"retry_after": format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)}


@pytest.mark.parametrize("asked_for", [in_seconds, in_milliseconds, as_a_date])
def test_retry_after_is_waited_for_by_all_requests(asked_for: Callable[[], dict[str, str]]) -> None:
    def script(_: Asked, num_before: int) -> Reply:
        return error_reply(429, **asked_for()) if num_before == 0 else chat_reply("2")

    with stub_server(script) as stub:
        written = write(stub, *[REQUEST] * 3, concurrency=1)
    assert [only([one]).text for one in written] == ["2"] * 3
    first, *later = [asked.at for asked in stub.asked]
    assert len(later) == 3
    assert min(later) - first >= 0.95


def test_a_refused_request_is_an_error_of_its_own() -> None:
    def script(asked: Asked, _: int) -> Reply:
        bad = asked.body["messages"][-1]["content"] == "bad"
        return error_reply(400, "I can't read that") if bad else chat_reply("2")

    bad = TextRequest((Turn("user", "bad"),), 0.7, 0.9, 64, 5)
    with stub_server(script) as stub:
        refused, answered = write(stub, bad, REQUEST)
    assert isinstance(refused, EngineError)
    assert "I can't read that" in str(refused)
    assert isinstance(answered, TextGeneration)


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        (401, None, "environment variable A_KEY"),
        (403, None, "environment variable A_KEY"),
        (404, "model_not_found", "served_name"),
        (405, None, "base_url"),
        (308, None, "base_url"),
        (400, "unsupported_parameter", "leave_out"),
        (429, "insufficient_quota", "account"),
    ],
)
def test_what_no_request_can_mend_stops_all_at_once(
    status: int, code: str | None, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    with stub_server(lambda *_: error_reply(status, f"no {KEY}", code)) as stub:
        errors = write(stub, *[REQUEST] * 20, api_key_env="A_KEY", concurrency=1)
    assert len(stub.asked) == 1
    assert {type(error) for error in errors} == {EndpointDownError}
    (sentence,) = {str(error) for error in errors}
    assert remedy in sentence
    assert "policies.hosted.endpoint" in sentence
    assert KEY not in sentence


def test_a_server_that_stays_away_is_one_error_after_the_patience_it_was_given() -> None:
    with stub_server(lambda *_: error_reply(503, "starting")) as stub:
        errors = write(stub, *[REQUEST] * 5, patience_s=1.0)
    assert {type(error) for error in errors} == {EndpointDownError}
    (sentence,) = {str(error) for error in errors}
    assert "503" in sentence
    assert "patience_s" in sentence


def test_a_wait_longer_than_the_patience_is_not_begun() -> None:
    with (
        stub_server(lambda *_: error_reply(429, retry_after="86400")) as stub,
        pytest.raises(EndpointDownError, match=r"asks to wait 86,400 s"),
    ):
        only(write(stub))


def test_a_dead_endpoint_is_said_at_the_start() -> None:
    with stub_server(lambda *_: chat_reply("2")) as stub:
        url = stub.url
    with pytest.raises(EndpointDownError, match=r"policies.hosted.endpoint: .* gave no answer"):
        write(url)


def test_a_wrong_key_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    with (
        stub_server(lambda *_: chat_reply("2"), models=error_reply(401, f"wrong: {KEY}")) as stub,
        pytest.raises(EndpointDownError, match=r"A_KEY") as raised,
    ):
        write(stub, api_key_env="A_KEY")
    assert KEY not in str(raised.value)
    assert stub.asked == []


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_a_server_that_lists_no_models_is_asked_all_the_same(status: int) -> None:
    with stub_server(lambda *_: chat_reply("2"), models=error_reply(status)) as stub:
        assert only(write(stub)).text == "2"


def test_a_missing_key_is_said_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_KEY", raising=False)
    with pytest.raises(EndpointDownError, match="environment variable A_KEY is not set"):
        write("http://127.0.0.1:1/v1", api_key_env="A_KEY")


def test_the_key_goes_to_the_server_and_into_no_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    caplog.set_level("DEBUG")
    with stub_server(lambda *_: error_reply(400, f"your key is {KEY}")) as stub:
        (refused,) = write(stub, api_key_env="A_KEY")
    assert stub.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert caplog.records
    assert KEY not in caplog.text
    assert KEY not in f"{refused!r}"


@pytest.mark.parametrize(
    "body",
    [
        {"choices": []},
        {"choices": [{"finish_reason": "stop", "message": {"content": "2"}}]},
        {"choices": [{"finish_reason": "tool_calls"}], "usage": {}},
        {"choices": [{"finish_reason": "stop"}], "usage": {}},
    ],
)
def test_a_reply_that_lacks_what_all_need_ends_the_endpoint_before_more_is_paid(
    body: dict[str, Any],
) -> None:
    with stub_server(lambda *_: Reply(body)) as stub:
        errors = write(stub, *[REQUEST] * 10, concurrency=1)
    assert {type(error) for error in errors} == {EndpointDownError}
    assert len(stub.asked) == 1


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    with stub_server(lambda *_: chat_reply("2", delay_s=0.05)) as stub:
        write(stub, *[REQUEST] * 12, concurrency=3)
    assert len(stub.asked) == 12
    assert stub.most_at_once == 3
