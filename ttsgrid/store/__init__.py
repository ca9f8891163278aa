"""The results store: Parquet tables that any tool reads, and one driver writes.

Writing: `Store.open(path, run_id=...)` takes the lease, `store.commit([...])` adds
finished units, all or none. Reading needs no lease: `scan`, `committed_units`.
"""

from ttsgrid.store.benchmarks import BenchmarkRecord, read_benchmarks
from ttsgrid.store.catalogue import ModelRecord
from ttsgrid.store.commit import Store
from ttsgrid.store.compact import Compaction
from ttsgrid.store.files import Files
from ttsgrid.store.local import LocalFiles
from ttsgrid.store.location import StorePath
from ttsgrid.store.points import Point
from ttsgrid.store.read import (
    CommittedUnits,
    committed_units,
    described_models,
    generated,
    latest_units,
    pool_sizes,
    provenance,
    scan,
)
from ttsgrid.store.remote import RemoteFiles
from ttsgrid.store.rows import Commit
from ttsgrid.store.schema import SCHEMAS

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
    "pool_sizes",
    "provenance",
    "read_benchmarks",
    "scan",
]
