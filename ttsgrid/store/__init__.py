"""The results store: Parquet tables that any tool reads, and one driver writes.

Writing: `Store.open(path, run_id=...)` takes the lease, `store.commit([...])` adds
finished units, all or none. Reading needs no lease: `scan`, `committed_units`.

What needs data frames is loaded when it is asked for: a planner, which asks only what is
committed, does without.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ttsgrid.store.committed import CommittedUnits, committed_units
from ttsgrid.store.files import Files
from ttsgrid.store.local import LocalFiles
from ttsgrid.store.location import StorePath, locate
from ttsgrid.store.remote import RemoteFiles
from ttsgrid.store.rows import Commit
from ttsgrid.store.schema import SCHEMAS
from ttsgrid.store.versions import require_current

if TYPE_CHECKING:
    from ttsgrid.store.benchmarks import BenchmarkRecord, read_benchmarks
    from ttsgrid.store.catalogue import ModelRecord
    from ttsgrid.store.commit import Store
    from ttsgrid.store.compact import Compaction
    from ttsgrid.store.points import Point
    from ttsgrid.store.read import (
        described_models,
        generated,
        latest_units,
        pool_sizes,
        provenance,
        scan,
    )

_LATER = {
    "BenchmarkRecord": "benchmarks",
    "read_benchmarks": "benchmarks",
    "ModelRecord": "catalogue",
    "Store": "commit",
    "Compaction": "compact",
    "Point": "points",
    "described_models": "read",
    "generated": "read",
    "latest_units": "read",
    "pool_sizes": "read",
    "provenance": "read",
    "scan": "read",
}
"""Name to the module of this package that has it and loads data frames."""

__all__ = [
    "SCHEMAS",
    "BenchmarkRecord",
    "Commit",
    "CommittedUnits",
    "Compaction",
    "Files",
    "LocalFiles",
    "ModelRecord",
    "Point",
    "RemoteFiles",
    "Store",
    "StorePath",
    "committed_units",
    "described_models",
    "generated",
    "latest_units",
    "locate",
    "pool_sizes",
    "provenance",
    "read_benchmarks",
    "require_current",
    "scan",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
