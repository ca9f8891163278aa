"""What is said of an endpoint: an OpenAI-compatible server that a policy is asked at.

The key is named by its environment variable and read by the worker alone, so that no
setting, and nothing that is made of settings (the store, logs, a config dump), holds it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ttsgrid.core.checks import require_choice
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import canonical_json

CHAT = "chat"
COMPLETIONS = "completions"
SAMPLING_FIELDS = ("temperature", "top_p", "seed")
PER_PRICE_TOKENS = 1_000_000
_POSITIVE = (
    *("concurrency", "requests_per_minute", "tokens_per_minute"),
    *("timeout_s", "patience_s", "prefix_block_tokens"),
)
_PRICES = ("input_price", "cached_input_price", "output_price")
# What requests are made of; `body` may add to it and must not contradict it.
_OURS = ("model", "messages", "prompt", "stop", "n", "stream", "top_k", *SAMPLING_FIELDS)


@dataclass(frozen=True)
class EndpointSettings:
    """An OpenAI-compatible server, how fast it may be asked and what it charges.

    Attributes:
        base_url: up to and including `/v1`, without a key or password.
        api: `chat` sends messages and reads text, as any server can; `completions` sends the
            prompt's token ids and reads token ids, as a served vLLM can.
        served_name: what the server calls the model; None for what `model` says.
        deployment: a name of your own for what answers there. It takes the URL's place in the
            identity of results, so that a server may move and its answers stay known.
        api_key_env: the environment variable that holds the key; None for no key.
        concurrency: requests in flight at once.
        requests_per_minute: of which no minute holds more; None for no limit.
        tokens_per_minute: likewise, prompts and answers together.
        timeout_s: how long one try may take.
        patience_s: how long a request is tried again before the endpoint counts as down.
        prefix_block_tokens: block size of a prefix cache whose hits are cheaper; None counts
            every prompt in full.
        max_tokens_field: how requests name the longest answer; newer models of OpenAI want
            `max_completion_tokens`.
        leave_out: of `temperature`, `top_p` and `seed`, those that the server refuses.
        body: further fields of each request, e.g. `{reasoning_effort: high}`.
        input_price: of a million prompt tokens, in any currency; None where unknown.
        cached_input_price: of a million of them that its prefix cache held; None for the same.
        output_price: of a million generated tokens, reasoning included.
    """

    base_url: str
    api: str = CHAT
    served_name: str | None = None
    deployment: str | None = None
    api_key_env: str | None = None
    concurrency: int = 16
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    timeout_s: float = 600.0
    patience_s: float = 600.0
    prefix_block_tokens: int | None = None
    max_tokens_field: str = "max_tokens"
    leave_out: tuple[str, ...] = ()
    body: dict[str, Any] = field(default_factory=dict)
    input_price: float | None = None
    cached_input_price: float | None = None
    output_price: float | None = None

    def __post_init__(self) -> None:
        _require_url(self.base_url)
        _require_name_of_variable(self.api_key_env)
        require_choice("endpoint.api", self.api, (CHAT, COMPLETIONS))
        for name in self.leave_out:
            require_choice("endpoint.leave_out", name, SAMPLING_FIELDS)
        for name in (*_POSITIVE, *_PRICES):
            value = getattr(self, name)
            if value is not None and (value < 0 or (value == 0 and name in _POSITIVE)):
                raise ConfigError(f"endpoint.{name}={value} must be above 0")
        if (self.input_price is None) != (self.output_price is None):
            raise ConfigError("endpoint: input_price and output_price are given together or not")
        for name in (*_OURS, self.max_tokens_field):
            if name in self.body:
                raise ConfigError(
                    f"endpoint.body.{name}: requests say {name} already, from the policy's "
                    "format, sampling and endpoint settings: set it there"
                )

    @property
    def writes_text(self) -> bool:
        """Whether it takes messages and gives text, so that no token id is known."""
        return self.api == CHAT

    @property
    def url(self) -> str:
        """The base URL without a slash at its end."""
        return self.base_url.rstrip("/")

    def identity(self, model: str) -> str:
        """Return what of it determines answers, canonical JSON.

        Args:
            model: what the configuration calls the model.
        """
        told: Mapping[str, Any] = {
            "api": self.api,
            "server": self.deployment or self.url,
            "model": self.served_name or model,
            "leave_out": sorted(self.leave_out),
            "body": self.body,
        }
        return canonical_json(told)


def _require_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        found = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        found = False
    if not found:
        raise ConfigError("endpoint.base_url must be a URL, e.g. http://localhost:8000/v1")
    # Said without the value, which holds what must not be shown.
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            "endpoint.base_url must hold no user, password or query: it is stored and shown; "
            "name the key's environment variable in endpoint.api_key_env"
        )


def _require_name_of_variable(name: str | None) -> None:
    if name is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
        # Said without the value: people paste the key itself.
        raise ConfigError(
            "endpoint.api_key_env must be the name of an environment variable, such as "
            "OPENAI_API_KEY, and not the key itself"
        )
