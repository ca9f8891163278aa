"""Files of recorded runs, read into records: JSON, JSON lines, inspect_ai's `.eval`.

Several files are read as one: their records follow each other, so a problem that occurs in
each of them (one file per seed) has the samples of all. A folder stands for the files in it
that fit the layout's `files`, in the order in which people count: `question_2` comes before
`question_10`. Files may be gzipped.
"""

from __future__ import annotations

import gzip
import json
import re
import shlex
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttsgrid.core.errors import ConfigError
from ttsgrid.importer.inspect_log import MAGIC, inspect_document
from ttsgrid.importer.layout import KEYED, Layout
from ttsgrid.importer.paths import parse_path, pick
from ttsgrid.store.location import holds_store

Record = dict[str, Any]
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"


@dataclass(frozen=True)
class Located:
    """A record and where it stands.

    Attributes:
        number: in its file, from 1.
    """

    path: Path
    number: int
    record: Record

    @property
    def place(self) -> str:
        """The file and the record's number, as errors name them."""
        return f"{self.path}, record {self.number}"


def found_files(paths: Sequence[Path], layout: Layout) -> list[Path]:
    """Return the files that some paths stand for, each once.

    Raises:
        ConfigError: a folder holds no file that fits the layout.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            files[path] = None
            continue
        is_store = holds_store(path)
        hidden = _is_hidden_in_store if is_store else _is_hidden
        named = {file for glob in layout.files for file in path.rglob(glob)}
        shown = (f for f in named if f.is_file() and not hidden(f.relative_to(path)))
        inside = sorted(shown, key=_as_counted)
        if not inside and is_store:
            raise ConfigError(store_instead(path))
        if not inside:
            globs = " or ".join(layout.files)
            raise ConfigError(f"{path} holds no file {globs}; name files, or set layout `files`")
        files.update(dict.fromkeys(inside))
    return list(files)


def store_instead(path: Path | str, into: Path | str | None = None) -> str:
    """Return what to type for a store, or an export of one, that was to be imported.

    Args:
        path: the store.
        into: where it was to go; None where that wasn't said.
    """
    named, own = shlex.quote(str(path)), "STORE" if into is None else shlex.quote(str(into))
    return (
        f"{path} is a store, as each export is: `ttsgrid frontier {named}` shows it, and "
        f"`ttsgrid store merge {own} {named}` adds it to {'yours' if into is None else into}"
    )


def located_records(files: Iterable[Path], layout: Layout) -> Iterator[Located]:
    """Yield the records of some files.

    Raises:
        ConfigError: a file can't be read, or holds no list of objects.
    """
    for path in files:
        for number, record in enumerate(_records(path, layout), start=1):
            yield Located(path, number, record)


def read_document(path: Path) -> Any:
    """Return a file's JSON document, or a list with one per line.

    Raises:
        ConfigError: it can't be read, or is neither.
    """
    try:
        data = path.read_bytes()
        if data.startswith(_GZIP):
            data = gzip.decompress(data)
        if data.startswith(_PARQUET):
            raise ConfigError(
                f"{path} is Parquet, and recorded runs are read from JSON lines; pandas makes "
                "them: pandas.read_parquet(FILE).to_json(NAME, orient='records', lines=True)"
            )
        if data.startswith(MAGIC):
            return inspect_document(data, str(path))
        return _document(data.decode("utf-8"), path)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}); convert it") from error
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or error
        raise ConfigError(f"can't read {path}: {said}") from error


def _is_hidden(path: Path) -> bool:
    """Say whether tools hide a file; a store of ours hides its ledgers in `_epochs/`."""
    return any(part.startswith((".", "_")) for part in path.parts)


def _is_hidden_in_store(path: Path) -> bool:
    """Say the same of a file in a store, where our analyses are no recorded runs."""
    return path.parts[0] == "frontier" or _is_hidden(path)


def _as_counted(path: Path) -> list[tuple[int, str]]:
    """Sort digits as numbers: record_2 before record_10."""
    parts = re.findall(r"\d+|\D+", str(path))
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _records(path: Path, layout: Layout) -> Iterable[Record]:
    document = read_document(path)
    if layout.records == KEYED:
        return _keyed(document)
    if layout.records is not None:
        try:
            document = pick(document, parse_path(layout.records))
        except LookupError as error:
            raise ConfigError(f"{path}: layout `records`: {error}") from error
    elif isinstance(document, dict):  # JSON lines of one line
        document = [document]
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise ConfigError(
            f"{path}: the problems must be a list of objects; set the layout's `records`"
        )
    return document


def _document(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        whole = error
    # Not `splitlines`: texts in JSON may hold U+2028 and U+0085, and it would cut there.
    lines = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    documents = []
    for number, line in lines:
        try:
            documents.append(json.loads(line))
        except json.JSONDecodeError as error:
            # A file that breaks off in its first line may be one document over many lines.
            problem = whole if number == lines[0][0] else f"line {number}: {error}"
            raise ConfigError(f"{path} is neither JSON nor JSON lines: {problem}") from error
    return documents


def _keyed(document: Any) -> Iterator[Record]:
    """Records of a document whose mappings share their keys."""
    if not isinstance(document, dict):
        raise ConfigError("layout: records '{}' needs a JSON object that holds mappings")
    tables = {name: value for name, value in document.items() if isinstance(value, dict)}
    for key in dict.fromkeys(key for table in tables.values() for key in table):
        yield {"key": key, **{name: table[key] for name, table in tables.items() if key in table}}
