"""The units of a wave: what is ready, what follows from a result, what runs again.

A block's scores become ready when it is sampled, a search when a worker of its PRM
lives. A result is committed the moment it comes. Tasks that were lost with a worker go
to the front of the line with the attempt counted, and after the last attempt they fail
with a reason; they are never scored.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from ttsgrid.cluster.driver.backlog import Backlog, Chunk
from ttsgrid.cluster.driver.committer import Committer
from ttsgrid.cluster.driver.deaths import WorkerDiedError
from ttsgrid.cluster.driver.figures import Figures
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome
from ttsgrid.core.records import Problem, Solution, UnitResult
from ttsgrid.core.units import Unit

T = TypeVar("T")
ITEMS_AT_ONCE = 500  # some 5 ms; a hundred thousand units at once kept the loop for a second

Held = Mapping[str, Sequence[Solution]]
"""By block id, the solutions of committed blocks that a missing scoring unit needs."""


class Dispatch:
    """Tasks in, results out; `filled` makes one with the units of a wave."""

    def __init__(
        self,
        problems: Mapping[str, Problem],
        committer: Committer,
        figures: Figures,
        max_attempts: int,
    ) -> None:
        self._problems = problems
        self._committer = committer
        self._figures = figures
        self._max_attempts = max_attempts
        self._backlog = Backlog(Counter())
        self._at_work: Counter[str] = Counter()
        self._awaited: dict[str, int] = {}  # by unit id, the attempt whose result counts
        self._scorers: dict[str, list[Unit]] = defaultdict(list)
        self._searches: dict[str, dict[tuple[str, str], list[Task]]] = defaultdict(dict)

    async def filled(self, units: Sequence[Unit], held: Held) -> Dispatch:
        """Take in the units of a wave, with pauses for whatever else the loop has to do."""
        remaining: Counter[str] = Counter()
        async for unit in unhurriedly(units):
            remaining.update(model.name for model in unit.models)
            self._awaited[unit.id] = 1
        self._backlog = Backlog(remaining)
        chunks: dict[tuple[str, str], list[Task]] = defaultdict(list)
        async for unit in unhurriedly(units):
            self._sort_in(unit, held, chunks)
        async for (model, _), tasks in unhurriedly(chunks.items()):
            self._backlog.add(model, tasks)
        return self

    def remaining(self, model: str) -> int:
        """Return how many units without a result need a model."""
        return self._backlog.remaining(model)

    @asynccontextmanager
    async def at_work(self, model: str) -> AsyncIterator[None]:
        """Count a replica that has a place, or is about to."""
        self._at_work[model] += 1
        try:
            yield
        finally:
            self._at_work[model] -= 1

    def share(self, model: str) -> float:
        """Return how many of the units left for a model are one replica's share."""
        return self.remaining(model) / max(1, self._at_work[model])

    async def take(self, model: str, is_spare: Callable[[], bool] = lambda: False) -> Chunk | None:
        """Return the next chunk for a model's workers; None once nothing needs it any more.

        Also None where other workers have all that is left and whoever asks is a spare: it has
        nothing to do, and others wait for its room.
        """
        await self._committer.room()
        chunk = await self._backlog.take(model, is_spare)
        self._figures.handed_out(model, [task.unit for task in chunk or ()])
        return chunk

    def first_in_line(self, model: str) -> Chunk | None:
        """Return the chunk that `take` gives next; None where none is ready."""
        return self._backlog.first_in_line(model)

    async def handed_out(self, model: str) -> None:
        """Wait until workers have all that is left for a model."""
        await self._backlog.handed_out(model)

    async def finished(self, model: str) -> None:
        """Wait until no unit needs a model any more."""
        await self._backlog.finished(model)

    def drain(self) -> None:
        """Hand nothing out any more; what is in flight may finish."""
        self._backlog.drain()

    def prm_works(self, prm: str) -> None:
        """Make the searches ready that score with a PRM."""
        searches = self._searches.pop(prm, {})
        # Popped: a PRM worker that is started again finds its searches in the backlog already.
        for policy, problem in sorted(searches, key=lambda key: -self._length(key[1])):
            self._backlog.add(policy, searches[policy, problem])

    def _length(self, problem: str) -> int:
        """Return a guess at how many steps a problem takes; only its order counts.

        Searches that take most steps start first. Started last they would run alone at
        the end, and policy and PRM would wait for each other in turn.
        """
        return len(self._problems[problem].question)

    def accept(self, item: TaskOutcome) -> None:
        """Commit a result and make the work that follows from it ready.

        A late one is refused: of a worker that was given up, whose unit was handed out again.
        """
        unit = item.task.unit
        if self._awaited.get(unit.id) != item.task.attempt:
            return
        del self._awaited[unit.id]
        self._committer.add(item.task, item.result)
        self._figures.finished(unit, item.result)
        self._release_scorers(unit.id, item.result)
        for model in unit.models:
            self._backlog.settle(model.name, 1)

    def hand_out_again(self, tasks: Iterable[Task], death: WorkerDiedError) -> None:
        """Take back tasks whose worker died, or whose PRM's worker did."""
        again: dict[str, list[Task]] = defaultdict(list)
        for task in tasks:
            excused = not death.speaks_against_units
            if excused or task.suspect_attempts < self._max_attempts:
                next_attempt = replace(
                    task, attempt=task.attempt + 1, excused=task.excused + excused
                )
                self._awaited[task.unit.id] = next_attempt.attempt
                again[task.unit.runs_on.name].append(next_attempt)
                continue
            error = f"its worker died at each of {task.attempt} attempts, at last: {death}"
            failed = UnitResult(
                task.unit.id, error=error, attempt=task.attempt, provenance=death.provenance
            )
            self.accept(TaskOutcome(task, failed))
        for model, chunk in again.items():
            self._figures.taken_back(model, [task.unit for task in chunk])
            self._backlog.give_back(model, chunk)

    def _sort_in(self, unit: Unit, held: Held, chunks: dict[tuple[str, str], list[Task]]) -> None:
        if unit.tree:
            key = (unit.policy.name, unit.problem_id)
            self._searches[unit.tree.prm.name].setdefault(key, []).append(self._task(unit))
        elif unit.awaits is None:
            chunks[unit.runs_on.name, unit.problem_id].append(self._task(unit))
        elif unit.awaits in self._awaited:
            self._scorers[unit.awaits].append(unit)
        else:
            task = self._task(unit, held[unit.awaits])
            chunks[unit.runs_on.name, unit.family].append(task)

    def _task(self, unit: Unit, to_score: Sequence[Solution] = ()) -> Task:
        problem = self._problems[unit.problem_id]
        return Task(unit, problem, tuple((s.sample, s.steps) for s in to_score))

    def _release_scorers(self, block_id: str, result: UnitResult) -> None:
        for unit in self._scorers.pop(block_id, []):
            prm = unit.runs_on.name
            if result.error is None:
                self._backlog.add(prm, [self._task(unit, result.solutions)])
            else:
                # Nothing to score; the next run samples the block and then scores it.
                self._backlog.settle(prm, 1)
                self._figures.skipped(prm)


async def unhurriedly(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield items with pauses in which the loop hears workers, signals and its own clocks."""
    for place, item in enumerate(items, start=1):
        yield item
        if place % ITEMS_AT_ONCE == 0:
            await asyncio.sleep(0)
