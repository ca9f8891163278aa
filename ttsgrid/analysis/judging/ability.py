"""How able PRMs are at finding first wrong steps, as a file says it.

The file is `prm_bench.json`, which `python -m ttsgrid.prm_bench` writes, or a CSV of one's own
with columns `prm` and `f1`, in [0, 1], and `f1_low` and `f1_high` where known: ProcessBench's
published figures, say. Of several sets of solutions the mean over them counts. Ability is F1
with a threshold that was held out, where the file has it: votes and searches compare scores
and know no threshold, so a PRM must not look unable for a threshold that doesn't suit it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ttsgrid.analysis.judging.bench import MEAN
from ttsgrid.core.errors import ConfigError

SETTING = "--prm-ability"
RESULT = Path("prm_bench") / "prm_bench.json"
"""Where in a store's folder it is looked for, unless a file is named."""
_HELD_OUT, _PLAIN = "f1_held_out", "f1"


@dataclass(frozen=True)
class Ability:
    """One PRM's F1 in [0, 1], with its 95 % interval where that is known."""

    prm: str
    f1: float
    low: float | None = None
    high: float | None = None


def find_abilities(store: str, file: Path | None) -> dict[str, Ability]:
    """Read the named file, else the one in a local store's folder; empty where there is none.

    Raises:
        ConfigError: the file can't be read, or lacks something.
    """
    if file is None and "://" not in store and (Path(store) / RESULT).is_file():
        file = Path(store) / RESULT
    return {} if file is None else read_abilities(file)


def read_abilities(file: Path) -> dict[str, Ability]:
    """Read abilities by PRM.

    Raises:
        ConfigError: the file can't be read, or a row of it is wrong; the message says which.
    """
    try:
        rows = _rows(file)
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise ConfigError(
            f"{SETTING}: {file} is neither a prm_bench.json nor a CSV: {reason}"
        ) from error
    abilities: dict[str, Ability] = {}
    means = {row["prm"] for row in rows if row.get("data") == MEAN}
    for row in rows:
        if row.get("prm") in means and row.get("data") != MEAN:
            continue
        ability = _ability(row, file)
        if ability.prm in abilities:
            raise ConfigError(f"{SETTING}: {file} names {ability.prm} twice; keep one row of it")
        abilities[ability.prm] = ability
    if not abilities:
        raise ConfigError(f"{SETTING}: {file} holds no PRM")
    return abilities


def _rows(file: Path) -> list[dict[str, Any]]:
    if file.suffix.lower() == ".json":
        return list(json.loads(file.read_text(encoding="utf-8"))["prm_bench"])
    return pl.read_csv(file).to_dicts()


def _ability(row: Mapping[str, Any], file: Path) -> Ability:
    name, column = row.get("prm"), _HELD_OUT if row.get(_HELD_OUT) is not None else _PLAIN
    value, low, high = (_number(row.get(f"{column}{end}")) for end in ("", "_low", "_high"))
    if not isinstance(name, str) or value is None:
        raise ConfigError(f"{SETTING}: {file}: each row needs `prm`, a name, and `f1`, a number")
    if not 0 <= value <= 1:
        raise ConfigError(f"{SETTING}: {file}: f1 of {name} is {value:g}; it must be in [0, 1]")
    return Ability(name, value, low, high)


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return None
