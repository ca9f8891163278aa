"""The frontier's tables as files that any tool reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl


def write_tables(tables: Mapping[str, pl.DataFrame], folder: Path) -> list[Path]:
    """Write each table as NAME.parquet and NAME.csv; return the paths.

    Args:
        tables: name to frame.
        folder: exists; files of the same names are replaced.
    """
    written: list[Path] = []
    for name, frame in tables.items():
        paths = folder / f"{name}.parquet", folder / f"{name}.csv"
        frame.write_parquet(paths[0])
        frame.write_csv(paths[1])
        written.extend(paths)
    return written
