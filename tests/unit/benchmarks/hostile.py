"""Judges hostile strings in a process of its own, and prints as JSON what came of it.

The strings are made from kinds that have hung or crashed graders: towers of powers, factorials,
nesting, long digits, unclosed marks, control characters, lists without end. A fresh process,
because what the kernel says of children's memory covers all that a process ever started.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from unittest.mock import patch

from ttsgrid.benchmarks.graders import judge
from ttsgrid.benchmarks.graders.choice import ChoiceGrader
from ttsgrid.benchmarks.graders.judge import MathJudge
from ttsgrid.benchmarks.graders.math import MathGrader
from ttsgrid.benchmarks.graders.numeric import NumericGrader
from ttsgrid.benchmarks.graders.protocol import judge as judge_solution
from ttsgrid.core.records import UNDECIDED

CPU_S = 0.5
GOLD = r"\frac{\sqrt{2}}{7}"
GRADERS = (MathGrader(), NumericGrader(), ChoiceGrader())


@dataclass
class Found:
    """What came of the strings.

    Attributes:
        accepted: beginnings of those that passed for the gold answer, or grouped with it.
        decided: verdicts given; `undecided` are those that met a limit.
        left: ids of children that outlived the judge.
        grown_kib: of this process's largest memory.
        largest_child_kib: the most that one of the judge's processes held.
    """

    decided: int = 0
    undecided: int = 0
    slowest_s: float = 0.0
    accepted: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    grown_kib: int = 0
    largest_child_kib: int = 0


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
# These reach the limit whatever the machine: a few are enough.
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
    """Make so many strings, of kinds drawn at random."""
    rng = random.Random(0)
    for number in range(count):
        kinds = HANGING if number % 50 == 49 else KINDS
        yield rng.choice(list(kinds.values()))(rng)


def judge_all(count: int) -> Found:
    """Judge and group `count` strings with each grader."""
    made = MathJudge(cpu_seconds=CPU_S)
    size_kib = _largest_kib(resource.RUSAGE_SELF)
    found = Found()
    with patch.object(judge, "shared_judge", lambda: made):
        for text in hostile(count):
            _judge(text, found)
    made.close()
    found.left = sorted(_children())
    found.grown_kib = _largest_kib(resource.RUSAGE_SELF) - size_kib
    found.largest_child_kib = _largest_kib(resource.RUSAGE_CHILDREN)
    return found


def _judge(text: str, found: Found) -> None:
    for grader in GRADERS:
        started = time.monotonic()
        verdict = judge_solution(grader, rf"Thus \boxed{{{text}}}.", GOLD)
        found.slowest_s = max(found.slowest_s, time.monotonic() - started)
        found.undecided += verdict.outcome == UNDECIDED
        found.decided += verdict.outcome is None
        groups = grader.group([text, GOLD, text])
        if verdict.correct or len(groups) != 3:
            found.accepted.append(text[:80])


def _largest_kib(who: int) -> int:
    return resource.getrusage(who).ru_maxrss


def _children() -> set[str]:
    """Ids of this process's children, as Linux lists them."""
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return {child for task in tasks for child in (task / "children").read_text().split()}


if __name__ == "__main__":
    print(json.dumps(asdict(judge_all(int(sys.argv[1])))))
