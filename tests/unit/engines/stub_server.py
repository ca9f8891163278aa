"""An OpenAI-compatible server for tests: real HTTP on a real port, answers by script.

What it was asked is kept, so that a test can count requests and read what they held.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: Json
    at: float


@dataclass(frozen=True)
class Reply:
    """What to send; `delay_s` first."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


Script = Callable[[Asked, int], Reply]
"""From a request and how many came before it to a reply."""


def chat_reply(
    text: str,
    *,
    prompt_tokens: int = 20,
    generated_tokens: int = 9,
    finish_reason: str = "stop",
    delay_s: float = 0.0,
    message: Json | None = None,
    usage: Json | None = None,
) -> Reply:
    """Return a chat completion as OpenAI spells it."""
    counts = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": generated_tokens,
        "total_tokens": prompt_tokens + generated_tokens,
    }
    choice = {
        "index": 0,
        "finish_reason": finish_reason,
        "message": {"role": "assistant", "content": text, **(message or {})},
    }
    body = {"object": "chat.completion", "choices": [choice], "usage": {**counts, **(usage or {})}}
    return Reply(body, delay_s=delay_s)


def error_reply(status: int, message: str = "no", code: str | None = None, **headers: str) -> Reply:
    """Return an error as OpenAI spells it; `retry_after="1"` becomes a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply({"error": {"message": message, "code": code, "type": "x"}}, status, named)


class Stub:
    """A running server."""

    def __init__(self, script: Script, models: Reply | None = None) -> None:
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._running = 0
        self._script = script
        self._models = models or Reply({"object": "list", "data": [{"id": "model"}]})
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def stop(self) -> None:
        """Stop to listen."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, asked: Asked) -> Reply:
        with self._lock:
            num_before = len(self.asked)
            self.asked.append(asked)
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        try:
            reply = self._script(asked, num_before)
            time.sleep(reply.delay_s)
            return reply
        finally:
            with self._lock:
                self._running -= 1

    def _handler(stub) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(stub._models)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._send(stub._answer(Asked(self.path, headers, body, time.monotonic())))

            def _send(self, reply: Reply) -> None:
                data = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body)
                raw = data if isinstance(data, bytes) else data.encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def stub_server(script: Script, models: Reply | None = None) -> Iterator[Stub]:
    """Run a server while the block runs."""
    stub = Stub(script, models)
    try:
        yield stub
    finally:
        stub.stop()
