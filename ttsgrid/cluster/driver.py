"""The driver: hands chunks of units to workers, commits what comes back, loses nothing.

One service a replica: it waits for room, starts a worker, keeps enough chunks in
flight to fill the engine, and ends when its model has nothing left. A finished block
becomes committed and, at once, scoring work for each PRM that wants it. When a
worker dies, its chunks go back to the front of the line with the attempt counted,
and the service starts another worker.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ttsgrid.cluster.backlog import Backlog, Chunk
from ttsgrid.cluster.committer import Committer
from ttsgrid.cluster.residency import Residency
from ttsgrid.cluster.session import Capacity, demand
from ttsgrid.cluster.tasks import Finished, SampleTask, ScoreTask, Task, WorkerSpec
from ttsgrid.cluster.worker import RemoteWorker, WorkerDiedError
from ttsgrid.errors import WorkerStartError
from ttsgrid.plan import Plan, model_of
from ttsgrid.progress import Progress
from ttsgrid.records import Problem, Solution, UnitResult
from ttsgrid.units import SampleBlock, ScoreBlock

STATS_EVERY_S = 1.0


@dataclass(frozen=True)
class Limits:
    """How the driver deals with trouble and with waiting.

    Attributes:
        max_attempts: tries a unit gets when workers die under it.
        requests_in_flight: engine requests to keep in flight a worker.
    """

    max_attempts: int
    requests_in_flight: int
    placement_timeout_s: float
    start_timeout_s: float


class Driver:
    """Runs a plan's missing units on a fleet of workers."""

    def __init__(
        self,
        plan: Plan,
        workers: Mapping[str, Sequence[WorkerSpec]],
        committer: Committer,
        progress: Progress,
        capacity: Capacity,
        limits: Limits,
    ) -> None:
        self._problems = {problem.id: problem for problem in plan.problems}
        self._missing = plan.missing
        self._specs = workers
        self._committer = committer
        self._progress = progress
        self._residency = Residency(capacity)
        self._limits = limits
        self._backlog = Backlog(Counter(model_of(unit).name for unit in plan.missing))
        self._scorers: dict[str, list[ScoreBlock]] = defaultdict(list)
        self._live: dict[str, RemoteWorker] = {}

    async def run(self, held_solutions: Mapping[str, Sequence[Solution]]) -> None:
        """Run everything that is missing.

        Args:
            held_solutions: by block id, the solutions of committed blocks that a
                missing scoring unit needs.

        Raises:
            WorkerStartError, PlacementError: a model cannot run; what finished
                before is committed.
        """
        self._fill_backlog(held_solutions)
        services = [
            asyncio.create_task(
                self._serve(name, f"{name}" if len(specs) == 1 else f"{name}/{i}", spec)
            )
            for name, specs in self._specs.items()
            if self._backlog.remaining(name)
            for i, spec in enumerate(specs)
        ]
        poll = asyncio.create_task(self._poll_stats())
        try:
            await asyncio.gather(*services)
        finally:
            for task in (*services, poll):
                task.cancel()
            await asyncio.gather(*services, poll, return_exceptions=True)
            for worker in self._live.values():
                worker.kill()
            await self._committer.flush()

    def _fill_backlog(self, held: Mapping[str, Sequence[Solution]]) -> None:
        by_problem: dict[tuple[str, str], list[Task]] = defaultdict(list)
        to_sample = {unit.id for unit in self._missing if isinstance(unit, SampleBlock)}
        for unit in self._missing:
            if isinstance(unit, SampleBlock):
                task: Task = SampleTask(unit, self._problems[unit.problem_id])
                by_problem[unit.policy.name, unit.problem_id].append(task)
            elif unit.block.id in to_sample:
                self._scorers[unit.block.id].append(unit)
            else:
                task = self._score_task(unit, held[unit.block.id])
                by_problem[unit.prm.name, f"{unit.block.family}"].append(task)
        for (model, _), tasks in by_problem.items():
            self._backlog.add(model, tasks)

    def _score_task(self, unit: ScoreBlock, solutions: Sequence[Solution]) -> ScoreTask:
        problem: Problem = self._problems[unit.block.problem_id]
        return ScoreTask(unit, problem, tuple((s.sample, s.steps) for s in solutions))

    async def _serve(self, model: str, label: str, spec: WorkerSpec) -> None:
        """Keep one replica at work until its model is finished."""
        self._progress.state(label, "waits for room")
        async with self._residency.room_for(demand(spec)):
            deaths = 0
            while self._backlog.remaining(model):
                self._progress.state(label, "starts")
                worker = await RemoteWorker.start(
                    spec, self._limits.placement_timeout_s, self._limits.start_timeout_s
                )
                self._live[label] = worker
                self._progress.state(label, "works")
                try:
                    await self._keep_busy(model, worker)
                except* WorkerDiedError:
                    deaths += 1
                    self._progress.note(f"{label}: its worker died; its units are handed out again")
                    if deaths > self._limits.max_attempts * 3:
                        raise WorkerStartError(f"{label} died {deaths} times; giving up") from None
                finally:
                    self._live.pop(label, None)
                await worker.stop()
        self._progress.state(label, "done")

    async def _keep_busy(self, model: str, worker: RemoteWorker) -> None:
        """Feed a worker until the model is finished, enough requests in flight."""
        room = asyncio.Semaphore(self._limits.requests_in_flight)
        async with asyncio.TaskGroup() as group:
            while True:
                # Take a chunk only when the engine has room for it: other replicas may.
                await room.acquire()
                room.release()
                chunk = await self._backlog.take(model)
                if chunk is None:
                    return
                weight = min(self._limits.requests_in_flight, sum(map(num_requests, chunk)))
                for _ in range(weight):
                    await room.acquire()
                group.create_task(self._run_chunk(model, worker, chunk, room, weight))

    async def _run_chunk(
        self, model: str, worker: RemoteWorker, chunk: Chunk, room: asyncio.Semaphore, weight: int
    ) -> None:
        try:
            finished = await worker.run(chunk)
        except (WorkerDiedError, asyncio.CancelledError):
            self._hand_out_again(model, chunk)
            raise
        for _ in range(weight):
            room.release()
        for item in finished:
            self._accept(model, item)

    def _accept(self, model: str, item: Finished) -> None:
        """Commit a result and make the work that follows from it ready."""
        self._committer.add(item.task, item.result)
        self._progress.finished(model, item.result)
        if isinstance(item.task, SampleTask):
            self._release_scorers(item.task.unit.id, item.result)
        self._backlog.settle(model, 1)

    def _release_scorers(self, block_id: str, result: UnitResult) -> None:
        for unit in self._scorers.pop(block_id, []):
            if result.error is None:
                self._backlog.add(unit.prm.name, [self._score_task(unit, result.solutions)])
            else:
                # Nothing to score; the next run samples the block and then scores it.
                self._backlog.settle(unit.prm.name, 1)
                self._progress.skipped(unit.prm.name)

    def _hand_out_again(self, model: str, chunk: Iterable[Task]) -> None:
        again: list[Task] = []
        for task in chunk:
            if task.attempt < self._limits.max_attempts:
                again.append(replace(task, attempt=task.attempt + 1))
                continue
            error = f"its worker died at each of {task.attempt} attempts"
            failed = UnitResult(task.unit.id, error=error, attempt=task.attempt)
            self._accept(model, Finished(task, failed))
        if again:
            self._backlog.give_back(model, again)

    async def _poll_stats(self) -> None:
        while True:
            await asyncio.sleep(STATS_EVERY_S)
            live = dict(self._live)
            await asyncio.gather(*(worker.refresh_stats() for worker in live.values()))
            for label, worker in live.items():
                self._progress.counters(label, worker.stats)


def num_requests(task: Task) -> int:
    """Return how many engine requests a task makes at once."""
    return task.unit.stop - task.unit.start if isinstance(task, SampleTask) else len(task.solutions)
