"""A cluster on a virtual clock: the real driver and runtimes, workers in this process.

A discrete-event simulation. The event loop's clock jumps to the next timer whenever
nothing is ready, so an hour of waiting takes no time, and a run that waits for nothing
is an error at once instead of a hang. Everything that schedules is the shipped code:
driver, waves, replicas, dispatch, both runtimes, the batching of scores, the store. What
is simulated is where workers live: in this process, a fixed latency away, with fake
engines of a fixed step time. Grading runs inline, since threads know no virtual time.
"""

from __future__ import annotations

import asyncio
import itertools
import selectors
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from ttsgrid.cluster.driver.capacity import Capacity, Nodes
from ttsgrid.cluster.driver.committer import Committer
from ttsgrid.cluster.driver.deaths import WorkerDiedError
from ttsgrid.cluster.driver.driver import ANY_ORDER, Driver
from ttsgrid.cluster.driver.fleet import FleetWorker
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.driver.replica import Limits
from ttsgrid.cluster.driver.spread import Spread
from ttsgrid.cluster.driver.standstill import Room
from ttsgrid.cluster.wire.scoring_link import PrmLostError, PrmPeer, ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.cluster.wire.whereabouts import Whereabouts
from ttsgrid.cluster.worker.policy_runtime import PolicyRuntime
from ttsgrid.cluster.worker.prm_runtime import PrmRuntime
from ttsgrid.core.spent import Spent, Stage
from ttsgrid.engines.base import EngineStats
from ttsgrid.engines.fake import FakePolicyEngine, FakePrmEngine
from ttsgrid.grid.plan import Plan
from ttsgrid.store import Store
from ttsgrid.zoo.tokenizer import build_tokenizer

T = TypeVar("T")
Runtime = PolicyRuntime | PrmRuntime
LATENCY_S = 0.001  # of a message between processes, each way


class _JumpingSelector(selectors.DefaultSelector):
    """Sleeps by moving the clock."""

    jump: Callable[[float], None]

    def select(self, timeout: float | None = None) -> list[Any]:
        ready: list[Any] = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("deadlock: everything waits and no timer is set")
        self.jump(timeout)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only while it would sleep."""

    def __init__(self) -> None:
        selector = _JumpingSelector()
        super().__init__(selector)
        self._now = 0.0
        selector.jump = self._jump
        self.set_default_executor(_Inline())

    def time(self) -> float:
        return self._now

    def _jump(self, seconds: float) -> None:
        self._now += seconds


class _Inline(ThreadPoolExecutor):
    """Runs what it is given at once, in no virtual time."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:  # noqa: ANN401
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a virtual clock."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


@dataclass
class SimulatedWorker:
    """A worker in this process; what `kill` ends, it takes its calls with it."""

    name: str
    spec: WorkerSpec
    runtime: Runtime
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    num_calls: int = 0
    place: Whereabouts | None = None

    @property
    def stats(self) -> EngineStats:
        return self.runtime.stats()

    async def run(self, tasks: Sequence[Task], prm: PrmPeer | None) -> list[TaskOutcome]:
        self.num_calls += 1
        return await self._unless_ended(lambda: self.runtime.run(tasks, prm), WorkerDiedError)

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        runtime = self.runtime
        assert isinstance(runtime, PrmRuntime)
        return await self._unless_ended(lambda: runtime.score_batch(requests), PrmLostError)

    async def _unless_ended(
        self, work: Callable[[], Coroutine[Any, Any, T]], lost: Callable[[str], Exception]
    ) -> T:
        await asyncio.sleep(LATENCY_S)
        working = asyncio.ensure_future(work())
        ending = asyncio.ensure_future(self.ended.wait())
        try:
            await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
            if self.ended.is_set():
                raise lost(f"{self.name} ended")
            await asyncio.sleep(LATENCY_S)
            return working.result()
        finally:
            ending.cancel()
            working.cancel()

    async def watch(self) -> None:
        await self.ended.wait()
        raise WorkerDiedError(f"{self.name} ended")

    async def refresh_stats(self) -> bool:
        await asyncio.sleep(2 * LATENCY_S)
        return True

    def as_prm(self) -> PrmPeer:
        return self

    async def stop(self) -> None:
        self.runtime.close()

    def kill(self) -> None:
        self.ended.set()


