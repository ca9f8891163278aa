"""zoo-s behind vLLM's own OpenAI server and beside an engine of ours: one and the same policy.

A proxy stands between the sweep and the server and keeps what went through it, so that prompt
ids and usage are held against the server's own words.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from transformers import AutoTokenizer

from ttsgrid.benchmarks.zoo.task import test_set as zoo_problems
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.models import encode_prompt, prompt_format
from ttsgrid.store import scan

pytestmark = [pytest.mark.vllm, pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1500)]

NUM_PROBLEMS = 100
POOL = 16
WEIGHTS = ZOO_WEIGHTS / "zoo-s"
START_S = 300
Json = dict[str, Any]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def ask(url: str, body: Json | None = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as reply:
        return bytes(reply.read())


@dataclass
class Proxy:
    """Passes requests on, and keeps each with its reply."""

    server: str
    passed: list[tuple[Json, Json]] = field(default_factory=list)
    url: str = ""

    def start(self) -> ThreadingHTTPServer:
        listening = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{listening.server_address[1]}/v1"
        return listening

    def _handler(proxy) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(ask(proxy.server + self.path))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reply = ask(proxy.server + self.path, body)
                proxy.passed.append((body, json.loads(reply)))
                self._send(reply)

            def _send(self, reply: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """vLLM's OpenAI server of zoo-s, as our engine would run it."""
    port, log = free_port(), tmp_path_factory.mktemp("server") / "log"
    command = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(WEIGHTS)),
        *("--served-model-name", "zoo-s", "--port", str(port), "--host", "127.0.0.1"),
        *("--dtype", "float32", "--max-model-len", "512", "--max-num-seqs", "64"),
        # A prompt computed in parts would rewind a seeded generator, which a CPU can't.
        *("--no-enable-chunked-prefill", "--max-num-batched-tokens", "8192"),
        *("--enforce-eager", "--block-size", "32", "--enable-prompt-tokens-details"),
    ]
    environment = {
        **os.environ,
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_NO_USAGE_STATS": "1",
    }
    with log.open("wb") as out:
        running = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_S
    try:
        while not answers(url):
            assert running.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(1.0)
        yield url
    finally:
        running.terminate()
        running.wait(60)


def answers(url: str) -> bool:
    try:
        ask(f"{url}/health")
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Swept:
    """One sweep over both."""

    store: Path
    passed: list[tuple[Json, Json]]
    server: str


@pytest.fixture(scope="module")
def swept(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    store, proxy = tmp_path_factory.mktemp("endpoint") / "store", Proxy(server)
    listening = proxy.start()
    endpoint = f"{{base_url: '{proxy.url}', api: completions, served_name: zoo-s, concurrency: 64}}"
    sampling = "{temperature: 0.7, top_p: 1.0, max_tokens: 160}"
    served = (
        "{name: served, model: 'zoo:zoo-s', format: zoo, max_model_len: 512, "
        f"endpoint: {endpoint}, sampling: {sampling}}}"
    )
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "ttsgrid.cli.sweep", f"policies=[{served},zoo-s]"),
            *("prms=[]", "strategies=[majority]", f"budgets=[1,{POOL}]", f"store={store}"),
            *(f"benchmark.num_problems={NUM_PROBLEMS}", "cluster.dashboard=false"),
        ],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    yield Swept(store, proxy.passed, server)
    listening.shutdown()


def test_the_server_reads_the_prompt_ids_that_our_engine_reads(swept: Swept) -> None:
    tokenizer = AutoTokenizer.from_pretrained(WEIGHTS)
    questions = [problem.question for problem in zoo_problems(NUM_PROBLEMS)]
    ours = {tuple(encode_prompt(prompt_format("zoo"), tokenizer, one)) for one in questions}
    assert len(ours) == NUM_PROBLEMS
    read = [tuple(reply["choices"][0]["prompt_token_ids"]) for _, reply in swept.passed]
    assert set(read) == ours
    assert all(read.count(ids) == POOL for ids in ours)
    # The server's own template on the question, as a chat would be asked.
    chat = {"model": "zoo-s", "messages": [{"role": "user", "content": questions[0]}]}
    assert tuple(json.loads(ask(f"{swept.server}/tokenize", chat))["tokens"]) in ours


def test_usage_is_the_servers_to_the_token(swept: Swept) -> None:
    units = scan(swept.store, "units").filter(pl.col("policy") == "served").collect()
    usages = [reply["usage"] for _, reply in swept.passed]
    assert len(usages) == NUM_PROBLEMS * POOL
    for column, counted in (
        ("policy_prompt_tokens", [usage["prompt_tokens"] for usage in usages]),
        ("policy_generated_tokens", [usage["completion_tokens"] for usage in usages]),
        (
            "policy_cached_tokens",
            [(usage["prompt_tokens_details"] or {}).get("cached_tokens", 0) for usage in usages],
        ),
    ):
        assert sum(units[column].to_list()) == sum(counted), column
    metrics = ask(f"{swept.server}/metrics").decode().splitlines()
    for name, column in (
        ("vllm:prompt_tokens_total", "policy_prompt_tokens"),
        ("vllm:generation_tokens_total", "policy_generated_tokens"),
    ):
        total = sum(float(line.split()[-1]) for line in metrics if line.startswith(name + "{"))
        assert sum(units[column].to_list()) == total, name
    solutions = scan(swept.store, "solutions").filter(pl.col("policy") == "served").collect()
    by_seed = {body["seed"]: reply["usage"]["completion_tokens"] for body, reply in swept.passed}
    assert dict(solutions.select("seed", "generated_tokens").iter_rows()) == by_seed


def test_endpoint_and_engine_are_right_equally_often(swept: Swept) -> None:
    solutions = scan(swept.store, "solutions").collect()
    assert solutions.height == 2 * NUM_PROBLEMS * POOL
    rates = (
        solutions.group_by("problem_id", "policy")
        .agg(pl.col("correct").mean())
        .pivot("policy", index="problem_id", values="correct")
    )
    differences = (rates["served"] - rates["zoo-s"]).to_numpy()
    mean = float(differences.mean())
    # 99.9 %: seeds don't fix what an engine samples, and this must hold at every run.
    half_width = 3.29 * float(differences.std(ddof=1)) / np.sqrt(NUM_PROBLEMS)
    print(f"pass@1 of the endpoint less the engine's: {100 * mean:+.2f} ± {100 * half_width:.2f}")
    assert half_width <= 0.05
    assert abs(mean) <= half_width


def test_both_stop_alike(swept: Swept) -> None:
    reasons = scan(swept.store, "solutions").group_by("policy", "finish_reason").len().collect()
    stopped = reasons.filter(finish_reason="stop").sort("policy")["len"].to_list()
    assert len(stopped) == 2
    assert min(stopped) > 0.95 * NUM_PROBLEMS * POOL
