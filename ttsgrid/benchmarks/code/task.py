"""What a code problem is beyond its question: its tests, and the inputs that votes compare on.

It is kept where other problems keep their gold answer, as canonical JSON, so that a store has
everything a verdict needs. `inputs` come from the prompt or are generated from its signature;
they are never the tests', or a vote would look at the gold answer.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ttsgrid.core.identity import canonical_json


@dataclass(frozen=True)
class CodeTask:
    """The tests of one problem.

    Attributes:
        setup: the code that a solution continues or may rely on: imports, constants, helpers,
            and the stub of the function; empty where the question holds no code.
        entry_point: the function under test; empty for programs that read standard input.
        tests: Python source, see `ttsgrid.benchmarks.sandbox.run.Tests`.
        cases: (standard input, expected output) of programs that read it.
        inputs: what votes compare programs on, as source of a list: argument tuples, or texts
            for standard input.
        method: of a class `Solution`, where that is what is tested; the entry point calls it.
    """

    setup: str = ""
    entry_point: str = ""
    tests: str = ""
    cases: tuple[tuple[str, str], ...] = ()
    inputs: str = "[]"
    method: str = ""

    def as_json(self) -> str:
        """Return it as a problem's gold answer."""
        return canonical_json(asdict(self))


def read_task(gold: str) -> CodeTask:
    """Return the task that a gold answer holds."""
    held = json.loads(gold)
    return CodeTask(**{**held, "cases": tuple((given, out) for given, out in held["cases"])})
