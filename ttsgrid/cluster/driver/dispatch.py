"""The units of a wave: what is ready, what follows from a result, what runs again.

A block's scores become ready when it is sampled, a search when a worker of its PRM
lives. A result is committed the moment it comes. Tasks that were lost with a worker go
to the front of the line with the attempt counted, and after the last attempt they fail
with a reason; they are never scored.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ttsgrid.cluster.driver.backlog import Backlog, Chunk
from ttsgrid.cluster.driver.committer import Committer
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.wire.tasks import Finished, SampleTask, ScoreTask, SearchTask, Task
from ttsgrid.core.records import Problem, Solution, UnitResult
from ttsgrid.core.units import SampleBlock, ScoreBlock, SearchTree
from ttsgrid.grid.plan import Unit, model_of, models_of

Held = Mapping[str, Sequence[Solution]]
"""By block id, the solutions of committed blocks that a missing scoring unit needs."""


class Dispatch:
    """Tasks in, results out."""

    def __init__(
        self,
        units: Sequence[Unit],
        problems: Mapping[str, Problem],
        held: Held,
        committer: Committer,
        progress: Progress,
        max_attempts: int,
    ) -> None:
        self._problems = problems
        self._committer = committer
        self._progress = progress
        self._max_attempts = max_attempts
        self._backlog = Backlog(Counter(model.name for unit in units for model in models_of(unit)))
        self._scorers: dict[str, list[ScoreBlock]] = defaultdict(list)
        self._searches: dict[str, dict[tuple[str, str], list[Task]]] = defaultdict(dict)
        self._fill(units, held)

    def remaining(self, model: str) -> int:
        """Return how many units without a result need a model."""
        return self._backlog.remaining(model)

    async def take(self, model: str) -> Chunk | None:
        """Return the next chunk for a model's workers; None once nothing needs it any more."""
        return await self._backlog.take(model)

    def prm_works(self, prm: str) -> None:
        """Make the searches ready that score with a PRM."""
        searches = self._searches.pop(prm, {})
        for policy, problem in sorted(searches, key=lambda key: -self._length(key[1])):
            self._backlog.add(policy, searches[policy, problem])

    def _length(self, problem: str) -> int:
        """Return a guess at how many steps a problem takes, in any unit.

        Searches that take most steps start first. Started last they would run alone at
        the end, and policy and PRM would wait for each other in turn.
        """
        return len(self._problems[problem].question)

    def accept(self, item: Finished) -> None:
        """Commit a result and make the work that follows from it ready."""
        unit = item.task.unit
        self._committer.add(item.task, item.result)
        self._progress.finished(model_of(unit).name, item.result)
        if isinstance(unit, SampleBlock):
            self._release_scorers(unit.id, item.result)
        for model in models_of(unit):
            self._backlog.settle(model.name, 1)

    def hand_out_again(self, tasks: Iterable[Task]) -> None:
        """Take back tasks whose worker died, or whose PRM's worker did."""
        again: dict[str, list[Task]] = defaultdict(list)
        for task in tasks:
            if task.attempt < self._max_attempts:
                again[model_of(task.unit).name].append(replace(task, attempt=task.attempt + 1))
                continue
            error = f"its worker died at each of {task.attempt} attempts"
            failed = UnitResult(task.unit.id, error=error, attempt=task.attempt)
            self.accept(Finished(task, failed))
        for model, chunk in again.items():
            self._backlog.give_back(model, chunk)

    def _fill(self, units: Sequence[Unit], held: Held) -> None:
        by_problem: dict[tuple[str, str], list[Task]] = defaultdict(list)
        to_sample = {unit.id for unit in units if isinstance(unit, SampleBlock)}
        for unit in units:
            if isinstance(unit, SampleBlock):
                task: Task = SampleTask(unit, self._problems[unit.problem_id])
                by_problem[unit.policy.name, unit.problem_id].append(task)
            elif isinstance(unit, SearchTree):
                searches = self._searches[unit.prm.name]
                task = SearchTask(unit, self._problems[unit.problem_id])
                searches.setdefault((unit.policy.name, unit.problem_id), []).append(task)
            elif unit.block.id in to_sample:
                self._scorers[unit.block.id].append(unit)
            else:
                task = self._score_task(unit, held[unit.block.id])
                by_problem[unit.prm.name, unit.block.family].append(task)
        for (model, _), tasks in by_problem.items():
            self._backlog.add(model, tasks)

    def _score_task(self, unit: ScoreBlock, solutions: Sequence[Solution]) -> ScoreTask:
        problem = self._problems[unit.block.problem_id]
        return ScoreTask(unit, problem, tuple((s.sample, s.steps) for s in solutions))

    def _release_scorers(self, block_id: str, result: UnitResult) -> None:
        for unit in self._scorers.pop(block_id, []):
            if result.error is None:
                self._backlog.add(unit.prm.name, [self._score_task(unit, result.solutions)])
            else:
                # Nothing to score; the next run samples the block and then scores it.
                self._backlog.settle(unit.prm.name, 1)
                self._progress.skipped(unit.prm.name)
