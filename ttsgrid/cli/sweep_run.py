"""What a sweep does with its plan: describe it in the store, and run what is missing."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter

from rich.console import Console

from ttsgrid.benchmarks import BenchmarkConfig, benchmark_grader, require_ready
from ttsgrid.core.spent import Part, Spent
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.store import BenchmarkRecord, ModelRecord, Store
from ttsgrid.views.tracking.trackers import NO_TRACKERS, Trackers


def benchmark_record(benchmark: BenchmarkConfig) -> BenchmarkRecord:
    """Return what the store says of a benchmark."""
    return BenchmarkRecord(
        benchmark.name,
        benchmark.grader,
        benchmark.options_json,
        benchmark.step_labels,
        benchmark.instruction,
        benchmark.source,
    )


def model_record(model: ResolvedModel) -> ModelRecord:
    """Return what the store says of a model."""
    asked = model.config.endpoint
    return ModelRecord(
        model.identity,
        model.role,
        model.num_parameters,
        model.config.pretraining_tokens,
        format_name=model.config.format,
        endpoint=asked.url if asked else None,
        input_price=asked.input_price if asked else None,
        cached_input_price=asked.cached_input_price if asked else None,
        output_price=asked.output_price if asked else None,
    )


def run_plan(
    grid: GridConfig,
    plan: Plan,
    models: list[ResolvedModel],
    console: Console,
    trackers: Trackers = NO_TRACKERS,
    spent: Spent | None = None,
) -> int:
    """Describe the models, run the missing units, all under the store's lease.

    Trackers are told of progress, and `spent` of where the time goes.

    Returns:
        How many units failed.
    """
    with Store.open(grid.store, run_id=uuid.uuid4().hex[:12], tell=console.print) as store:
        store.write_problems(plan.problems)
        for benchmark in grid.benchmarks:
            store.write_benchmark(benchmark_record(benchmark))
        store.write_models(model_record(model) for model in models)
        # After the descriptions: what is newly said of a model must reach the store all the same.
        if not plan.missing:
            return 0
        for benchmark in grid.benchmarks:
            require_ready(benchmark_grader(benchmark))
        # Ray, and what comes with it, is loaded only when there is something to run.
        from ttsgrid.cluster.driver.launch import run_missing  # noqa: PLC0415
        from ttsgrid.cluster.driver.tracked import tracked  # noqa: PLC0415

        spent = spent or Spent()
        todo: Counter[str] = Counter()
        for (_, model), amount in plan.missing.by_model().items():
            todo[model] += amount.num_units
        run = run_missing(
            grid,
            plan,
            models,
            store,
            console,
            todo,
            lambda figures: trackers.progress(lambda: tracked(figures)),
            spent,
        )
        failed = asyncio.run(run)
        with spent.on(Part.COMMIT):
            store.compact()  # a commit a second leaves thousands of files a day
        return failed
