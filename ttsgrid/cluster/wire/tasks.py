"""What the driver hands to workers: picklable, complete, and free of Ray.

A chunk is a problem's tasks for one model. It goes to one replica whole, so that
the problem's prompt is computed once and its samples share a prefix cache. Results
come back in one message a chunk, or one a search: searches take long and end apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from ttsgrid.core.records import Problem, UnitResult
from ttsgrid.core.units import SampleBlock, ScoreBlock, SearchTree
from ttsgrid.engines.spec import EngineSpec


@dataclass(frozen=True)
class SampleTask:
    """Sample one block of a problem's pool."""

    unit: SampleBlock
    problem: Problem
    attempt: int = 1


@dataclass(frozen=True)
class ScoreTask:
    """Score the solutions of one finished block.

    Attributes:
        solutions: (sample index, steps) of each solution of the block.
    """

    unit: ScoreBlock
    problem: Problem
    solutions: tuple[tuple[int, tuple[str, ...]], ...]
    attempt: int = 1


@dataclass(frozen=True)
class SearchTask:
    """Grow one search tree."""

    unit: SearchTree
    problem: Problem
    attempt: int = 1


Task = SampleTask | ScoreTask | SearchTask


@dataclass(frozen=True)
class Finished:
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
        benchmark: names the grader that a policy worker grades with.
        cpus, gpus, memory_gib: what the worker reserves from Ray.
    """

    engine: EngineSpec
    format: str
    benchmark: str
    cpus: float
    gpus: int
    memory_gib: float
