"""Units through plan, dispatch and commit, with workers that answer at once; prints JSON.

What is left is the driver: it plans, hands out, hears, commits. Beside it a clock ticks on the
same loop, and the longest pause between two ticks is the loop's largest stall: for so long no
worker's answer is heard and no chunk goes out. Pauses are told in seconds and in CPU seconds of
this process: the second is what they would be on a machine that nobody else uses, or more.

    python -m tests.bench.dispatching NUM_UNITS FOLDER
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from rich.console import Console

from tests.bench.planning import IDENTITIES, POLICIES, PRMS, grid_of, problems
from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cluster.driver.capacity import Capacity, Nodes
from ttsgrid.cluster.driver.committer import Committer
from ttsgrid.cluster.driver.driver import Driver
from ttsgrid.cluster.driver.fleet import FleetWorker
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.driver.replica import Limits
from ttsgrid.cluster.driver.standstill import Room
from ttsgrid.cluster.wire.scoring_link import PrmPeer, ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.cluster.wire.whereabouts import Whereabouts
from ttsgrid.core.records import FinishReason, Solution, StepScores, UnitResult, Usage
from ttsgrid.core.spent import Stage
from ttsgrid.core.units import Unit
from ttsgrid.engines.base import EngineStats
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.grid.config import StrategyConfig
from ttsgrid.grid.plan import Plan, make_plan
from ttsgrid.store import Store, committed_units

UNITS_PER_PROBLEM = 12 * (1 + 7 + 7 * 2)  # a block of four, its scores, two beams per PRM
STEPS = ("17 + 23 = 40", "40 * 5 = 12", "The answer is \\boxed{12}.")
TICK_S = 0.005


@dataclass
class InstantWorker:
    """Answers each task with as many solutions or scores as it must bring."""

    name: str
    place: Whereabouts | None = None
    stats: EngineStats = field(default_factory=EngineStats)

    async def run(self, tasks: Sequence[Task], prm: PrmPeer | None) -> list[TaskOutcome]:
        await asyncio.sleep(0)
        return [TaskOutcome(task, result_of(task.unit)) for task in tasks]

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        raise NotImplementedError("these searches score nothing")

    async def watch(self) -> None:
        await asyncio.Event().wait()

    async def refresh_stats(self) -> bool:
        return True

    def as_prm(self) -> PrmPeer:
        return self

    async def stop(self) -> None: ...

    def kill(self) -> None: ...


def result_of(unit: Unit) -> UnitResult:
    """A result as large as those of short solutions."""
    usage = Usage(90, 64, 40)
    if unit.awaits:
        scores = tuple(StepScores(i, (0.5, 0.6, 0.7), usage) for i in range(4))
        return UnitResult(unit.id, scores=scores, prm_usage=usage)
    solutions = tuple(
        Solution(
            sample=i,
            text="\n\n".join(STEPS),
            steps=STEPS,
            finish_reason=FinishReason.STOP,
            answer="12",
            correct=True,
            usage=usage,
            seed=i,
            step_scores=(0.5, 0.6, 0.7) if unit.tree else (),
        )
        for i in range(4)
    )
    return UnitResult(unit.id, solutions=solutions, policy_usage=usage)


def planned(num_units: int) -> Plan:
    pools = StrategyConfig("best_of_n", "best_of_n", budgets=(4,))
    beams = StrategyConfig("beam", "beam", budgets=(4, 8))
    of = problems(-(-num_units // UNITS_PER_PROBLEM))
    return make_plan(grid_of(pools, beams), of, IDENTITIES)


def fleet() -> dict[str, list[WorkerSpec]]:
    zoo = shipped_benchmark("zoo")
    roles = dict.fromkeys(POLICIES, "policy") | dict.fromkeys(PRMS, "prm")
    return {
        name: [WorkerSpec(EngineSpec("fake", role, name, name), "zoo", (zoo,), 1.0, 0, 1.0)]
        for name, role in roles.items()
    }


async def start(
    spec: WorkerSpec, placed: Callable[[], None], reaches: Callable[[Stage], None]
) -> FleetWorker:
    placed()
    return InstantWorker(spec.engine.name)


@dataclass
class Stalls:
    """The longest pauses of a loop, in seconds and in CPU seconds."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    async def watch(self) -> None:
        """Tick, and note each pause between two ticks."""
        while True:
            wall, cpu = time.monotonic(), time.process_time()
            await asyncio.sleep(TICK_S)
            self.wall_s = max(self.wall_s, time.monotonic() - wall - TICK_S)
            self.cpu_s = max(self.cpu_s, time.process_time() - cpu)


async def driven(num_units: int, folder: Path, stalls: Stalls) -> int:
    """Plan and run; return how many units there were."""
    nodes = Nodes((Capacity(1e6, 1e6, 1e6),))
    with Store.open(folder, run_id="bench") as store:
        plan = planned(num_units)
        todo = Counter(unit.runs_on.name for unit, n in plan.missing.alike() for _ in range(n))
        store.write_problems(plan.problems)
        driver = Driver(
            plan,
            fleet(),
            start,
            Committer(store),
            Progress(Console(file=StringIO()), todo),
            Room(lambda: nodes, lambda: nodes),
            Limits(max_attempts=3, requests_in_flight=512),
        )
        clock = asyncio.create_task(stalls.watch())
        await asyncio.sleep(0)
        await driver.run({})
        clock.cancel()
    return len(plan.missing)


def main() -> None:
    num_units, folder = int(sys.argv[1]), Path(sys.argv[2])
    stalls = Stalls()
    began = time.monotonic()
    units = asyncio.run(driven(num_units, folder, stalls))
    seconds = time.monotonic() - began
    assert len(committed_units(folder).done) == units
    said = {"units": units, "seconds": seconds, "cpu_s": time.process_time()}
    said |= {"units_per_s": units / seconds, "units_per_cpu_s": units / time.process_time()}
    print(json.dumps(said | {"stall_s": stalls.wall_s, "stall_cpu_s": stalls.cpu_s}))


if __name__ == "__main__":
    main()
