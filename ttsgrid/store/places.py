"""What a store says of the machines it ran on, and the same without names, for a published one.

Hosts and endpoints become numbers, so that workers can still be told apart and device time
added up; paths are cut to their last part. Why a unit failed is in nobody's words but the
machine's, so it is left out. Everything that cells, costs and verdicts come from stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from ttsgrid.core.identity import canonical_json
from ttsgrid.store.files import Files
from ttsgrid.store.read import scan

NOT_TOLD = "left out of the export"
_OF_PLACES = ("log", "url")  # keys of a provenance that name nothing else
# Two parts at least: 1/2 and /x are mathematics more often than files.
_PATH = re.compile(r"(?<![\w/.])(?:~|[A-Za-z]:)?(?:[/\\][^\s/\\:'\"<>|()\[\],]+){2,}")
# A folder, or a URI: a hub's id has one slash and starts with neither.
_LOCAL = re.compile(r"[/~.]|[A-Za-z]:|\w+://|[^/]+(?:/[^/]+){2,}|.*\\")
Change = Callable[[str, pa.Table], pa.Table]
"""From a table's name and its rows to the rows that are written."""


def as_recorded(table: str, rows: pa.Table) -> pa.Table:
    """Change nothing."""
    return rows


@dataclass(frozen=True)
class Places:
    """The names that a store holds of places, with what stands for each.

    Attributes:
        hosts: name to stand-in.
        endpoints: URL to stand-in.
    """

    hosts: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Files) -> Places:
        """Return the places of a store."""
        return cls(
            _numbered(files, "units", "host", "host"),
            _numbered(files, "models", "endpoint", "endpoint"),
        )

    def hidden(self, table: str, rows: pa.Table) -> pa.Table:
        """Return rows of a table without the names of places."""
        for name, change in self._changes(table).items():
            rows = _changed(rows, name, change)
        return rows

    def _changes(self, table: str) -> Mapping[str, Callable[[str], str]]:
        changes: Mapping[str, Mapping[str, Callable[[str], str]]] = {
            "units": {
                "host": self._host,
                "provenance": self._provenance,
                "error": lambda error: NOT_TOLD,
                "run_id": last_parts,
            },
            "models": {"model": last_part, "endpoint": lambda url: self.endpoints[url]},
            "benchmarks": {"source": last_part},
            "points": {"source": last_part},
            "solutions": {"outcome_detail": last_parts},
        }
        return changes.get(table, {})

    def _host(self, name: str) -> str:
        return self.hosts.get(name, "host")  # of a worker that told it in one place only

    def _provenance(self, text: str) -> str:
        told = {key: value for key, value in json.loads(text).items() if key not in _OF_PLACES}
        if "host" in told:
            told["host"] = self._host(told["host"])
        return canonical_json({key: _without_paths(value) for key, value in told.items()})


def last_part(name: str) -> str:
    """Return the last part of a path or URI, and any other name as it is.

    >>> last_part("/home/me/models/mine"), last_part("Qwen/Qwen2.5-7B"), last_part("zoo-s")
    ('mine', 'Qwen/Qwen2.5-7B', 'zoo-s')
    """
    if not _LOCAL.match(name):
        return name
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1]


def last_parts(text: str) -> str:
    """Return a text whose absolute paths are cut to their last parts.

    >>> last_parts("cut off in /home/me/run/test.py, line 3 of 1/2")
    'cut off in test.py, line 3 of 1/2'
    """
    return _PATH.sub(lambda found: last_part(found[0]), text)


def _without_paths(value: object) -> object:
    return last_parts(value) if isinstance(value, str) else value


def _numbered(files: Files, table: str, column: str, noun: str) -> dict[str, str]:
    names = scan(files, table).select(column).unique().collect()[column].drop_nulls().sort()
    return {name: f"{noun}-{number}" for number, name in enumerate(names, 1)}


def _changed(rows: pa.Table, name: str, change: Callable[[str], str]) -> pa.Table:
    """Return rows with one column of text changed, each distinct text once."""
    encoded = rows[name].combine_chunks().dictionary_encode()
    texts = pa.array([change(text) for text in encoded.dictionary.to_pylist()], pa.string())
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, rows.schema.field(place), texts.take(encoded.indices))
