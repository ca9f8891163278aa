"""What the throughput script runs: worker specs of random models, pools and searches of the zoo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hydra import compose, initialize_config_dir
from transformers import AutoTokenizer

from tests.gpu.random_models import PHRASES, SEPARATOR, SHAPES, write_checkpoint
from ttsgrid.benchmarks import load_benchmark
from ttsgrid.cli.found import resolve_models
from ttsgrid.cluster.driver.fleet_specs import worker_spec
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.core.records import Problem
from ttsgrid.core.shipped import CONF
from ttsgrid.core.units import SampleBlock, SearchTree
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.plan import make_plan
from ttsgrid.grid.resolve import ResolvedModel


@dataclass(frozen=True)
class Scale:
    """How much of what is run.

    Attributes:
        policy, prm: names of `SHAPES`.
        num_problems: searched, and sampled 64 times each.
        budget: N of the beam search.
        num_steps, step_tokens: mean and median of what a solution has.
        max_num_seqs: of either engine.
        gpu_shares: of the GPU's memory, for one engine of the policy and one of the PRM.
    """

    policy: str
    prm: str
    num_problems: int
    budget: int
    num_steps: int
    step_tokens: int
    max_num_seqs: int
    gpu_shares: tuple[float, float] = (0.14, 0.25)

    @property
    def max_model_len(self) -> int:
        """Room for the longest solution that lengths may draw, and its prompt."""
        return 256 + 2 * self.num_steps * self.step_tokens * 4


@dataclass(frozen=True)
class Setting:
    """Specs of both workers, and the work for them.

    Attributes:
        searches: of each round, the warm-up first; other problems in each, since workers in Ray
            remember the scores and prefixes of what they have searched.
        pools: of every round, in chunks; no engine remembers a sample.
    """

    policy: WorkerSpec
    prm: WorkerSpec
    searches: tuple[tuple[Task, ...], ...]
    pools: tuple[tuple[Task, ...], ...]


def prepare(scale: Scale, num_rounds: int, folder: Path, *, use_gpu: bool) -> Setting:
    """Write the checkpoints and plan the work."""
    grid = _grid(scale, use_gpu=use_gpu)
    models = resolve_models(grid)
    problems = _problems(scale, seed=0)
    pools: dict[str, list[Task]] = {problem.id: [] for problem in problems}
    for task in _tasks(grid, models, problems):
        if isinstance(task.unit, SampleBlock):
            pools[task.problem.id].append(task)
    specs = [worker_spec(grid, model, problems, use_gpus=False) for model in models]
    return Setting(
        _random(specs[0], scale, scale.policy, folder, use_gpu=use_gpu),
        _random(specs[1], scale, scale.prm, folder, use_gpu=use_gpu),
        tuple(
            tuple(
                task
                for task in _tasks(grid, models, _problems(scale, seed=number))
                if isinstance(task.unit, SearchTree)
            )
            for number in range(num_rounds + 1)
        ),
        tuple(tuple(tasks) for tasks in pools.values()),
    )


def _problems(scale: Scale, seed: int) -> tuple[Problem, ...]:
    return load_benchmark("zoo", num_problems=scale.num_problems, seed=seed)


def _tasks(
    grid: GridConfig, models: Sequence[ResolvedModel], problems: tuple[Problem, ...]
) -> list[Task]:
    """Return the plan's tasks, the longest questions first, as the driver starts them."""
    plan = make_plan(grid, problems, {m.identity.name: m.identity for m in models})
    by_id = {problem.id: problem for problem in problems}
    tasks = [Task(unit, by_id[unit.problem_id]) for unit in plan.units]
    return sorted(tasks, key=lambda task: -len(task.problem.question))


def _grid(scale: Scale, *, use_gpu: bool) -> GridConfig:
    chosen = [
        f"engine={'gpu' if use_gpu else 'cpu'}",
        "policies=[zoo-s]",
        "prms=[zoo-prm]",
        "strategies=[majority,{name: beam, kind: beam, "
        f"budgets: [{scale.budget}], max_step_tokens: {8 * scale.step_tokens}}}]",
        "budgets=[64]",
        f"sampling.max_tokens={scale.max_model_len - 256}",
        f"benchmark.num_problems={scale.num_problems}",
        f"engine.max_num_seqs={scale.max_num_seqs}",
    ]
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return to_grid(compose("config", overrides=chosen), [CONF])


def _random(
    worker: WorkerSpec, scale: Scale, shape: str, folder: Path, *, use_gpu: bool
) -> WorkerSpec:
    """Return the worker's spec, for a model of the shape with random weights."""
    spec, is_policy = worker.engine, worker.engine.role == "policy"
    source = write_checkpoint(
        folder / spec.role, Path(spec.source), SHAPES[shape], scale.max_model_len
    )
    ids = _ids(source)
    engine = replace(
        spec,
        kind=f"tests.gpu.random_models:start_{spec.role}",
        source=str(source),
        dtype=SHAPES[shape].dtype,
        num_gpus=int(use_gpu),
        gpu_memory_utilization=scale.gpu_shares[0 if is_policy else 1],
        max_model_len=scale.max_model_len,
        options={
            "step_tokens": scale.step_tokens,
            "num_steps": scale.num_steps,
            "phrase_ids": ids[:-1],
            "separator_id": ids[-1],
        },
    )
    # Both actors share the one GPU, which Ray gives out whole: neither asks for it.
    return replace(worker, engine=engine, gpus=0)


def _ids(source: Path) -> list[int]:
    tokenizer = AutoTokenizer.from_pretrained(source)
    encoded: Sequence[Sequence[int]] = [
        tokenizer.encode(text, add_special_tokens=False) for text in (*PHRASES, SEPARATOR)
    ]
    assert all(len(ids) == 1 for ids in encoded), "phrases of the zoo are single tokens"
    return [ids[0] for ids in encoded]
