"""A sweep in this process: the real driver and workers' runtimes, without Ray around them.

For grids so small that starting Ray and importing torch in each worker would take most of
their time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from ttsgrid.cli.composition import composed
from ttsgrid.cli.sweep import sweep
from ttsgrid.cluster.driver import launch
from ttsgrid.cluster.driver.capacity import Capacity, Nodes
from ttsgrid.cluster.wire.scoring_link import PrmPeer, ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.cluster.wire.whereabouts import Whereabouts
from ttsgrid.cluster.worker.prm_runtime import PrmRuntime
from ttsgrid.cluster.worker.runtime import Runtime, start_runtime
from ttsgrid.core.shipped import CONF
from ttsgrid.core.spent import Stage
from ttsgrid.engines.base import EngineStats
from ttsgrid.grid.arguments import checked_arguments
from ttsgrid.grid.compose import to_grid


@dataclass(frozen=True)
class LocalPrm:
    """A PRM's runtime as a policy's searches see it."""

    name: str
    runtime: PrmRuntime

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        return await self.runtime.score_batch(requests)


class LocalWorker:
    """A worker that is this process; it never dies alone."""

    place: Whereabouts | None = None

    def __init__(self, name: str, runtime: Runtime) -> None:
        self.stats = EngineStats()
        self._name = name
        self._runtime = runtime

    @classmethod
    async def start(
        cls,
        spec: WorkerSpec,
        placed: Callable[[], None],
        reaches: Callable[[Stage], None],
        **_limits: float | str | None,
    ) -> LocalWorker:
        placed()
        return cls(spec.engine.name, await start_runtime(spec))

    async def run(self, tasks: Sequence[Task], prm: PrmPeer | None) -> list[TaskOutcome]:
        return await self._runtime.run(tasks, prm)

    async def watch(self) -> None:
        await asyncio.Event().wait()

    async def refresh_stats(self) -> bool:
        self.stats = self._runtime.stats()
        return True

    def as_prm(self) -> LocalPrm:
        assert isinstance(self._runtime, PrmRuntime)
        return LocalPrm(self._name, self._runtime)

    async def stop(self) -> None:
        self._runtime.close()

    def kill(self) -> None:
        pass


@contextmanager
def no_cluster(*_: Any) -> Iterator[None]:  # noqa: ANN401 - in place of `ray_cluster`
    yield None


def sweep_here(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what `python -m ttsgrid.sweep` would with these arguments."""
    # Each worker and check loads its own: with real vocabularies, more than all else takes.
    load = AutoTokenizer.from_pretrained
    once = cache(lambda source: load(source))
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", lambda source, **_: once(str(source)))
    monkeypatch.setattr(launch, "RemoteWorker", LocalWorker)
    monkeypatch.setattr(launch, "ray_cluster", no_cluster)
    monkeypatch.setattr(launch, "seen_nodes", lambda _: Nodes((Capacity(0, 1000, 100),)))
    plain = composed(checked_arguments(list(arguments), CONF), CONF)
    sweep(to_grid(plain.config, [Path(folder) for folder in plain.folders]))
