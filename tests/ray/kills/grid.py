"""What each schedule runs: pools, scores and searches, some seconds of work on two workers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.ray.test_driver_with_fake_engines import BEST_OF_N, COT, MAJORITY, model
from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.grid.config import ClusterConfig, EngineConfig, GridConfig, ModelConfig, StrategyConfig

BEAM = StrategyConfig("beam", "beam", search={"max_steps": 4})
# A whole CPU each: the second node takes one of them, the first could take both.
CPUS = 1.0


def make_models(folder: Path) -> None:
    """Make the checkpoints, which all drivers of a test share."""
    for role, format in (("policy-a", "zoo"), ("prm-q", "qwen")):
        model(folder, role, format)


def grid_of(models: Path, store: Path, address: str) -> GridConfig:
    """Return six problems' grid: 24 units."""
    return GridConfig(
        benchmarks=(replace(shipped_benchmark("zoo"), num_problems=6),),
        policies=(ModelConfig(name="policy-a", model=str(models / "policy-a"), format="zoo"),),
        prms=(ModelConfig(name="prm-q", model=str(models / "prm-q"), format="qwen"),),
        strategies=(COT, MAJORITY, BEST_OF_N, BEAM),
        budgets=(4,),
        engine=EngineConfig(
            "fake",
            max_num_seqs=4,
            cpus=CPUS,
            memory_gib=0.2,
            fake={"delay_s": 0.08, "start_s": 0.3, "own_process": 1},
        ),
        cluster=ClusterConfig(address=address, use_gpus=False, placement_timeout_s=60),
        store=str(store),
    )
