"""What runs inside a worker: an engine, a model's format, and tasks turned into results.

Plain asyncio classes, so that they can be driven and measured without Ray.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Protocol

from transformers import AutoTokenizer

from ttsgrid.cluster.wire.scoring_link import PrmPeer
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.cluster.worker.markers import with_markers
from ttsgrid.cluster.worker.policy_runtime import PolicyRuntime
from ttsgrid.cluster.worker.prm_runtime import PrmRuntime
from ttsgrid.cluster.worker.text_runtime import TextRuntime
from ttsgrid.core.dotted import load_plugins
from ttsgrid.engines.base import EngineStats
from ttsgrid.engines.start import start_engine

GC_THRESHOLDS = 20_000, 20, 50


class Runtime(Protocol):
    """A worker's engine with what turns tasks into results."""

    async def run(self, tasks: Sequence[Task], prm: PrmPeer | None) -> list[TaskOutcome]:
        """Run tasks together; every task gets a result. Searches score with `prm`."""
        ...

    def stats(self) -> EngineStats:
        """Return the engine's counters."""
        ...

    def close(self) -> None:
        """Stop the engine."""
        ...


async def start_runtime(spec: WorkerSpec) -> Runtime:
    """Start a worker's engine and return its runtime."""
    load_plugins(spec.plugins)
    engine = await start_engine(with_markers(spec))
    if spec.engine.writes_text:
        return TextRuntime(spec, engine)
    tokenizer = AutoTokenizer.from_pretrained(spec.engine.source, revision=spec.engine.revision)
    # What is there by now stays to the end. Each full collection would walk all of it, a
    # million objects of vLLM's and torch's: a tenth of a small model's time (measured). By
    # Python's usual thresholds, thousands of requests in line would cost another fiftieth.
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    if spec.engine.role == "policy":
        return PolicyRuntime(spec, engine, tokenizer)
    return PrmRuntime(spec, engine, tokenizer)
