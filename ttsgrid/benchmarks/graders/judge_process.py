"""The child process that parses and compares answers with math-verify.

Run as a script by `ttsgrid.benchmarks.graders.judge`, never imported by it: sympy can
hang in C code that no exception interrupts, and math-verify's own timeout is
SIGALRM, which works on a main thread only. Here the kernel keeps the time: each
request arms a timer of *CPU* seconds whose signal ends this process, so a
verdict does not depend on how busy the machine is. Memory is capped likewise.

The process that is started only imports, which takes a second, and waits for forks of itself
that answer one after another: after a death the next is there in milliseconds.

Windows has neither forks nor such timers and caps. There the process answers itself, a watchdog
counts seconds on the clock, memory has no cap, and a death costs the second of imports again.

Protocol, a JSON line each way: `true` out once ready; `[cpu_seconds, text]` in
asks whether the text parses and for its value, `[cpu_seconds, gold, answer]`
whether the two are equivalent; `null` out for a request over which the process died. This file
imports nothing of ttsgrid, so it starts wherever math-verify does.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TextIO

from math_verify import parse, verify
from sympy import Expr, MatrixExpr

FORKS = hasattr(os, "fork")
MEMORY_LIMIT_BYTES = 4 << 30
_DELIMITERS = ("\\boxed", "$", "\\(", "\\[")


@lru_cache(maxsize=8192)
def _parsed(text: str) -> Any:  # noqa: ANN401 - lists of sympy objects and strings
    delimited = any(mark in text.replace("\\$", "") for mark in _DELIMITERS)
    return parse(text if delimited else f"\\boxed{{{text}}}", parsing_timeout=None)


def _real_value(text: str) -> float | None:
    """Return the value of a real constant; None for anything else."""
    constant = next(iter(_parsed(text)), None)
    # A sum of matrices is an Expr too, and has no number as its value.
    if not isinstance(constant, Expr) or isinstance(constant, MatrixExpr):
        return None
    if constant.free_symbols:
        return None
    value = constant.evalf(15)
    return float(value) if value.is_Float or value.is_Integer else None


def _verdict(gold: str, *answer: str) -> bool | list[bool | float | None]:
    if not answer:
        return [bool(_parsed(gold)), _real_value(gold)]
    same = verify(
        _parsed(gold),
        _parsed(*answer),
        timeout_seconds=None,
        allow_set_relation_comp=True,  # -2 <= x <= 7 is x in [-2, 7], whichever is the gold
    )
    return bool(same)


def _answered(texts: list[str]) -> bool | list[bool | float | None]:
    """Return the verdict; an exception of math-verify or sympy is none: nothing equals that.

    At the cap on memory the process ends, as at its limit of time: that decides nothing.
    """
    try:
        return _verdict(*texts)
    except MemoryError:
        os._exit(1)
    except Exception:
        return False if len(texts) > 1 else [False, None]


def _limit_resources() -> None:
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource = importlib.import_module("resource")  # Unix's
    with contextlib.suppress(ValueError, OSError):  # macOS refuses this limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))


def _private_stdout() -> int:
    """Keep standard output for verdicts alone; what libraries print goes nowhere."""
    verdicts = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    return verdicts


def _answer_all(verdicts: TextIO) -> None:
    """Answer requests until standard input closes."""
    for line in sys.stdin:
        cpu_seconds, *texts = json.loads(line)
        with _at_most(cpu_seconds):
            verdict = _answered(texts)
        print(json.dumps(verdict), file=verdicts)


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """End this process when what is done within takes longer."""
    if FORKS:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        yield
        signal.setitimer(signal.ITIMER_PROF, 0)
        return
    # Its thread needs no GIL, so that it ends C code as well.
    faulthandler.dump_traceback_later(seconds, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def _is_answered_by_fork(verdicts: TextIO) -> bool:
    """Let a fork answer; False when it died over a request."""
    fork = os.fork()
    if not fork:
        _answer_all(verdicts)
        os._exit(0)
    return os.waitpid(fork, 0)[1] == 0


def main() -> None:
    """See the module."""
    logging.disable(logging.CRITICAL)
    if FORKS:
        _limit_resources()
    with os.fdopen(_private_stdout(), "w", buffering=1) as verdicts:
        print("true", file=verdicts)
        if not FORKS:
            _answer_all(verdicts)
            return
        # One request is in flight at most, so a dead fork leaves none unread behind.
        while not _is_answered_by_fork(verdicts):
            print("null", file=verdicts)


if __name__ == "__main__":
    main()
