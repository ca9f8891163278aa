"""The solution's process: holds the program, answers calls, and knows no test.

Requests come on one pipe and replies leave on another, a JSON line each. A file that is open
at the start brings the program and its limits. A limit that is hit ends the process, with a
code or a signal that says which.
"""

from __future__ import annotations

import builtins
import json
import os
import sys
from types import ModuleType

from ttsgrid.benchmarks.sandbox.guest.codec import TooLargeError, decode, encode, to_line
from ttsgrid.benchmarks.sandbox.guest.settle import settle
from ttsgrid.benchmarks.sandbox.guest.witness import watch

TYPE_CHECKING = False  # `typing` is slow to import
if TYPE_CHECKING:
    from typing import Any

    Message = dict[str, Any]


class Guest:
    """Answers requests about a program's names."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._kept: list[Any] = []

    def answer(self, request: Message) -> Message:
        """Return a reply: a value, or the exception that came instead."""
        try:
            return self._reply(request)
        except (SystemExit, KeyboardInterrupt) as error:
            return {"exit": type(error).__name__}
        except BaseException as error:  # a program may raise anything
            return described(error)

    def _reply(self, request: Message) -> Message:
        target = self._target(request)
        if "args" not in request:
            return {"value": encode(target, self._keep)}
        args = [self._decode(arg) for arg in request["args"]]
        kwargs = {name: self._decode(value) for name, value in request["kwargs"].items()}
        value = encode(target(*args, **kwargs), self._keep)
        # What a function changes in place, its caller sees: so must a caller in another process.
        changed = {
            index: now
            for index, (arg, was) in enumerate(zip(args, request["args"], strict=True))
            if isinstance(arg, list | dict | set | bytearray)
            and (now := encode(arg, self._keep)) != was
        }
        return {"value": value, "changed": changed} if changed else {"value": value}

    def _target(self, request: Message) -> Any:  # noqa: ANN401 - whatever the program has
        if "name" in request:
            return getattr(self._module, request["name"])
        owner = self._kept[request["handle"]]
        return getattr(owner, request["attribute"]) if "attribute" in request else owner

    def _keep(self, value: object) -> int:
        self._kept.append(value)
        return len(self._kept) - 1

    def _decode(self, value: object) -> Any:  # noqa: ANN401 - an argument of any type
        return decode(value, self._kept.__getitem__)


def described(error: BaseException) -> Message:
    """Return an exception as a reply: the built-in class nearest to it, and its message."""
    nearest = next(kind for kind in type(error).__mro__ if hasattr(builtins, kind.__name__))
    try:
        message = str(error)[:400]
    except BaseException:
        message = ""
    return {"raised": nearest.__name__, "named": type(error).__name__[:80], "message": message}


def load(program: str, name: str) -> ModuleType:
    """Run a program's top level and return it as a module."""
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(program, "<solution>", "exec"), module.__dict__)
    return module


def converse(program: str, requests: int, replies: int) -> None:
    """Load the program, say what it has, and answer until the requests end."""
    try:
        module = load(program, "solution")
    except (SystemExit, KeyboardInterrupt) as error:
        write(replies, {"exit": type(error).__name__})
        return
    except BaseException as error:
        write(replies, described(error))
        return
    write(replies, {"names": [name for name in vars(module) if not name.startswith("__")]})
    guest = Guest(module)
    with os.fdopen(requests, "rb") as lines:
        for line in lines:
            write(replies, guest.answer(json.loads(line)))


def write(replies: int, message: Message) -> None:
    """Send a reply, or say why it can't be sent."""
    try:
        line = to_line(message)
    except (TooLargeError, RecursionError, ValueError) as error:
        line = to_line({"raised": "ValueError", "named": type(error).__name__, "message": ""})
    while line:
        line = line[os.write(replies, line) :]


def main() -> None:
    """Serve one program; the arguments are descriptors: its settings, requests, replies."""
    settings = settle(int(sys.argv[1]))
    requests, replies = int(sys.argv[2]), int(sys.argv[3])
    sys.argv = ["solution.py"]
    watch(settings["readable"], os.getcwd())
    if settings["reads_stdin"]:
        os.close(requests)
        os.close(replies)
        load(settings["program"], "__main__")
        return
    converse(settings["program"], requests, replies)
