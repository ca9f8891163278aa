"""A policy worker's part: pools and searches beside the engine, graded on the spot.

Every search is a coroutine of its own. Hundreds are in flight and none waits for
another: the engine mixes their steps, and the scores they ask for share calls to the
PRM's worker (`ttsgrid.cluster.wire.scoring_link`). The driver hears of a search when it
has ended.
"""

from __future__ import annotations

from functools import partial, reduce
from operator import add

from ttsgrid.cluster.wire.scoring_link import BatchingScorer, PrmPeer
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.cluster.worker.admission import Admission, CountedEngine, cache_tokens
from ttsgrid.cluster.worker.grading import gradings_of
from ttsgrid.cluster.worker.task_runner import TaskRunner
from ttsgrid.core.identity import derive_seed
from ttsgrid.core.records import Problem, UnitResult, Usage
from ttsgrid.core.units import SampleBlock, SearchTree
from ttsgrid.engines.base import EngineStats, PolicyEngine
from ttsgrid.models import DecodingTokenizer, encode_prompt
from ttsgrid.strategies.pricing import price_of_samples
from ttsgrid.strategies.sampling import NEVER_BEGUN, sample_block
from ttsgrid.strategies.search.protocol import StepScoring
from ttsgrid.strategies.search.run import run_search
from ttsgrid.strategies.search.session import SearchSession


class PolicyRuntime(TaskRunner):
    """Samples solutions and runs searches beside the engine, and grades what they give."""

    def __init__(
        self, spec: WorkerSpec, engine: PolicyEngine, tokenizer: DecodingTokenizer
    ) -> None:
        super().__init__(spec, engine.device)
        # An engine of one's own need not say what its cache holds.
        most_tokens = getattr(engine, "cache_tokens", None)
        self._admission = Admission(spec.engine.max_num_seqs, most_tokens)
        self._engine = engine
        self._for_pools = CountedEngine(engine, self._admission)
        self._tokenizer = tokenizer
        self._gradings = gradings_of(spec, tokenizer)
        self._scorers: dict[str, BatchingScorer] = {}

    async def _result(self, task: Task, prm: PrmPeer | None) -> UnitResult:
        problem = task.problem
        asked = self._gradings[problem.benchmark].format
        prompt_ids = tuple(encode_prompt(asked, self._tokenizer, problem.question))
        if task.unit.tree:
            assert prm is not None, "the driver names a search's PRM worker"
            return await self._searched(task.unit.tree, problem, prompt_ids, self._scorer(prm))
        assert task.unit.block is not None, "a policy's unit is a block or a tree"
        return await self._sampled(task.unit.block, problem, prompt_ids)

    async def _sampled(
        self, block: SampleBlock, problem: Problem, prompt_ids: tuple[int, ...]
    ) -> UnitResult:
        grading = self._gradings[problem.benchmark].after(prompt_ids)
        samples = await sample_block(self._for_pools, prompt_ids, block, grading.format.stop)
        solutions = await self._graded(grading.samples, samples, problem.answer)
        usage = reduce(add, (sample.generation.usage for sample in samples), Usage())
        # As the solutions count them: a setting may leave a policy's thoughts out.
        counts = [
            solution.usage.generated_tokens
            for sample, solution in zip(samples, solutions, strict=True)
            if sample.generation is not NEVER_BEGUN
        ]
        asked = len(prompt_ids) if counts else 0
        price = price_of_samples(asked, counts, self._engine.block_tokens)
        return UnitResult(block.id, solutions=solutions, policy_usage=usage, price=price)

    async def _searched(
        self, unit: SearchTree, problem: Problem, prompt_ids: tuple[int, ...], scorer: StepScoring
    ) -> UnitResult:
        grading = self._gradings[problem.benchmark].after(prompt_ids)
        tokens = cache_tokens(unit, len(prompt_ids))
        async with self._admission.search(self._engine, unit.num_requests, tokens) as engine:
            session = SearchSession(
                settings=unit.settings,
                engine=engine,
                scorer=scorer,
                question=problem.question,
                prompt_ids=prompt_ids,
                decode=grading.decode,
                is_final=grading.is_final,
                sampling=unit.sampling,
                seed_of=partial(derive_seed, unit.id),
                stop=grading.format.stop,
            )
            outcome = await run_search(session)
        solutions = await self._graded(grading.answers, outcome.answers, problem.answer)
        return UnitResult(
            unit.id,
            solutions=solutions,
            policy_usage=outcome.policy_usage,
            prm_usage=outcome.prm_usage,
            price=outcome.price,
            trace=outcome.trace.as_json() if unit.keep_trace else None,
        )

    def _scorer(self, prm: PrmPeer) -> BatchingScorer:
        """Return the line to a PRM worker, the same for all searches."""
        # Requests are gathered per line: one line per search would make a call of each.
        return self._scorers.setdefault(prm.name, BatchingScorer(prm))

    def stats(self) -> EngineStats:
        """Return the engine's counters, and how long was graded beside it."""
        return self._with_grading(self._engine.stats())

    def close(self) -> None:
        """Stop the engine."""
        self._engine.close()
