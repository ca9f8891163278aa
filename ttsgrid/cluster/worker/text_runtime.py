"""A hosted policy's part: pools of texts, graded on the spot; there is no tokenizer.

Tokens are those that the server counts. It counts a prompt of its own making, so its length
is known from the replies alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add

from ttsgrid.cluster.wire.scoring_link import PrmPeer
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.cluster.worker.grading import gradings_of
from ttsgrid.cluster.worker.task_runner import TaskRunner
from ttsgrid.core.records import Price, Solution, UnitResult, Usage
from ttsgrid.engines.base import EngineStats
from ttsgrid.engines.text import TextEngine, Turn
from ttsgrid.strategies.pricing import price_of_samples
from ttsgrid.strategies.sampling import sample_texts


class TextRuntime(TaskRunner):
    """Samples solutions as texts, and grades them."""

    def __init__(self, spec: WorkerSpec, engine: TextEngine) -> None:
        super().__init__(spec, engine.device)
        self._engine = engine
        self._gradings = gradings_of(spec, None)

    async def _result(self, task: Task, prm: PrmPeer | None) -> UnitResult:
        block, problem = task.unit.block, task.problem
        assert block is not None, "a grid with searches and such a policy is refused"
        grading = self._gradings[problem.benchmark]
        turns = [
            Turn(turn["role"], turn["content"])
            for turn in grading.format.conversation(problem.question)
        ]
        samples = await sample_texts(self._engine, turns, block, grading.format.stop)
        solutions = await self._graded(grading.texts, samples, problem.answer)
        return UnitResult(
            block.id,
            solutions=solutions,
            policy_usage=reduce(add, (sample.generation.usage for sample in samples), Usage()),
            price=self._price(solutions),
        )

    def _price(self, solutions: Sequence[Solution]) -> Price:
        begun = [one for one in solutions if one.usage.prompt_tokens]
        return price_of_samples(
            # All samples have one prompt, and a server that counts it differently now and then
            # is not to make it cheaper.
            max((one.usage.prompt_tokens for one in begun), default=0),
            [one.usage.generated_tokens for one in begun],
            self._engine.block_tokens,
        )

    def stats(self) -> EngineStats:
        """Return the engine's counters, and how long was graded beside it."""
        return self._with_grading(self._engine.stats())

    def close(self) -> None:
        """Close the connections."""
        self._engine.close()