class _Remembering:
    """The zoo's tokenizer, which encodes each text once: fake engines write few texts."""

    def __init__(self, with_bos: bool) -> None:
        self._tokenizer = build_tokenizer(with_bos=with_bos)
        self.bos_token = self._tokenizer.bos_token
        self.decode = self._tokenizer.decode
        self.apply_chat_template = self._tokenizer.apply_chat_template
        self.encode = lru_cache(maxsize=100_000)(self._tokenizer.encode)


def fake_runtime(spec: WorkerSpec) -> Runtime:
    """Return what a simulated worker holds: a fake engine, the zoo's tokenizer, a real format."""
    tokenizer = _Remembering(with_bos=spec.format != "qwen")
    if spec.engine.role == "policy":
        return PolicyRuntime(spec, FakePolicyEngine(spec.engine, tokenizer), tokenizer)
    return PrmRuntime(spec, FakePrmEngine(spec.engine), tokenizer)


@dataclass
class SimulatedCluster:
    """Starts workers, and keeps all that it started for inspection.

    Attributes:
        at_start: called with each worker that has started.
        runtime_of: makes what a worker holds.
    """

    at_start: Callable[[SimulatedWorker], None] = lambda worker: None
    runtime_of: Callable[[WorkerSpec], Runtime] = fake_runtime
    workers: list[SimulatedWorker] = field(default_factory=list)
    most_resident: int = 0
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def start(
        self, spec: WorkerSpec, placed: Callable[[], None], reaches: Callable[[Stage], None]
    ) -> FleetWorker:
        placed()
        worker = SimulatedWorker(
            f"{spec.engine.name}-{next(self._numbers)}", spec, self.runtime_of(spec)
        )
        self.workers.append(worker)
        alive = [worker for worker in self.workers if not worker.ended.is_set()]
        self.most_resident = max(self.most_resident, len(alive))
        self.at_start(worker)
        return worker

    def of_role(self, role: str) -> list[SimulatedWorker]:
        return [worker for worker in self.workers if worker.spec.engine.role == role]


async def drive(
    plan: Plan,
    fleet: Mapping[str, Sequence[WorkerSpec]],
    cluster: SimulatedCluster,
    folder: Path,
    nodes: Sequence[Capacity] = (Capacity(1e6, 1e6, 1e6),),
    max_attempts: int = 3,
    said: StringIO | None = None,
    spread: Spread = ANY_ORDER,
    free: Sequence[Capacity] | None = None,
    spent: Spent | None = None,
) -> float:
    """Run a plan as `launch` does; return how long it took, in virtual seconds.

    Of `nodes`, `free` is what nobody has reserved; all of them unless told. `spent` hears where
    the time goes.
    """
    todo = Counter(unit.runs_on.name for unit in plan.missing)
    cluster_nodes = Nodes(tuple(nodes))
    free_nodes = cluster_nodes if free is None else Nodes(tuple(free))
    slots = min(spec.engine.max_num_seqs for specs in fleet.values() for spec in specs)
    with Store.open(folder, run_id="simulated") as store:
        store.write_problems(plan.problems)
        driver = Driver(
            plan,
            fleet,
            cluster.start,
            Committer(store),
            Progress(Console(file=said or StringIO()), todo, spent=spent),
            Room(lambda: cluster_nodes, lambda: free_nodes),
            Limits(max_attempts=max_attempts, requests_in_flight=2 * slots),
            spread,
        )
        loop = asyncio.get_running_loop()
        began = loop.time()
        await driver.run({})
        return loop.time() - began
