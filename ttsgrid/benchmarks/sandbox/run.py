"""Run a program: against tests, on inputs for its functions, or on a standard input.

Each run is one or two processes of their own (`ttsgrid.benchmarks.sandbox.guest`). The calling
thread waits for them and holds no lock on the interpreter meanwhile; at most as many runs go
on at once as the machine has processors, whatever the number of threads.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from ttsgrid.benchmarks.sandbox.bubblewrap import Sandbox, memory_file
from ttsgrid.benchmarks.sandbox.guest.codec import encode, to_line
from ttsgrid.benchmarks.sandbox.limits import Limits, Outcome, Run
from ttsgrid.benchmarks.sandbox.plumbing import AT_ONCE, Pipes, opened, pipe_of, running
from ttsgrid.benchmarks.sandbox.processes import Collected, Guest, Stream, collect, how_ended, start

_MAX_VERDICT_BYTES = 1 << 16
MAX_REPLIES_BYTES = 1 << 20  # to all calls: unlike the tests', they are read in our own process


@dataclass(frozen=True)
class Tests:
    """Tests of a program.

    Attributes:
        setup: source that the tests may use: the prompt, with its imports and helpers.
        source: the tests; a function `check` in them is called with the entry point.
        entry_point: name of the function under test.
    """

    __test__ = False  # pytest takes the name for its own

    setup: str
    source: str
    entry_point: str


def run_tests(sandbox: Sandbox, program: str, tests: Tests, limits: Limits) -> Run:
    """Run a program's tests, each of the two in a sandbox of its own."""
    nonce = secrets.token_hex(16)
    with AT_ONCE, ExitStack() as stack:
        pipes = Pipes(stack)
        guest = stack.enter_context(
            running(
                start(
                    sandbox,
                    "solution",
                    _program_settings(program, limits),
                    (pipes.requests_out, pipes.replies_in),
                    stderr=subprocess.STDOUT,
                )
            )
        )
        settings = {**vars(tests), "test": tests.source, "nonce": nonce, **_common(limits)}
        judge = stack.enter_context(
            running(start(sandbox, "tests", settings, (pipes.requests_in, pipes.replies_out)))
        )
        pipes.close()
        collected = collect(
            {
                "printed": Stream(pipe_of(guest.process.stdout), limits.output_kib << 10),
                "verdict": Stream(pipe_of(judge.process.stdout), _MAX_VERDICT_BYTES, awaited=True),
            },
            time.monotonic() + limits.wall_seconds,
        )
        return _verdict(collected, nonce, guest, judge, limits)


def _verdict(collected: Collected, nonce: str, guest: Guest, judge: Guest, limits: Limits) -> Run:
    if collected.limit is not None:
        return Run(collected.limit, _limit_in_words(collected.limit, limits))
    try:
        found = json.loads(collected.content["verdict"])
    except ValueError:
        return Run(*_without_verdict(judge, limits))
    calls = found.get("calls", 0)
    if found["verdict"] == "passed" and found.get("nonce") == nonce:
        return Run(Outcome.PASSED, num_calls=calls)
    if found["verdict"] == "ended":
        return Run(*_ended(found["detail"], guest, collected.content["printed"], limits))
    if found["verdict"] == "failed":
        return Run(Outcome.FAILED, found["detail"], calls)
    is_memory = found.get("kind") == "MemoryError"
    return Run(Outcome.MEMORY if is_memory else Outcome.ERROR, found["detail"], calls)


def _ended(exit_name: str, guest: Guest, printed: bytes, limits: Limits) -> tuple[Outcome, str]:
    if exit_name:
        return Outcome.EARLY_EXIT, f"raised {exit_name}"
    return how_ended(guest, printed, limits)


def _without_verdict(judge: Guest, limits: Limits) -> tuple[Outcome, str]:
    outcome, detail = how_ended(judge, b"", limits)
    return outcome, f"the tests' own process: {detail}"


def _limit_in_words(limit: Outcome, limits: Limits) -> str:
    if limit is Outcome.TIME:
        return f"more than {limits.wall_seconds} s"
    return f"more than {limits.output_kib} KiB printed"


@dataclass(frozen=True)
class Calls:
    """What calls of a program's function came to.

    Attributes:
        replies: one per call as far as the program got: JSON, with `value` or `raised`.
        end: how the program ended before the last call; None where it answered all.
        is_loaded: whether its top level ran to the end.
    """

    replies: tuple[dict[str, Any], ...]
    end: Run | None
    is_loaded: bool = True


