"""Hostile answers: each is decided, or recorded as undecided, in bounded time and memory.

The strings are made from kinds that have hung or crashed graders: towers of powers, factorials,
nesting, long digits, unclosed marks, control characters, lists without end.
"""

from __future__ import annotations

import os
import random
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ttsgrid.benchmarks.graders import judge
from ttsgrid.benchmarks.graders.choice import ChoiceGrader
from ttsgrid.benchmarks.graders.judge import MathJudge
from ttsgrid.benchmarks.graders.judge_process import MEMORY_LIMIT_BYTES
from ttsgrid.benchmarks.graders.math import MathGrader
from ttsgrid.benchmarks.graders.numeric import NumericGrader
from ttsgrid.benchmarks.graders.protocol import judge as judge_solution
from ttsgrid.core.records import UNDECIDED

CPU_S = 0.5
# A decision: reading both strings, comparing them and blaming one, each to its limit, and as
# many starts of the judge's process, on a machine that does other things too.
MOST_WALL_S = 60.0
GOLD = r"\frac{\sqrt{2}}{7}"

Rng = random.Random
KINDS: dict[str, Callable[[Rng], str]] = {
    "digits": lambda rng: "9" * rng.randrange(1, 20_000),
    "decimals": lambda rng: "0." + "3" * rng.randrange(1, 20_000),
    "braces": lambda rng: "{" * rng.randrange(1, 3000),
    "boxes": lambda rng: r"\boxed{" * rng.randrange(1, 2000),
    "fractions": lambda rng: _nested(r"\frac{1}{%s}", rng.randrange(1, 60)),
    "roots": lambda rng: _nested(r"\sqrt{%s}", rng.randrange(1, 90)),
    "brackets": lambda rng: _nested("(%s)", rng.randrange(1, 400)),
    "sums": lambda rng: "+".join("x" for _ in range(rng.randrange(1, 400))),
    "products": lambda rng: "*".join("(x+1)" for _ in range(rng.randrange(1, 40))),
    "lists": lambda rng: ",".join(str(n) for n in range(rng.randrange(1, 2000))),
    "exponents": lambda rng: f"1e{rng.randrange(1, 10**9)}",
    "units": lambda rng: "5 " + "m^{9} " * rng.randrange(1, 200),
    "unit powers": lambda rng: f"5 meter^{{{rng.randrange(10, 10**9)}}}",
    "code": lambda rng: f"__import__('os').system('sleep {rng.randrange(9)}')",
    "words": lambda rng: "the answer is " * rng.randrange(1, 3000),
    "dollars": lambda rng: "$" * rng.randrange(1, 3000),
    "backslashes": lambda rng: "\\" * rng.randrange(1, 3000),
    "spaces": lambda rng: " " * rng.randrange(1, 20_000) + "x",
    "bytes": lambda rng: "".join(chr(rng.randrange(1, 0xD800)) for _ in range(200)),
    "null": lambda rng: "\0" * rng.randrange(1, 200) + "1",
    "matrices": lambda rng: r"\begin{pmatrix}" + "1 & " * rng.randrange(1, 60),
    "commands": lambda rng: r"\left(\right." * rng.randrange(1, 300),
    "integrals": lambda rng: rf"\int_0^{{{rng.randrange(1, 99)}}} x^{{x}} dx",
    "limits": lambda rng: rf"\sum_{{n=1}}^{{{10 ** rng.randrange(1, 9)}}} \frac{{1}}{{n}}",
}
# These reach the limit, and a new process then takes a second to start: a few are enough.
HANGING: dict[str, Callable[[Rng], str]] = {
    "towers": lambda rng: _nested("9^{%s}", rng.randrange(5, 9)),
    "factorials": lambda rng: str(rng.randrange(10**5, 10**6)) + "!!!!",
}


def _nested(form: str, depth: int) -> str:
    text = "1"
    for _ in range(depth):
        text = form.replace("%s", text)
    return text


def hostile(count: int) -> Iterator[str]:
    rng = random.Random(0)
    for number in range(count):
        kinds = HANGING if number % 50 == 49 else KINDS
        yield rng.choice(list(kinds.values()))(rng)


def children() -> set[str]:
    """Ids of this process's children, as Linux lists them."""
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return {child for task in tasks for child in (task / "children").read_text().split()}


@pytest.fixture
def quick_judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[MathJudge]:
    made = MathJudge(cpu_seconds=CPU_S)
    monkeypatch.setattr(judge, "shared_judge", lambda: made)
    judge._remembered.cache_clear()
    yield made
    made.close()
    judge._remembered.cache_clear()


@pytest.mark.parametrize(
    "count", [60, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])]
)
def test_hostile_answers_are_each_decided_within_the_limits_and_leave_nothing_behind(
    quick_judge: MathJudge, count: int
) -> None:
    before, size = children(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    graders = (MathGrader(), NumericGrader(), ChoiceGrader())
    undecided = 0
    for text in hostile(count):
        for grader in graders:
            started = time.monotonic()
            found = judge_solution(grader, rf"Thus \boxed{{{text}}}.", GOLD)
            assert time.monotonic() - started < MOST_WALL_S, text[:80]
            assert not found.correct, text[:80]
            assert (found.outcome is None) or found.outcome == UNDECIDED
            undecided += found.outcome == UNDECIDED
            assert len(grader.group([text, GOLD, text])) == 3
    quick_judge.close()
    assert 0 < undecided <= count // 10
    assert children() <= before
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - size
    assert grown_kib < 500 * 1024
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert largest <= MEMORY_LIMIT_BYTES
