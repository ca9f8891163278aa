"""The sandbox of this machine for tests, and the smallest tests of a function `f`."""

from __future__ import annotations

from functools import cache

import pytest

from ttsgrid.benchmarks.sandbox import Limits, Run, Sandbox, Tests, find_sandbox, run_tests
from ttsgrid.core.errors import ConfigError

TESTS = Tests(
    setup="def f(x):\n    '''Return the number after x.'''\n",
    source="def check(candidate):\n    assert candidate(1) == 2\n    assert candidate(41) == 42\n",
    entry_point="f",
)
SMALL = Limits(cpu_seconds=1, wall_seconds=30, memory_mib=512, output_kib=256)


@cache
def _found() -> Sandbox | str:
    try:
        return find_sandbox()
    except ConfigError as error:
        return str(error)


def sandbox_or_skip() -> Sandbox:
    """Return this machine's sandbox; skip the test, saying why, where there is none."""
    found = _found()
    if isinstance(found, str):
        pytest.skip(f"needs a sandbox: {found}")
    return found


def run_f(program: str, limits: Limits = SMALL) -> Run:
    """Run the tests of `f` on a program."""
    return run_tests(sandbox_or_skip(), program, TESTS, limits)
