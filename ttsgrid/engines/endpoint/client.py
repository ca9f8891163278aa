"""Requests to an endpoint: in their turn, again after what passes, and never with a key in words.

A request ends in a reply, in an `EngineError` (this one is refused), or in an
`EndpointDownError`: nothing more can be had, by this request or another. The first of these
stops all that wait, so that a dead server or a wrong key is said once.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Mapping
from typing import Any

import httpx2

from ttsgrid.core.errors import EndpointDownError, EngineError
from ttsgrid.engines.endpoint.pacing import Pace
from ttsgrid.engines.endpoint.retries import UNSUPPORTED, asked_wait_s, ends_all, passes, wait_s
from ttsgrid.engines.endpoint_settings import EndpointSettings

CONNECT_TIMEOUT_S = 10.0
# At its start a server that isn't there is most often a mistake: it is said within seconds.
START_PATIENCE_S = 5.0
_SHOWN_CHARS = 300

Json = dict[str, Any]


class RefusedError(EngineError):
    """The server refuses one request.

    Attributes:
        code: the server's word for why, e.g. `context_length_exceeded`.
    """

    def __init__(self, sentence: str, code: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code

    def __reduce__(self) -> tuple[type, tuple[str, str | None]]:
        """Pickle with its code."""
        return type(self), (str(self), self.code)


class _PassingError(Exception):
    """A failure after which the same request may succeed."""

    def __init__(self, words: str, asked_s: float | None = None) -> None:
        super().__init__(words)
        self.asked_s = asked_s


class Client:
    """One endpoint's connections."""

    def __init__(self, settings: EndpointSettings, policy: str) -> None:
        """Read the key; nothing is sent yet.

        Args:
            settings: which server, and how fast it may be asked.
            policy: whose endpoint it is, for messages.

        Raises:
            EndpointDownError: the variable that should hold the key is not set.
        """
        self._settings = settings
        self._policy = policy
        self._key = _key(settings, policy)
        self._pace = Pace(
            settings.concurrency, settings.requests_per_minute, settings.tokens_per_minute
        )
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(settings.timeout_s, connect=CONNECT_TIMEOUT_S, pool=None),
            limits=httpx2.Limits(max_connections=settings.concurrency),
            headers={} if self._key is None else {"Authorization": f"Bearer {self._key}"},
        )
        self._down: EndpointDownError | None = None
        self._rng = random.Random()
        self._answered = False

    async def post(self, path: str, body: Mapping[str, Any], most_tokens: int) -> Json:
        """Send a request and return its reply, trying again while that may help.

        Args:
            path: below the base URL.
            body: the request.
            most_tokens: that prompt and answer may take, for `tokens_per_minute`.

        Raises:
            RefusedError: the server refuses this request.
            EndpointDownError: the endpoint is down, or refuses all.
        """
        return await self._answer("POST", path, body, most_tokens, self._settings.patience_s)

    async def models(self) -> list[Json]:
        """Return what the server says it serves; nothing where it doesn't say.

        Raises:
            EndpointDownError: it doesn't answer, or doesn't know the key.
        """
        try:
            reply = await self._answer("GET", "/models", None, 0, START_PATIENCE_S)
        except RefusedError:
            return []  # not all servers list models, and not all keys may see the list
        listed = reply.get("data")
        return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []

    def down(self, words: str) -> EndpointDownError:
        """Note that nothing more can be had; return the error that says so."""
        if self._down is None:
            self._down = EndpointDownError(
                f"policies.{self._policy}.endpoint: {self._settings.url} {self._hidden(words)}"
            )
        return self._down

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _answer(
        self, method: str, path: str, body: Mapping[str, Any] | None, most: int, patience_s: float
    ) -> Json:
        num_failures, failing_since = 0, 0.0
        while True:
            try:
                return await self._in_turn(method, path, body, most)
            except _PassingError as failure:
                now = time.monotonic()
                failing_since = now if not num_failures else failing_since
                num_failures += 1
                wait = wait_s(num_failures, failure.asked_s, self._rng)
                if now + wait > failing_since + patience_s:
                    raise self._gave_up(failure, patience_s) from None
                if failure.asked_s:
                    self._pace.pause(failure.asked_s)
                await asyncio.sleep(wait)

    def _gave_up(self, failure: _PassingError, patience_s: float) -> EndpointDownError:
        asked = f", and asks to wait {failure.asked_s:,.0f} s" if failure.asked_s else ""
        committed = "; what it answered is kept" if self._answered else ""
        starts = patience_s == START_PATIENCE_S
        remedy = "set base_url" if starts else "raise patience_s where it needs longer"
        return self.down(
            f"gave no answer within {patience_s:g} s of tries ({failure}{asked}){committed}; start "
            f"the server or {remedy}, and run the same command again"
        )

    async def _in_turn(
        self, method: str, path: str, body: Mapping[str, Any] | None, most: int
    ) -> Json:
        async with self._pace.turn(most) as entry:
            if self._down is not None:
                raise self._down
            try:
                reply = await self._sent(method, path, body)
            except Exception:
                entry.tokens = 0  # what fails takes no tokens; it stays one of the requests
                raise
            usage = reply.get("usage")
            if isinstance(usage, dict):
                entry.tokens = int(usage.get("total_tokens") or entry.tokens)
            self._answered = True
            return reply

    async def _sent(self, method: str, path: str, body: Mapping[str, Any] | None) -> Json:
        try:
            reply = await self._http.request(method, self._settings.url + path, json=body)
        except httpx2.InvalidURL as error:
            raise self.down(f"is no URL that can be asked ({error}); set base_url") from None
        except httpx2.RequestError as error:
            raise _PassingError(self._hidden(f"{type(error).__name__}: {error}")) from None
        if reply.is_success:
            return self._parsed(reply)
        raise self._refusal(reply)

    def _parsed(self, reply: httpx2.Response) -> Json:
        try:
            parsed = reply.json()
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            # A proxy's page in the server's place, or a reply that was cut short.
            raise _PassingError("its reply is no JSON")
        return parsed

    def _refusal(self, reply: httpx2.Response) -> Exception:
        code, words = _said(reply)
        status, words = reply.status_code, " ".join(self._hidden(words).split())[:_SHOWN_CHARS]
        shown = f"{status} {reply.reason_phrase}: {words}".rstrip(": ")
        if passes(status, code):
            return _PassingError(shown, asked_wait_s(reply.headers))
        # A list of models may be missing, or closed to a key that may ask for answers.
        asked_models = reply.request.method == "GET"
        if status == 401 if asked_models else ends_all(status, code):
            return self.down(f"refuses ({shown}); {self._remedy(status, code)}")
        return RefusedError(f"{self._settings.url} refuses this request ({shown})", code)

    def _remedy(self, status: int, code: str | None) -> str:
        if code in UNSUPPORTED:
            return "say what it takes in leave_out, max_tokens_field or body"
        if status in (401, 403):
            name = self._settings.api_key_env
            if name is None:
                return "name the environment variable that holds a key in api_key_env"
            return f"put a key that it accepts in the environment variable {name}"
        if status in (404, 405) or 300 <= status < 400:
            return "set base_url, api and served_name (or model) as the server has them"
        return "see to the account, or set another base_url"

    def _hidden(self, text: str) -> str:
        """Return a text without the key: some servers repeat it in their errors."""
        return text if not self._key else text.replace(self._key, "***")


def _key(settings: EndpointSettings, policy: str) -> str | None:
    name = settings.api_key_env
    if name is None:
        return None
    key = os.environ.get(name, "").strip()
    if not key:
        raise EndpointDownError(
            f"policies.{policy}.endpoint.api_key_env: the environment variable {name} is not set "
            "where the worker runs; set it there, on a cluster before Ray starts"
        )
    if not (key.isascii() and key.isprintable()):
        raise EndpointDownError(
            f"policies.{policy}.endpoint.api_key_env: what the environment variable {name} holds "
            "is no key: it has characters that no HTTP header can carry"
        )
    return key


def _said(reply: httpx2.Response) -> tuple[str | None, str]:
    """Return the code and the words of an error reply."""
    try:
        parsed = json.loads(reply.content)
    except ValueError:
        return None, reply.text.strip()
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
    if not isinstance(error, dict):
        return None, str(error)
    code = error.get("code") or error.get("type")
    return (code if isinstance(code, str) else None), str(error.get("message") or error)
