"""A sweep in a process of its own, without Ray: the driver over workers in this process.

`python -m tests.unit.cluster.stoppable STORE GRACE_S DELAY_S [drain]` runs what the store lacks.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tests.unit.cluster.simulation import SimulatedCluster
from tests.unit.cluster.test_simulated_runs import fleet, planned
from ttsgrid.cli.exits import DONE, command, stopped_by_signals
from ttsgrid.cluster.driver.capacity import Capacity, Nodes
from ttsgrid.cluster.driver.committer import Committer
from ttsgrid.cluster.driver.driver import Driver
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.driver.replica import Limits
from ttsgrid.cluster.driver.standstill import Room
from ttsgrid.cluster.driver.stopping import run_until_stopped, stopped
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.store import Store, scan
from ttsgrid.store.solutions import load_solutions

NUM_PROBLEMS = 4


def slow(specs: list[WorkerSpec], delay_s: float) -> list[WorkerSpec]:
    """Return replicas whose requests take a while."""
    engines = [replace(spec.engine, fake={"delay_s": delay_s}) for spec in specs]
    return [replace(spec, engine=engine) for spec, engine in zip(specs, engines, strict=True)]


async def run(store: Store, grace_s: float, delay_s: float, *, drain: bool) -> None:
    """Run what the store lacks, as `launch` does."""
    plan = planned(NUM_PROBLEMS)
    missing = plan.missing.without(store.committed.done)
    plan = replace(plan, missing=missing)
    progress = Progress(Console(), Counter(unit.runs_on.name for unit in missing))
    workers = {name: slow(specs, delay_s) for name, specs in fleet().items()}
    nodes = Nodes((Capacity(1e6, 1e6, 1e6),))
    driver = Driver(
        plan,
        workers,
        SimulatedCluster().start,
        Committer(store),
        progress,
        Room(lambda: nodes, lambda: nodes),
        Limits(max_attempts=3, requests_in_flight=4),
    )
    held = load_solutions(store.files, {u.awaits for u in missing if u.awaits})
    sent = await run_until_stopped(driver.run(held), driver.drain, grace_s, progress.note)
    if sent is not None:
        raise stopped(sent, progress.committed_of_all, drain=drain)


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and end as the command line does."""
    folder, grace_s, delay_s, *drain = sys.argv[1:] if arguments is None else arguments
    with stopped_by_signals(), Store.open(folder, run_id="stoppable") as store:
        asyncio.run(run(store, float(grace_s), float(delay_s), drain=bool(drain)))
    return DONE


def units_in(folder: Path) -> int:
    """Return how many units a store holds."""
    return len(scan(folder, "units").collect())


if __name__ == "__main__":
    sys.exit(main())
