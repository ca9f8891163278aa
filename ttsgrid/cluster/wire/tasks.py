"""What the driver hands to workers: picklable, complete, and free of Ray.

A chunk is a problem's tasks for one model. It goes to one replica whole, so that
the problem's prompt is computed once and its samples share a prefix cache. Results
come back in one message per chunk, or one per search: searches take long and end apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from ttsgrid.benchmarks import BenchmarkConfig
from ttsgrid.core.records import Problem, UnitResult
from ttsgrid.core.units import Unit
from ttsgrid.engines.spec import EngineSpec


@dataclass(frozen=True)
class Task:
    """One unit to run, with what its worker needs for it.

    Attributes:
        to_score: of a score block, (sample index, steps) of each solution; else empty.
        attempt: counts from 1; one more for each worker that died with it.
        excused: of the earlier attempts, those that the unit can't have ended.
    """

    unit: Unit
    problem: Problem
    to_score: tuple[tuple[int, tuple[str, ...]], ...] = ()
    attempt: int = 1
    excused: int = 0

    @property
    def suspect_attempts(self) -> int:
        """The attempts that count against the unit, this one included."""
        return self.attempt - self.excused


@dataclass(frozen=True)
class TaskOutcome:
    """A task with what became of it.

    Attributes:
        prm_lost: the PRM worker ended under a search; the result is no result, and
            the task is to be run again.
    """

    task: Task
    result: UnitResult
    prm_lost: bool = False


@dataclass(frozen=True)
class WorkerSpec:
    """What a worker holds: one engine and the format of its model.

    Attributes:
        format: name of the prompt format (policies) or PRM format (PRMs).
        benchmarks: with whose graders a policy worker grades, and what its prompts ask for.
        cpus, gpus, memory_gib: what the worker reserves from Ray; below 1, part of a GPU.
        plugins: modules to import first.
        requests_in_flight: that the driver keeps at this worker; None for the fleet's.
        label: the replica's name; a model's own where it has one replica.
        restarts: how many workers of this replica died before this one.
    """

    engine: EngineSpec
    format: str
    benchmarks: tuple[BenchmarkConfig, ...]
    cpus: float
    gpus: float
    memory_gib: float
    plugins: tuple[str, ...] = ()
    requests_in_flight: int | None = None
    label: str = ""
    restarts: int = 0

    @property
    def is_paid(self) -> bool:
        """Whether what is lost with a run was paid for, so that results come back unit by unit."""
        return self.engine.endpoint is not None
