"""Import published accuracies: a CSV with one row per point, and no solutions behind it.

Each field of a point is read from a column, or given as a constant for the whole file.
Columns under `setting` tell points of one strategy apart (`beam=50`). What a strategy is
called in its source may be renamed to our name, so that tables and pictures agree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from ttsgrid.core.errors import ConfigError
from ttsgrid.importer.layout_file import read_layout_file
from ttsgrid.store import Point, Store, StorePath

SHIPPED = Path(__file__).parent / "layouts" / "points"
NEEDED = ("benchmark", "policy", "strategy", "n", "accuracy")
OPTIONAL = ("prm", "seed", "tokens", "policy_parameters", "prm_parameters", "total_flops")
SCALES = {"fraction": 1.0, "percent": 100.0}


@dataclass(frozen=True)
class PointsLayout:
    """Where a CSV keeps the fields of its points.

    Attributes:
        columns: field of `ttsgrid.store.Point` to column.
        constants: field to the value that holds for the whole file.
        settings: columns that tell points of one strategy apart.
        strategies: a strategy's name in the file to ours.
        scale: whether accuracies are a `fraction` or a `percent`.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    strategies: Mapping[str, str] = field(default_factory=dict)
    scale: str = "fraction"

    def __post_init__(self) -> None:
        known = (*NEEDED, *OPTIONAL)
        for name in (*self.columns, *self.constants):
            if name not in known:
                raise ConfigError(f"points: no field {name!r}; choices: {', '.join(known)}")
        for name in NEEDED:
            if name not in self.columns and name not in self.constants:
                raise ConfigError(f"points: say which column holds {name}, or give it for all")
        if self.scale not in SCALES:
            raise ConfigError(f"points: scale must be one of {', '.join(SCALES)}")


def load_points_layout(
    name_or_path: str,
    columns: Mapping[str, str],
    constants: Mapping[str, str],
    scale: str | None = None,
) -> PointsLayout:
    """Read a layout of points, and change single fields of it.

    Args:
        name_or_path: a shipped layout's name, or a YAML file.
        columns: field to column, in place of the file's.
        constants: field to value; takes the place of a column.
        scale: of accuracies, in place of the file's; None for that.

    Raises:
        ConfigError: there is no such layout, or a field is wrong.
    """
    path = SHIPPED / f"{name_or_path}.yaml"
    path = path if path.is_file() else Path(name_or_path)
    if not path.is_file():
        choices = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.yaml")))
        raise ConfigError(f"--layout: no file {name_or_path!r}; shipped for points: {choices}")
    content = read_layout_file(path)
    fixed = {**content.get("constants", {}), **constants}
    named = {**content.get("columns", {}), **columns}
    return PointsLayout(
        columns={name: column for name, column in named.items() if name not in fixed},
        constants=fixed,
        settings=tuple(content.get("settings", ())),
        strategies=content.get("strategies", {}),
        scale=scale or content.get("scale", "fraction"),
    )


def import_points(store: StorePath, path: Path, layout: PointsLayout) -> int:
    """Import a CSV of published accuracies; return how many points it held.

    Raises:
        ConfigError: the file can't be read, lacks a column or holds a wrong value.
    """
    points = read_points(path, layout)
    with Store.open(store, run_id=f"import {path.name}") as opened:
        opened.write_points(points)
    return len(points)


def read_points(path: Path, layout: PointsLayout) -> list[Point]:
    """Read a CSV of published accuracies; raises as `import_points` does."""
    try:
        # As text: a seed `007` or a setting `0.50` must keep its spelling.
        frame = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ConfigError(f"can't read {path} as CSV: {error}") from error
    for name in (*layout.columns.values(), *layout.settings):
        if name not in frame.columns:
            raise ConfigError(f"{path} has no column {name!r}; it has: {', '.join(frame.columns)}")
    points = []
    for number, row in enumerate(frame.iter_rows(named=True), start=2):
        try:
            points.append(_point(row, layout, path.name))
        except ValueError as error:
            raise ConfigError(f"{path}, line {number}: {error}") from error
    if not points:
        raise ConfigError(f"{path} holds no points")
    return points


def _point(row: Mapping[str, str | None], layout: PointsLayout, source: str) -> Point:
    given: dict[str, str | None] = {
        **{name: row[column] for name, column in layout.columns.items()},
        **layout.constants,
    }
    values = {name: value for name, value in given.items() if value not in (None, "")}
    missing = [name for name in NEEDED if name not in values]
    if missing:
        raise ValueError(f"{missing[0]} is empty")
    text = {name: str(value) for name, value in values.items()}
    accuracy = _number(text["accuracy"], "accuracy") / SCALES[layout.scale]
    if not 0.0 <= accuracy <= 1.0:
        other = " or ".join(name for name in SCALES if name != layout.scale)
        raise ValueError(
            f"accuracy {text['accuracy']} is no {layout.scale}; say --scale {other}, or `scale` in "
            "a layout"
        )
    return Point(
        benchmark=text["benchmark"],
        policy=text["policy"],
        prm=text.get("prm"),
        strategy=layout.strategies.get(text["strategy"], text["strategy"]),
        n=_whole(text["n"], "n"),
        accuracy=accuracy,
        source=source,
        setting=_setting(row, layout.settings),
        seed=text.get("seed"),
        tokens=_number(text["tokens"], "tokens") if "tokens" in text else None,
        policy_parameters=_size(text, "policy_parameters"),
        prm_parameters=_size(text, "prm_parameters"),
        total_flops=_number(text["total_flops"], "total_flops") if "total_flops" in text else None,
    )


def _setting(row: Mapping[str, str | None], columns: tuple[str, ...]) -> str | None:
    given = [f"{column}={row[column]}" for column in columns if row[column] not in (None, "")]
    return ", ".join(given) or None


def _size(text: Mapping[str, str], name: str) -> int | None:
    return _whole(text[name], name) if name in text else None


def _whole(text: str, name: str) -> int:
    number = _number(text, name)
    if not number.is_integer() or number < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, not {text}")
    return int(number)


def _number(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise ValueError(f"{name} must be a number, not {text!r}") from error
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, not {text}")
    return number