def call_program(
    sandbox: Sandbox,
    program: str,
    entry_point: str,
    arguments: Sequence[Sequence[object]],
    limits: Limits,
) -> Calls:
    """Call a program's function with each list of arguments, one after another."""
    requests = b"".join(_request(entry_point, given) for given in arguments)
    with AT_ONCE, ExitStack() as stack:
        told = stack.enter_context(opened(memory_file(requests)))
        replies_out, replies_in = os.pipe()
        stack.enter_context(opened(replies_out))
        guest = stack.enter_context(
            running(
                start(
                    sandbox,
                    "solution",
                    _program_settings(program, limits),
                    (told, replies_in),
                    stderr=subprocess.STDOUT,
                )
            )
        )
        os.close(replies_in)
        collected = collect(
            {
                "printed": Stream(pipe_of(guest.process.stdout), limits.output_kib << 10),
                "replies": Stream(replies_out, MAX_REPLIES_BYTES, awaited=True),
            },
            time.monotonic() + limits.wall_seconds,
        )
        return _calls(collected, guest, len(arguments), limits)


def _reply(line: bytes) -> dict[str, Any]:
    """Read a reply; a program may write what it likes, and then it raised nothing known."""
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        reply = None
    known = isinstance(reply, dict) and not {"names", "value", "raised", "exit"}.isdisjoint(reply)
    return reply if known else {"raised": "ValueError", "named": "NoReply", "message": ""}


def _request(entry_point: str, given: Sequence[object]) -> bytes:
    args = [encode(value, _no_object) for value in given]
    return to_line({"name": entry_point, "args": args, "kwargs": {}})


def _no_object(value: object) -> int:
    raise TypeError(f"{type(value).__name__} is no data")


def _calls(collected: Collected, guest: Guest, num_calls: int, limits: Limits) -> Calls:
    lines = collected.content["replies"].split(b"\n")[:-1]  # what is cut off is no reply
    first, *replies = list(map(_reply, lines)) or [{}]
    if "raised" in first:
        error = Run(Outcome.ERROR, f"{first['raised']}: {first.get('message')}")
        return Calls((), error, is_loaded=False)
    ending = next((n for n, reply in enumerate(replies) if "exit" in reply), len(replies))
    if ending >= num_calls:
        return Calls(tuple(replies[:num_calls]), None)
    if collected.limit is not None:
        end = Run(collected.limit, _limit_in_words(collected.limit, limits))
    else:
        last = first if "exit" in first else [*replies, {}][ending]
        exit_name = str(last.get("exit", ""))
        end = Run(*_ended(exit_name, guest, collected.content["printed"], limits))
    return Calls(tuple(replies[:ending]), end, is_loaded="names" in first)


@dataclass(frozen=True)
class Printed:
    """What a program that reads a standard input printed, and how it ended otherwise.

    Attributes:
        end: None where it ended by itself with code 0.
    """

    text: str
    end: Run | None


def run_with_input(sandbox: Sandbox, program: str, stdin: str, limits: Limits) -> Printed:
    """Run a program that reads its standard input, and return what it printed."""
    with AT_ONCE, ExitStack() as stack:
        source = stack.enter_context(opened(memory_file(stdin.encode())))
        pipes = Pipes(stack)
        settings = {**_program_settings(program, limits), "reads_stdin": True}
        given = (pipes.requests_out, pipes.replies_in)
        guest = stack.enter_context(running(start(sandbox, "solution", settings, given, source)))
        pipes.close()
        collected = collect(
            {
                "printed": Stream(
                    pipe_of(guest.process.stdout), limits.output_kib << 10, awaited=True
                ),
                "errors": Stream(pipe_of(guest.process.stderr), limits.output_kib << 10),
            },
            time.monotonic() + limits.wall_seconds,
        )
        if collected.limit is not None:
            end: Run | None = Run(collected.limit, _limit_in_words(collected.limit, limits))
        else:
            end = _ended_alone(guest, collected.content["errors"], limits)
        return Printed(collected.content["printed"].decode("utf-8", "replace"), end)


def _ended_alone(guest: Guest, errors: bytes, limits: Limits) -> Run | None:
    code = guest.code()
    if code == 0:
        return None
    if code != 1:
        return Run(*how_ended(guest, errors, limits))
    last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2][:400]
    is_memory = last.startswith("MemoryError")
    return Run(Outcome.MEMORY if is_memory else Outcome.ERROR, last)


def _common(limits: Limits) -> dict[str, Any]:
    return {"limits": limits.as_rlimits(), "recursion": limits.recursion}


def _program_settings(program: str, limits: Limits) -> dict[str, Any]:
    return {"program": program, "reads_stdin": False, **_common(limits)}
