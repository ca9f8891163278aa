"""What a run of a program may take, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ttsgrid.core.errors import ConfigError


@dataclass(frozen=True)
class Limits:
    """Limits of one run: of the program's process, and as much again of the tests'.

    Attributes:
        cpu_seconds: processor time, so that a busy machine changes no verdict.
        wall_seconds: for what waits without computing.
        memory_mib: address space of a process.
        output_kib: what a program may print.
        recursion: Python's recursion limit at the start; a program may raise its own.
    """

    cpu_seconds: int = 10
    wall_seconds: int = 40
    memory_mib: int = 1024
    output_kib: int = 1024
    recursion: int = 1000

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ConfigError(f"benchmark.grader_options.{name}={value} must be above 0")

    def as_rlimits(self) -> dict[str, int]:
        """Return them as the kernel's limits, by the names of `setrlimit`.

        Nothing can be written to a file (`FSIZE`), shared memory among them. The number of
        threads is bounded by `NPROC`, which the kernel doesn't hold root to, and by memory.
        """
        return {
            "CPU": self.cpu_seconds,
            "AS": self.memory_mib << 20,
            "FSIZE": 0,
            "NOFILE": 64,
            "NPROC": 128,
            "CORE": 0,
        }


class Outcome(StrEnum):
    """What a run of the tests came to."""

    PASSED = "passed"
    FAILED = "failed assertion"
    ERROR = "error"
    TIME = "time-out"
    MEMORY = "memory"
    OUTPUT = "output"
    EARLY_EXIT = "early exit"
    REFUSED = "escape refused"


@dataclass(frozen=True)
class Run:
    """How a run of a program ended.

    Attributes:
        detail: the assertion, the exception or what was refused, in words.
        num_calls: how often tests called the program.
    """

    outcome: Outcome
    detail: str = ""
    num_calls: int = 0
