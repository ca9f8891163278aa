"""The tests' process: runs the tests against a program that it only talks to.

The program lives in another process of another sandbox. What a test calls is a stand-in that
sends the arguments and rebuilds the value that comes back from plain data. So the program
can't read the tests, patch what they call, or answer with an object that equals everything.

A pass is a nonce written after the last line of the tests; tests that end early wrote none.
"""

from __future__ import annotations

import ast
import builtins
import json
import math
import os
import random
import sys
from collections.abc import Iterable

from ttsgrid.benchmarks.sandbox.guest.codec import MAX_MESSAGE_BYTES, Handle, decode, encode
from ttsgrid.benchmarks.sandbox.guest.settle import settle

CHECK = "check"
RENAMED = "ttsgrid_check"  # a program may have a `check` of its own, which tests may call
TYPE_CHECKING = False  # `typing` is slow to import
if TYPE_CHECKING:
    from typing import Any

    Message = dict[str, Any]


class GoneError(BaseException):
    """The program's process ended under a test."""


class ExitedError(BaseException):
    """The program asked to end its process."""


class Line:
    """The pipes to the program's process."""

    def __init__(self, requests: int, replies: int) -> None:
        self._requests = os.fdopen(requests, "wb", buffering=0)
        self._replies = os.fdopen(replies, "rb")
        self.num_calls = 0
        self.ended: BaseException | None = None

    def receive(self) -> Message:
        """Return the next reply; raises what it says was raised."""
        line = self._replies.readline(MAX_MESSAGE_BYTES + 1)
        if not line.endswith(b"\n"):
            self._end(GoneError())
        reply: Message = json.loads(line)
        if "exit" in reply:
            self._end(ExitedError(reply["exit"]))
        if "raised" in reply:
            raise _rebuilt(reply)
        return reply

    def ask(self, request: Message) -> Message:
        """Send a request and return the reply."""
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
        except BrokenPipeError:
            self._end(GoneError())
        return self.receive()

    def _end(self, error: BaseException) -> None:
        self.ended = error  # a test's bare `except:` must not make this a pass
        raise error


def _rebuilt(reply: Message) -> BaseException:
    kind = getattr(builtins, str(reply["raised"]), None)
    is_usable = isinstance(kind, type) and issubclass(kind, Exception)
    try:
        error: BaseException = kind(reply["message"]) if is_usable else Exception()  # type: ignore[misc]
    except TypeError:  # UnicodeDecodeError takes five arguments
        error = Exception(reply["message"])
    error.of_program = reply["named"] or reply["raised"]  # type: ignore[attr-defined]
    return error


class Remote:
    """Stands for a function or object of the program's process; equal to itself alone."""

    def __init__(self, line: Line, path: Message) -> None:
        self.__dict__["_line"], self.__dict__["_path"] = line, path

    def __call__(self, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - any data
        """Call what it stands for, and bring home what the call changed in its arguments."""
        line: Line = self._line
        line.num_calls += 1
        request = {
            **self._path,
            "args": [encode(_handled(arg), _refuse) for arg in args],
            "kwargs": {name: encode(_handled(arg), _refuse) for name, arg in kwargs.items()},
        }
        reply = line.ask(request)
        for index, now in reply.get("changed", {}).items():
            _change(args[int(index)], _decoded(line, now))
        return _decoded(line, reply["value"])

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any data
        if name.startswith("__") or "handle" not in self._path:
            raise AttributeError(name)
        return _looked_up(self._line, {**self._path, "attribute": name})


def _handled(value: object) -> object:
    """Return what stands for a value in a request: an object of the program's, as a handle."""
    if isinstance(value, Remote):
        return Handle(value._path["handle"]) if "handle" in value._path else value
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(_handled(member) for member in value)
    return value


def _refuse(value: object) -> int:
    raise TypeError(f"the tests pass a {type(value).__name__}, which can't leave their process")


def _looked_up(line: Line, path: Message) -> Any:  # noqa: ANN401 - any data
    value = _decoded(line, line.ask(path)["value"])
    return Remote(line, path) if isinstance(value, Remote) else value


def _decoded(line: Line, value: object) -> Any:  # noqa: ANN401 - any data
    def remote(number: int) -> Remote:
        return Remote(line, {"handle": number})

    return decode(value, remote)


def _change(argument: Any, now: Any) -> None:  # noqa: ANN401 - a mutable container
    if isinstance(argument, list | bytearray):
        argument[:] = now
    elif isinstance(argument, dict | set):
        argument.clear()
        argument.update(now)


def prepare(source: str) -> tuple[ast.Module, list[str]]:
    """Return the tests with their `check` renamed, and the names that they use."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == CHECK:
            node.name = RENAMED
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return tree, sorted(used)


def surroundings(settings: Message, line: Line, has: Iterable[str], used: list[str]) -> Message:
    """Return the globals of the tests.

    The prompt's own helpers come from the prompt, not from the program, which could have
    others of the same name. So does everything built in. What is left is the program's.
    """
    space: Message = {"__name__": "tests", "math": math}
    exec(compile(settings["setup"], "<prompt>", "exec"), space)
    mine = {*space, *dir(builtins)} - {settings["entry_point"]}
    for name in {*has} & {*used, settings["entry_point"]} - mine:
        space[name] = _looked_up(line, {"name": name})
    return space


def run(settings: Message, line: Line) -> Message:
    """Run the tests and return the verdict."""
    has = line.receive()["names"]
    entry = settings["entry_point"]
    if entry not in has:
        return {"verdict": "error", "detail": f"NameError: no function {entry}"}
    tree, used = prepare(settings["test"])
    space = surroundings(settings, line, has, used)
    exec(compile(tree, "<tests>", "exec"), space)
    if RENAMED in space:
        space[RENAMED](space[entry])
    return {"verdict": "passed", "detail": ""}


def verdict(settings: Message, line: Line) -> Message:
    """Run the tests and return the verdict, whatever happens in them."""
    try:
        found = run(settings, line)
    except (GoneError, ExitedError):
        found = {"verdict": "ended", "detail": ""}
    except BaseException as error:
        found = _failed(error, settings["test"])
    if line.ended is not None:
        return {"verdict": "ended", "detail": str(line.ended)}
    return {**found, "calls": line.num_calls}


def _failed(error: BaseException, source: str) -> Message:
    named = getattr(error, "of_program", None)
    if named is None and isinstance(error, AssertionError):
        return {"verdict": "failed", "detail": _asserted(error, source)}
    kind = named or type(error).__name__
    whose = "program" if named else "tests"
    return {"verdict": "error", "kind": kind, "whose": whose, "detail": f"{kind}: {error}"[:400]}


def _asserted(error: BaseException, source: str) -> str:
    """Return the line whose assertion failed."""
    trace, number = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<tests>":
            number = trace.tb_lineno
        trace = trace.tb_next
    lines = source.splitlines()
    return lines[number - 1].strip()[:400] if 0 < number <= len(lines) else ""


def main() -> None:
    """Run one set of tests; the arguments are descriptors: settings, requests, replies."""
    settings = settle(int(sys.argv[1]))
    line = Line(int(sys.argv[2]), int(sys.argv[3]))
    verdicts = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    random.seed(0)  # tests that draw their inputs draw the same for every solution
    found = verdict(settings, line)
    with os.fdopen(verdicts, "w") as out:
        out.write(json.dumps({**found, "nonce": settings["nonce"]}))
