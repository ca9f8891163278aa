"""A judge of mathematical equivalence that can't hang its caller.

`MathJudge` keeps one child process (`judge_process`), started at the first question, whose
forks answer. A fork's own CPU timer ends it when an expression takes too long, and a cap on its
memory where one grows too large; the next fork answers the next question. Such a pair
is undecided, which is no verdict: whoever asked decides what it counts as, and says so. A
string that ends a fork alone or beside a harmless one is never asked about again. A
child that can't start is an error too. One lock makes the judge safe
to call from any thread; the child and its fork die with their parent (their input closes).
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from ttsgrid.core.errors import TtsgridError, UndecidedError

CPU_SECONDS = 5.0  # math-verify's own default, but of CPU time
CLOSING_S = 1.0
MAX_ANSWER_CHARS = 512
MAX_PROSE_CHARS = 8192  # of words with marked formulas, where only those are parsed
ROUNDING = 1e-5  # ten times what math-verify rounds decimals to

SHOWN_CHARS = 60
_HARMLESS = r"\sqrt{2}"
_SCRIPT = Path(__file__).with_name("judge_process.py")


@dataclass(frozen=True)
class _Description:
    """What the child says of one string.

    Attributes:
        usable: whether it parses.
        value: of a constant.
        beyond: whether reading it took more than the child may take.
    """

    usable: bool = False
    value: float | None = None
    beyond: bool = False


class MathJudge:
    """Asks math-verify, in a child process, whether two answers are equivalent.

    Args:
        cpu_seconds: CPU time the child may spend on parsing one string, and on
            comparing one pair.
    """

    def __init__(self, cpu_seconds: float = CPU_SECONDS) -> None:
        self._cpu_seconds = cpu_seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._descriptions: dict[str, _Description] = {}

    def equivalent(self, gold: str, answer: str) -> bool:
        """Say whether math-verify finds `answer` equivalent to `gold`.

        Strings longer than `MAX_ANSWER_CHARS` (`MAX_PROSE_CHARS` with marked formulas) or
        that don't parse are equivalent to nothing.

        Raises:
            UndecidedError: the child met its limit of time or memory over them.
            TtsgridError: the child process could not be started.
        """
        if _too_long(gold) or _too_long(answer):
            return False
        with self._lock:
            one, other = self._described(gold), self._described(answer)
            if one.beyond or other.beyond:
                raise _undecided(gold, answer, self._cpu_seconds)
            if not (one.usable and other.usable) or _far_apart(one.value, other.value):
                return False
            verdict = self._ask(gold, answer)
            if verdict is None:
                self._blame(gold, answer)
                raise _undecided(gold, answer, self._cpu_seconds)
            return verdict is True

    def close(self) -> None:
        """End the child process; the next question starts another."""
        with self._lock:
            self._stop()

    def _described(self, text: str) -> _Description:
        if text not in self._descriptions:
            said = self._ask(text)
            self._descriptions[text] = _BEYOND if said is None else _Description(*said)
        return self._descriptions[text]

    def _blame(self, *texts: str) -> None:
        """Drop the strings that end the child beside a harmless one, too."""
        for text in texts:
            if self._ask(_HARMLESS, text) is None:
                self._descriptions[text] = _BEYOND

    def _ask(self, *texts: str) -> Any:  # noqa: ANN401 - the reply's JSON
        """Put one question to the child; None when it or its fork dies over it."""
        self._child = self._child or _start()
        reply = _exchange(self._child, json.dumps([self._cpu_seconds, *texts]))
        if reply:
            return json.loads(reply)
        self._stop()
        return None

    def _stop(self) -> None:
        """End the child and its fork: as their input closes, or by force where that takes long."""
        if self._child is None:
            return
        try:
            self._child.communicate(timeout=CLOSING_S)
        except subprocess.TimeoutExpired:
            if hasattr(os, "killpg"):
                os.killpg(self._child.pid, signal.SIGKILL)
            else:  # Windows, where the child has no forks
                self._child.kill()
            self._child.communicate()
        self._child = None


_BEYOND = _Description(beyond=True)


def _undecided(gold: str, answer: str, cpu_seconds: float) -> UndecidedError:
    return UndecidedError(
        f"comparing {answer[:SHOWN_CHARS]!r} with {gold[:SHOWN_CHARS]!r} took more than "
        f"{cpu_seconds:g} s of processor time, or too much memory"
    )


def _too_long(text: str) -> bool:
    marked = "$" in text or "\\(" in text or "\\[" in text
    return len(text) > (MAX_PROSE_CHARS if marked else MAX_ANSWER_CHARS)


def _far_apart(one: float | None, other: float | None) -> bool:
    """Say whether two constants differ beyond any rounding; spares most comparisons."""
    if one is None or other is None:
        return False
    return not math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING)


def _start() -> subprocess.Popen[str]:
    """Start a child and wait until it is ready (about a second of imports)."""
    child = subprocess.Popen(
        # -P: without it the script's folder comes first on the path, and its `math.py` and
        # `numbers.py` would stand in for the standard library's.
        [sys.executable, "-P", str(_SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # A Ray worker's path differs from what a fresh interpreter would find.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,  # Ctrl-C is for the driver to handle
    )
    assert child.stdout is not None
    if not child.stdout.readline():
        _, complaint = child.communicate()
        raise TtsgridError(f"the math grader's process did not start: {complaint.strip()}")
    return child


def _exchange(child: subprocess.Popen[str], request: str) -> str:
    """Send a line and return the reply; empty when the child is dead."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        print(request, file=child.stdin, flush=True)
    except BrokenPipeError:
        return ""
    return child.stdout.readline()


@cache
def shared_judge() -> MathJudge:
    """Return this process's one judge."""
    return MathJudge()


# Votes at every N ask about the same few pairs again and again.
@lru_cache(maxsize=65536)
def _remembered(gold: str, answer: str) -> bool | UndecidedError:
    try:
        return shared_judge().equivalent(gold, answer)
    except UndecidedError as error:
        return error.with_traceback(None)


def equivalent(gold: str, answer: str) -> bool:
    """Ask the shared judge, remembering what it says; see `MathJudge.equivalent`.

    Raises:
        UndecidedError: likewise.
    """
    said = _remembered(gold, answer)
    if isinstance(said, UndecidedError):
        raise UndecidedError(str(said))
    return said
