"""What an analysis in a folder was made with, so that another doesn't take its place unsaid.

Beside its files lies `made_with.json`: the settings, the store's size, and which files are
theirs. An analysis with other settings moves to `earlier-DIGEST/`, named by those, before the
next is written: so each combination is kept once, the latest of it. Where the settings are the
same and the store has grown since, or the grid has gone on to a larger N, the next one holds all
that the earlier one said and more: the files are refreshed, and a sentence says so.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ttsgrid.core.identity import content_id
from ttsgrid.core.tally import counted

RECORD = "made_with.json"
_DIGITS = 8
_MOST_NAMED = 3
_SETTINGS = re.compile(r'<meta name="ttsgrid-settings" content="([^"]*)">')
_HEAD_CHARACTERS = 2000


@dataclass(frozen=True)
class MadeWith:
    """What determines the files of an analysis.

    Attributes:
        settings: plain JSON data, as they were asked for; what is left at its default is left
            out.
        num_units: done units in the store.
        budgets: every N of its cells.
        is_usual: whether those are the usual ones for what the store holds, rather than a
            grid's own or chosen ones.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    num_units: int = 0
    budgets: Sequence[int] = ()
    is_usual: bool = True

    def covers(self, other: MadeWith) -> bool:
        """Whether an analysis with this says all that one with the other said."""
        if dict(self.settings) != dict(other.settings):
            return False
        return (self.is_usual and other.is_usual) or set(other.budgets) <= set(self.budgets)

    def __str__(self) -> str:
        """Return the settings as they are typed."""
        budgets = {} if self.is_usual else {"budgets": list(self.budgets)}
        given = {**budgets, **self.settings}
        said = [f"{name}={json.dumps(value)}" for name, value in sorted(given.items())]
        return ", ".join(said) or "the usual settings"


@dataclass(frozen=True)
class _Record:
    """What a folder says: with what its analysis was made, and each file's size of the store."""

    made: MadeWith
    files: Mapping[str, int]


def keep_earlier(folder: Path, made: MadeWith) -> str | None:
    """Move an analysis that other settings made out of the way.

    Args:
        folder: where the next one is to be written; need not exist.
        made: what the next one is made with.

    Returns:
        A sentence that says what was kept where, or why files are refreshed; None where there
        is nothing to say.
    """
    record = _record(folder)
    if record is None:
        return None
    if made.covers(record.made):
        return _refreshed(folder, made.num_units - record.made.num_units)
    aside = folder / f"earlier-{content_id(str(record.made))[:_DIGITS]}"
    aside.mkdir(exist_ok=True)
    for name in (*record.files, RECORD):
        if (folder / name).is_file():
            (folder / name).replace(aside / name)
    return f"An analysis made with {record.made} lay in {folder}; it is kept in {aside}."


def note_settings(folder: Path, made: MadeWith, paths: Iterable[Path]) -> str | None:
    """Say in a folder what its files were made with; files of the same settings add up.

    Returns:
        A sentence that names files of an earlier state of the store; None without any.
    """
    record = _record(folder)
    known = record.files if record and made.covers(record.made) else {}
    files = {n: size for n, size in known.items() if (folder / n).is_file()}
    files |= {path.name: made.num_units for path in paths}
    written = {**asdict(made), "files": dict(sorted(files.items()))}
    (folder / RECORD).write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    older = sorted(name for name, size in files.items() if size != made.num_units)
    if not older:
        return None
    named = ", ".join(older[:_MOST_NAMED]) + (", ..." if len(older) > _MOST_NAMED else "")
    show = "shows" if len(older) == 1 else "show"
    which = f"{counted(len(older), 'file')} in {folder}"
    return f"{which} {show} an earlier state of the store: {named}"


def keep_earlier_page(page: Path, made: MadeWith) -> str | None:
    """Rename a page that other settings made, which says so at its head; see `keep_earlier`."""
    try:
        with page.open(encoding="utf-8") as file:
            found = _SETTINGS.search(file.read(_HEAD_CHARACTERS))
    except (OSError, UnicodeDecodeError):
        return None
    told = html.unescape(found[1]) if found else ""
    if not told or told == str(made):
        return None
    aside = page.with_name(f"{page.stem}-earlier-{content_id(told)[:_DIGITS]}{page.suffix}")
    page.replace(aside)
    return f"A page made with {told} lay at {page}; it is kept as {aside}."


def _refreshed(folder: Path, more: int) -> str | None:
    if not more:
        return None
    change = f"{counted(abs(more), 'unit')} {'more' if more > 0 else 'fewer'}"
    return f"The store holds {change} than when {folder} was last written: now refreshed."


def _record(folder: Path) -> _Record | None:
    """Return what a folder says; None of one without a record, or with one that makes no sense."""
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        # Nothing outside the folder.
        files = {Path(str(name)).name: int(size) for name, size in told["files"].items()}
        budgets = [int(n) for n in told["budgets"]]
        units, is_usual = int(told["num_units"]), bool(told["is_usual"])
        return _Record(MadeWith(dict(told["settings"]), units, budgets, is_usual), files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
