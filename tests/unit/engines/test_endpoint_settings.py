"""What an endpoint may be told, and what is refused without repeating it."""

from __future__ import annotations

import json

import pytest

from ttsgrid.core.checks import build
from ttsgrid.core.errors import ConfigError
from ttsgrid.engines.endpoint_settings import EndpointSettings

URL = "http://localhost:8000/v1"


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"base_url": "localhost:8000"}, "base_url"),
        ({"base_url": "ftp://host/v1"}, "base_url"),
        ({"base_url": "http://[::1/v1"}, "base_url"),
        ({"api": "responses"}, "api"),
        ({"concurrency": 0}, "concurrency"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"tokens_per_minute": -1}, "tokens_per_minute"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"leave_out": ["stop"]}, "leave_out"),
        ({"body": {"n": 4}}, "body.n"),
        ({"body": {"max_tokens": 4}}, "body.max_tokens"),
        ({"input_price": 1.0}, "output_price"),
        ({"input_price": -1.0, "output_price": 1.0}, "input_price"),
        ({"key": "x"}, "key"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_setting(told: dict[str, object], name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        build(EndpointSettings, "endpoint", {"base_url": URL, **told})


@pytest.mark.parametrize(
    "told",
    [
        {"api_key_env": "sk-proj-secret"},
        {"api_key_env": "s" * 65},
        {"base_url": "https://me:secret@host/v1"},
        {"base_url": "https://host/v1?api-key=secret"},
    ],
)
def test_a_secret_where_none_belongs_is_refused_without_being_repeated(
    told: dict[str, str],
) -> None:
    with pytest.raises(ConfigError) as raised:
        build(EndpointSettings, "endpoint", {"base_url": URL, **told})
    assert "secret" not in str(raised.value)
    assert "s" * 65 not in str(raised.value)


def test_a_server_may_move_where_it_has_a_name() -> None:
    def identity(url: str, **told: str) -> dict[str, object]:
        found = build(EndpointSettings, "endpoint", {"base_url": url, **told})
        told_apart: dict[str, object] = json.loads(found.identity("model"))
        return told_apart

    assert identity(URL) == identity(URL + "/")
    assert identity(URL) != identity("http://node7:8000/v1")
    assert identity(URL, deployment="mine") == identity("http://node7/v1", deployment="mine")
    assert identity(URL, served_name="model") == identity(URL)
