"""Runs programs that nobody has read: in a sandbox, with limits, against tests they can't see."""

from ttsgrid.benchmarks.sandbox.bubblewrap import Sandbox, find_sandbox
from ttsgrid.benchmarks.sandbox.limits import Limits, Outcome, Run
from ttsgrid.benchmarks.sandbox.run import (
    Calls,
    Printed,
    Tests,
    call_program,
    run_tests,
    run_with_input,
)

__all__ = [
    "Calls",
    "Limits",
    "Outcome",
    "Printed",
    "Run",
    "Sandbox",
    "Tests",
    "call_program",
    "find_sandbox",
    "run_tests",
    "run_with_input",
]
