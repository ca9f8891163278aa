"""The grader of code: runs a solution against hidden tests, in a sandbox.

A solution is right when it passes all tests. What votes group by is not its text but its
behaviour on the prompt's examples, or on inputs generated from the prompt's signature
(`ttsgrid.benchmarks.code.inputs`), found in the same sandbox and stored as the answer: so
reading a store runs no code.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import ClassVar

from ttsgrid.benchmarks.code.behaviour import as_answer, of_calls, of_printed
from ttsgrid.benchmarks.code.program import code_in, is_code_ended, program_of, sought_in
from ttsgrid.benchmarks.code.task import CodeTask, read_task
from ttsgrid.benchmarks.graders.protocol import Judgement
from ttsgrid.benchmarks.sandbox import (
    Limits,
    Outcome,
    Run,
    Sandbox,
    Tests,
    call_program,
    find_sandbox,
    run_tests,
    run_with_input,
)

VOTE_CPU_SECONDS = 2  # for all inputs of a vote: a generated one may be outside a task's domain


@dataclass(frozen=True)
class CodeGrader:
    """Judges programs by their tests; see the module.

    Attributes:
        cpu_seconds, wall_seconds, memory_mib, output_kib: limits of a run of the tests.
        allow_unsafe: run programs with the user's own rights where there is no sandbox.
    """

    cpu_seconds: int = 10
    wall_seconds: int = 60
    memory_mib: int = 1024
    output_kib: int = 1024
    allow_unsafe: bool = False
    name: str = "code"
    equality: ClassVar[str] = (
        "the same behaviour on the prompt's examples, else on inputs generated from its signature"
    )

    def __post_init__(self) -> None:
        self._limits()

    def extract(self, text: str) -> str | None:
        """Return the code in a solution; None where there is none."""
        return code_in(text)

    def is_final(self, text: str) -> bool:
        """Say whether a partial solution holds a finished block of code."""
        return is_code_ended(text)

    def is_correct(self, answer: str, gold: str) -> bool:
        """Say whether a program passes the tests in `gold`."""
        return self._run(read_task(gold), answer).outcome is Outcome.PASSED

    def group(self, answers: Sequence[str]) -> list[int]:
        """Group behaviours that are alike."""
        seen: dict[str, int] = {}
        return [seen.setdefault(answer, len(seen)) for answer in answers]

    def require_ready(self) -> None:
        """Refuse to begin where nothing can be judged.

        Raises:
            ConfigError: there is no sandbox, and running without one is not allowed.
        """
        self._sandbox()

    def judge(self, text: str, gold: str) -> Judgement:
        """Run a solution, and say what came of it and how it behaves."""
        code = code_in(text, sought_in(read_task(gold)))
        return Judgement(None, correct=False) if code is None else _judged(self, code, gold)

    def judged(self, code: str, gold: str) -> Judgement:
        """Run a program, and say what came of it and how it behaves."""
        task = read_task(gold)
        run = self._run(task, code)
        return Judgement(
            self._behaviour(task, code),
            correct=run.outcome is Outcome.PASSED,
            outcome=run.outcome.value,
            detail=run.detail or None,
        )

    def _run(self, task: CodeTask, code: str) -> Run:
        program = program_of(task, code)
        if not task.cases:
            tests = Tests(task.setup, task.tests, task.entry_point)
            return run_tests(self._sandbox(), program, tests, self._limits())
        calls = 0
        for given, expected in task.cases:
            printed = run_with_input(self._sandbox(), program, given, self._limits())
            calls += 1
            if printed.end is not None:
                return replace(printed.end, num_calls=calls)
            if not same_output(printed.text, expected):
                return Run(Outcome.FAILED, f"printed {printed.text[:200]!r}", calls)
        return Run(Outcome.PASSED, num_calls=calls)

    def _behaviour(self, task: CodeTask, code: str) -> str | None:
        inputs = ast.literal_eval(task.inputs)
        if not inputs:  # nothing to compare programs on but themselves
            return code.strip()
        program = program_of(task, code)
        limits = replace(self._limits(), cpu_seconds=VOTE_CPU_SECONDS)
        if task.cases:
            runs = (run_with_input(self._sandbox(), program, given, limits) for given in inputs)
            return as_answer([of_printed(run) for run in runs])
        calls = call_program(self._sandbox(), program, task.entry_point, inputs, limits)
        parts = of_calls(calls, len(inputs))
        return None if parts is None else as_answer(parts)

    def _sandbox(self) -> Sandbox:
        return find_sandbox(allow_unsafe=self.allow_unsafe)

    def _limits(self) -> Limits:
        return Limits(self.cpu_seconds, self.wall_seconds, self.memory_mib, self.output_kib)


@lru_cache(maxsize=4096)  # the samples of a pool repeat themselves
def _judged(grader: CodeGrader, code: str, gold: str) -> Judgement:
    return grader.judged(code, gold)


def same_output(printed: str, expected: str) -> bool:
    """Say whether two outputs are the same line by line, spaces aside, numbers by value."""
    one, other = (text.strip().splitlines() for text in (printed, expected))
    return len(one) == len(other) and all(map(_same_line, one, other))


def _same_line(printed: str, expected: str) -> bool:
    one, other = printed.split(), expected.split()
    return len(one) == len(other) and all(map(_same_word, one, other))


def _same_word(printed: str, expected: str) -> bool:
    if printed == expected:
        return True
    try:
        return Decimal(printed) == Decimal(expected)
    except InvalidOperation:
        return False
