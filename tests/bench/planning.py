"""Plan the study's full grid, or resume a store of a million units; print what it took as JSON.

In a process of its own, so that its peak of memory is that of planning. Problems are made, models
are named and not loaded: neither counts for a plan.

    python -m tests.bench.planning fresh
    python -m tests.bench.planning store FOLDER
    python -m tests.bench.planning resume FOLDER
"""

from __future__ import annotations

import itertools
import json
import resource
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq

from ttsgrid.core.records import Problem
from ttsgrid.core.units import ModelIdentity, Unit
from ttsgrid.grid.config import (
    BenchmarkConfig,
    ClusterConfig,
    EngineConfig,
    GridConfig,
    ModelConfig,
    StrategyConfig,
)
from ttsgrid.grid.plan import Plan, make_plan
from ttsgrid.store import Store, committed_units
from ttsgrid.store.epochs import commit_name
from ttsgrid.store.schema import SCHEMAS

POLICIES = tuple(f"policy-{i}" for i in range(12))
PRMS = tuple(f"prm-{i}" for i in range(7))
IDENTITIES = {name: ModelIdentity(name, name, f"hash of {name}", "zoo") for name in POLICIES + PRMS}
MATH_500, AIME24 = 500, 30
NUM_RESUMED = 1_350  # problems, of 744 units each: a million
EVERY = 20  # one unit in so many is missing
UNITS_A_FILE = 50_000


def grid_of(*strategies: StrategyConfig) -> GridConfig:
    """A grid of the study's twelve policies and seven PRMs."""
    return GridConfig(
        benchmarks=(BenchmarkConfig("zoo"),),
        policies=tuple(ModelConfig(name, name, "zoo") for name in POLICIES),
        prms=tuple(ModelConfig(name, name, "qwen") for name in PRMS),
        strategies=strategies,
        budgets=(4, 16, 64, 256),
        engine=EngineConfig(),
        cluster=ClusterConfig(),
        store="none",
    )


def problems(count: int, name: str = "p") -> tuple[Problem, ...]:
    return tuple(Problem(f"{name}{i}", "zoo", i, f"question {i}", str(i)) for i in range(count))


def study() -> Plan:
    """The study's full grid, over both of its benchmarks."""
    kinds = ("cot", "majority", "best_of_n", "beam", "dvts")
    grid = grid_of(*(StrategyConfig(kind, kind) for kind in kinds))
    parts = (problems(MATH_500, "math"), problems(AIME24, "aime"))
    return Plan.joined([make_plan(grid, part, IDENTITIES) for part in parts])


def resumed(held: frozenset[str] = frozenset()) -> Plan:
    """A million units, of which a third are searches."""
    pools = StrategyConfig("best_of_n", "best_of_n", budgets=(4, 64))
    beams = StrategyConfig("beam", "beam", budgets=(4, 16, 64))
    return make_plan(
        grid_of(StrategyConfig("cot", "cot"), pools, beams), problems(NUM_RESUMED), IDENTITIES, held
    )


def write_store(folder: Path) -> None:
    """Write a store that holds nearly all of `resumed`; of its units alone."""
    plan = resumed()
    with Store.open(folder, run_id="bench") as store:
        store.write_problems(plan.problems)
    shutil.rmtree(folder / "_epochs")  # so that the files below count, which no driver commits
    held = (unit for place, unit in enumerate(plan.units) if place % EVERY)
    for number, units in enumerate(_batched(held, UNITS_A_FILE)):
        name = commit_name("00000001-00000000", number, str(number).encode())
        _write_units(folder / "units" / name, units)


def _batched(units: Iterable[Unit], size: int) -> Iterator[list[Unit]]:
    source = iter(units)
    while batch := list(itertools.islice(source, size)):
        yield batch


def _write_units(path: Path, units: list[Unit]) -> None:
    path.parent.mkdir(exist_ok=True)
    one = {"status": "done", "attempt": 1, "committed_at": datetime(2026, 1, 1, tzinfo=UTC)}
    columns = {
        **{name: [value] * len(units) for name, value in one.items()},
        "unit_id": [unit.id for unit in units],
        "kind": [unit.kind for unit in units],
        "family": [unit.family for unit in units],
        "problem_id": [unit.problem_id for unit in units],
        "epoch": [1] * len(units),
        "commit_number": [0] * len(units),
    }
    schema = SCHEMAS["units"]
    # Nothing here reads the others; those that may not be null are blank.
    blank = {field.name: [None if field.nullable else ""] * len(units) for field in schema}
    given = {**blank, **_zeros(len(units)), **columns}
    arrays = [pa.array(given[field.name], field.type) for field in schema]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path, compression="zstd")


def _zeros(count: int) -> dict[str, list[int]]:
    numbers = (field for field in SCHEMAS["units"] if pa.types.is_primitive(field.type))
    return {field.name: [0] * count for field in numbers if not field.nullable}


def fresh() -> Plan:
    """Plan the study as a sweep does before it starts: plan and count."""
    plan = study()
    plan.units.by_model()
    plan.missing.by_model()
    return plan


def resume(folder: Path) -> Plan:
    """Do what a sweep does with a store before the first unit is handed out."""
    from ttsgrid.cluster.driver.launch import blocks_to_score  # noqa: PLC0415

    plan = resumed(committed_units(folder).done)
    plan.missing.by_model()
    with Store.open(folder, run_id="bench") as store:
        store.write_problems(plan.problems)
        blocks_to_score(plan)
    return plan


def measured(what: str, folder: str = "") -> SimpleNamespace:
    """Return seconds, peak of memory and number of units."""
    began = time.monotonic()
    plan = fresh() if what == "fresh" else resume(Path(folder))
    seconds = time.monotonic() - began
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    units, missing = len(plan.units), len(plan.missing)
    searches = len(plan.units.where(lambda unit: unit.tree is not None))
    return SimpleNamespace(
        seconds=seconds, cpu_s=time.process_time(), gib=gib,
        units=units, missing=missing, searches=searches,
    )  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1] == "store":
        write_store(Path(sys.argv[2]))
    else:
        print(json.dumps(vars(measured(*sys.argv[1:]))))
