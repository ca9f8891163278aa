"""A sweep over a hosted policy as people run it: the command line, Ray, the store, real HTTP.

The server is a stub that answers by script and keeps what it was asked, so that every request
can be counted; the PRM's engine is a fake.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from transformers import AutoTokenizer

from tests.unit.engines.stub_server import Asked, Reply, Stub, chat_reply, error_reply, stub_server
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.store import scan

pytestmark = [pytest.mark.ray, pytest.mark.timeout(400)]

KEY = "sk-a-key-that-nobody-may-see"
NUM_PROBLEMS = 6
POOL = 8
PROMPT_TOKENS = 25
NUM_SOLUTIONS = NUM_PROBLEMS * (1 + POOL)


def answer(asked: Asked, num_before: int) -> Reply:
    """One in nine requests fails once or twice; the others think and answer."""
    if num_before % 9 == 4:
        return error_reply(429, "slow down", retry_after="0.1")
    rng = random.Random(f"{asked.body['messages'][-1]['content']}{asked.body.get('seed')}")
    thought = f"Perhaps \\boxed{{{rng.randrange(50)}}}?"
    return chat_reply(
        f"1 + 1 = 2.\n\nThe answer is \\boxed{{{rng.randrange(3)}}}.",
        prompt_tokens=PROMPT_TOKENS,
        generated_tokens=rng.randrange(10, 90),
        message={"reasoning_content": thought},
        usage={
            "prompt_tokens_details": {"cached_tokens": 8},
            "completion_tokens_details": {"reasoning_tokens": 6},
        },
    )


def command(stub_url: str, store: Path, *more: str, strategies: str = "cot,majority") -> list[str]:
    endpoint = (
        f"{{base_url: '{stub_url}', api_key_env: A_KEY, concurrency: 4, patience_s: 3, "
        "input_price: 2.0, cached_input_price: 1.0, output_price: 10.0}"
    )
    policy = f"{{name: hosted, model: hosted-1, format: qwen, endpoint: {endpoint}}}"
    return [
        *(sys.executable, "-m", "ttsgrid.cli.sweep", f"policies=[{policy}]", "prms=[zoo-prm]"),
        *(f"strategies=[{strategies}]", f"budgets=[{POOL}]", "cluster.dashboard=false"),
        *(f"benchmark.num_problems={NUM_PROBLEMS}", "engine.kind=fake", f"store={store}", *more),
    ]


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    said: str


def run(arguments: list[str], ray_folder: Path | None = None) -> Ran:
    environment = {**os.environ, "A_KEY": KEY}
    if ray_folder is not None:
        environment["RAY_TMPDIR"] = str(ray_folder)
    done = subprocess.run(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return Ran(done.returncode, done.stdout)


@dataclass(frozen=True)
class Swept:
    """A sweep of the hosted policy, and what the server saw of it."""

    stub: Stub
    store: Path
    ran: Ran
    ray_folder: Path


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    store = tmp_path_factory.mktemp("endpoint") / "store"
    # Ray puts sockets there, whose paths may have 107 characters: pytest's own folders are long.
    ray_folder = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))
    with stub_server(answer) as stub:
        told = command(stub.url, store, strategies="cot,majority,best_of_n")
        yield Swept(stub, store, run(told, ray_folder), ray_folder)
    shutil.rmtree(ray_folder, ignore_errors=True)


def test_every_unit_is_done_and_usage_is_what_the_server_reported(swept: Swept) -> None:
    assert swept.ran.code == 0, swept.ran.said
    units = scan(swept.store, "units").collect()
    assert set(units["status"]) == {"done"}
    solutions = scan(swept.store, "solutions").collect()
    assert solutions.height == NUM_SOLUTIONS
    refused = [number for number in range(len(swept.stub.asked)) if number % 9 == 4]
    assert len(swept.stub.asked) == NUM_SOLUTIONS + len(refused)
    reported = [
        answer(asked, 0).body["usage"]
        for number, asked in enumerate(swept.stub.asked)
        if number not in refused
    ]
    by_policy = units.filter(kind="sample")
    assert by_policy["policy_prompt_tokens"].sum() == PROMPT_TOKENS * NUM_SOLUTIONS
    assert by_policy["policy_cached_tokens"].sum() == 8 * NUM_SOLUTIONS
    generated = sum(usage["completion_tokens"] for usage in reported)
    assert by_policy["policy_generated_tokens"].sum() == generated
    assert solutions["generated_tokens"].sum() == generated
    assert set(solutions["reasoning_tokens"]) == {6}


def test_reasoning_is_stored_apart_and_its_boxes_are_no_answers(swept: Swept) -> None:
    solutions = scan(swept.store, "solutions").collect()
    assert solutions["reasoning"].str.contains("Perhaps").all()
    assert set(solutions["answer"]) <= {"0", "1", "2"}


def test_what_it_costs_is_known_in_money_and_unknown_in_flops(swept: Swept) -> None:
    cells = pl.read_parquet(swept.store / "frontier" / "cells.parquet").filter(bin="all")
    cot = cells.filter(strategy="cot").row(0, named=True)
    greedy = scan(swept.store, "solutions").filter(pl.col("temperature") == 0).collect()
    mean = greedy["generated_tokens"].mean()
    assert isinstance(mean, float)
    assert cot["money"] == pytest.approx((2.0 * PROMPT_TOKENS + 10.0 * mean) / 1e6)
    majority = cells.filter(strategy="majority", n=POOL).row(0, named=True)
    pool = scan(swept.store, "solutions").filter(pl.col("temperature") > 0).collect()
    generated = sum(pool["generated_tokens"].to_list()) / NUM_PROBLEMS
    spent = 2.0 * PROMPT_TOKENS * POOL + 10.0 * generated
    assert majority["money"] == pytest.approx(spent / 1e6)
    assert cells.filter(pl.col("prm").is_null())["money"].null_count() == 0
    # A PRM's device has no price here, so what best-of-N costs in all is not known.
    assert cells.filter(strategy="best_of_n")["money"].null_count() > 0
    for unknown in ("flops", "flops_policy", "flops_generated", "device_seconds"):
        assert cells[unknown].null_count() == len(cells), unknown


def test_other_prices_reprice_the_store_and_ask_nothing(swept: Swept, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(swept.store, store)
    asked = len(swept.stub.asked)
    before, after = (store / "frontier" / name for name in ("cells.parquet", "cells.csv"))
    money = pl.read_parquet(before)["money"]
    told = command(swept.stub.url, store, strategies="cot,majority,best_of_n")
    doubled = [
        one.replace("input_price: 2.0", "input_price: 4.0").replace(": 10.0", ": 20.0")
        for one in told
    ]
    ran = run(doubled)
    assert ran.code == 0, ran.said
    assert "0 tokens to generate" in ran.said
    assert len(swept.stub.asked) == asked
    assert after.exists()
    assert pl.read_parquet(before)["money"].to_list() == pytest.approx(
        [None if one is None else 2 * one for one in money]
    )


def test_the_frontier_and_the_report_take_a_policy_of_unknown_size(swept: Swept) -> None:
    for module in ("frontier", "report"):
        ran = run([sys.executable, "-m", f"ttsgrid.cli.{module}", str(swept.store)])
        assert ran.code == 0, ran.said
        assert "hosted" in ran.said or module == "report"
    assert "money per problem" in (swept.store / "report.html").read_text(encoding="utf-8")


def test_the_key_is_in_no_store_no_log_and_no_dump(swept: Swept) -> None:
    assert all(a.headers["authorization"] == f"Bearer {KEY}" for a in swept.stub.asked)
    folders = (swept.store, swept.ray_folder)
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert any("worker" in file.name for file in files)
    assert len(files) > 20
    # Parquet compresses: its columns are read as a reader would.
    texts = [scan(swept.store, table).collect().write_json() for table in ("units", "models")]
    assert not [file for file in files if KEY.encode() in file.read_bytes()]
    assert not [text for text in texts if KEY in text]
    dumped = run([*command(swept.stub.url, swept.store), "--cfg", "job"]).said
    assert "api_key_env: A_KEY" in dumped
    assert KEY not in dumped + swept.ran.said


def test_a_plan_asks_nobody(tmp_path: Path) -> None:
    ran = run(command("http://127.0.0.1:9/v1", tmp_path / "store", "plan_only=true"))
    assert ran.code == 0, ran.said
    assert f"{NUM_SOLUTIONS} solutions" in ran.said


def test_a_check_shows_the_messages_and_what_answers_may_cost_and_asks_nobody() -> None:
    told = ["policy=gpt-4o", "benchmark=zoo", "benchmark.num_problems=3", "budgets=[4]"]
    ran = run([sys.executable, "-m", "ttsgrid.cli.check", *told])
    assert ran.code == 0, ran.said
    assert "asked at https://api.openai.com/v1 when a sweep runs" in ran.said
    assert "system: Please reason step by step" in ran.said
    # Three problems, one greedy solution and a pool of four, 4,096 tokens, 10 a million.
    assert "61,440 tokens (0.61 at output_price)" in " ".join(ran.said.split())


def test_a_dead_endpoint_is_one_sentence(tmp_path: Path) -> None:
    ran = run(command("http://127.0.0.1:9/v1", tmp_path / "store"))
    assert ran.code == 1
    assert "Traceback" not in ran.said
    (sentence,) = re.findall(r"^ttsgrid: (.*)$", ran.said, re.MULTILINE)
    assert sentence.startswith("policies.hosted.endpoint: http://127.0.0.1:9/v1 gave no answer")


def question_and_seed(asked: Asked) -> tuple[str, int | None]:
    return asked.body["messages"][-1]["content"], asked.body.get("seed")


def require_the_rest_alone(store: Path, committed: pl.DataFrame, again: list[Asked]) -> None:
    """Hold that only what was not committed was asked, and that all is there now."""
    assert len(again) == NUM_SOLUTIONS - committed.height
    questions = scan(store, "problems").select("problem_id", "question").collect()
    kept = committed.join(questions, on="problem_id")
    held = {
        (question, None if temperature == 0 else seed)
        for question, seed, temperature in kept.select("question", "seed", "temperature").rows()
    }
    assert not held & {question_and_seed(asked) for asked in again}
    everything = scan(store, "solutions").collect()
    assert everything.height == NUM_SOLUTIONS
    assert everything.select("family", "sample").n_unique() == NUM_SOLUTIONS


def test_an_endpoint_that_dies_is_one_sentence_and_what_it_answered_is_not_asked_again(
    tmp_path: Path,
) -> None:
    is_back = threading.Event()

    def dies(asked: Asked, num_before: int) -> Reply:
        is_up = is_back.is_set() or num_before < 30
        return chat_reply("\\boxed{1}") if is_up else error_reply(503, "gone")

    store = tmp_path / "store"
    with stub_server(dies) as stub:
        told = command(stub.url, store)
        ran = run(told)
        assert ran.code == 1
        assert "Traceback" not in ran.said
        (sentence,) = re.findall(r"^ttsgrid: (.*)$", ran.said, re.MULTILINE)
        assert "503" in sentence
        assert set(scan(store, "units").collect()["status"]) == {"done"}
        committed = scan(store, "solutions").collect()
        # Of the 30 answers at most those of unfinished blocks are lost: twice what is in flight.
        assert committed.height >= 30 - 2 * 4
        before = len(stub.asked)
        is_back.set()
        assert run(told).code == 0
    require_the_rest_alone(store, committed, stub.asked[before:])


def test_a_search_goes_on_by_token_ids_where_the_server_takes_them(tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(ZOO_WEIGHTS / "zoo-s")
    step, last = (
        tokenizer.encode(text, add_special_tokens=False)
        for text in ("1 + 1 = 2\n\n", "The answer is \\boxed{2}.")
    )

    def continues(asked: Asked, num_before: int) -> Reply:
        """Two steps, then the answer."""
        prompt = asked.body["prompt"]
        steps = tokenizer.decode(prompt).count("1 + 1 = 2")
        ids, stopped_by = (step, "\n\n") if steps < 2 else (last, None)
        choice = {"token_ids": ids, "finish_reason": "stop", "stop_reason": stopped_by}
        counts = {"prompt_tokens": len(prompt), "completion_tokens": len(ids)}
        return Reply({"choices": [choice], "usage": counts})

    with stub_server(continues) as stub:
        endpoint = f"{{base_url: '{stub.url}', api: completions, served_name: zoo-s}}"
        policy = f"{{name: served, model: 'zoo:zoo-s', format: zoo, endpoint: {endpoint}}}"
        told = command(stub.url, tmp_path / "store", strategies="{name: beam, kind: beam}")
        ran = run([f"policies=[{policy}]" if "policies=" in one else one for one in told])
    assert ran.code == 0, ran.said
    found = scan(tmp_path / "store", "solutions").filter(pl.col("kind") == "search").collect()
    assert found["problem_id"].n_unique() == NUM_PROBLEMS
    assert set(found["num_steps"]) == {3}
    assert set(found["answer"]) == {"2"}
    # Each step continues the ids of the steps before it, byte for byte.
    for asked in stub.asked:
        _, first, rest = tokenizer.decode(asked.body["prompt"]).partition("1 + 1 = 2\n\n")
        assert first + rest in ("", "1 + 1 = 2\n\n", "1 + 1 = 2\n\n1 + 1 = 2\n\n")


@pytest.mark.slow  # the same after an endpoint's death is quick: above
def test_after_a_kill_nothing_that_was_committed_is_asked_again(tmp_path: Path) -> None:
    def slowly(asked: Asked, num_before: int) -> Reply:
        return chat_reply("\\boxed{1}", delay_s=0.4)

    store = tmp_path / "store"
    with stub_server(slowly) as stub:
        told = command(stub.url, store)
        killed = subprocess.Popen(told, env={**os.environ, "A_KEY": KEY}, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 200
        while scan(store, "units").select(pl.len()).collect().item() < 8:
            assert killed.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        time.sleep(3.0)  # the worker sees that its driver is gone, and stops to ask
        committed = scan(store, "solutions").collect()
        assert 0 < committed.height < NUM_SOLUTIONS
        before = len(stub.asked)
        # What was paid for and lost: what was in flight, what a second's commit held, and what
        # was asked until the worker heard of its driver's end; ten answers take a second here.
        assert before - committed.height <= 2 * 4 + 10 + 20

        assert run(told).code == 0
    require_the_rest_alone(store, committed, stub.asked[before:])
