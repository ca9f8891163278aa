"""What an analysis in a folder was made with, so that another doesn't take its place unsaid.

Beside its files lies `made_with.json`: the settings, and which files are theirs. Before an
analysis with other settings is written there, those files move to `earlier-DIGEST/`, named by
the settings they were made with: so each combination is kept once, the latest of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ttsgrid.core.identity import content_id

RECORD = "made_with.json"
_DIGITS = 8
Settings = Mapping[str, Any]
"""Plain JSON data; what is left at its default is left out."""


def keep_earlier(folder: Path, settings: Settings) -> str | None:
    """Move an analysis that other settings made out of the way.

    Args:
        folder: where the next one is to be written; need not exist.
        settings: of the next one.

    Returns:
        A sentence that says what was kept where; None where nothing had to be.
    """
    record = _record(folder)
    if record is None or record["settings"] == dict(settings):
        return None
    aside = folder / f"earlier-{content_id(record['settings'])[:_DIGITS]}"
    aside.mkdir(exist_ok=True)
    for name in (*record["files"], RECORD):
        if (folder / name).is_file():
            (folder / name).replace(aside / name)
    return (
        f"An analysis made with {_in_words(record['settings'])} lay in {folder}; it is kept in "
        f"{aside}."
    )


def note_settings(folder: Path, settings: Settings, paths: Iterable[Path]) -> None:
    """Say in a folder what its files were made with; files of the same settings add up."""
    record = _record(folder)
    known = record["files"] if record and record["settings"] == dict(settings) else []
    files = sorted({*known, *(path.name for path in paths)})
    written = {"settings": dict(settings), "files": files}
    (folder / RECORD).write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


def _record(folder: Path) -> dict[str, Any] | None:
    """Return what a folder says; None of one without a record, or with one that makes no sense."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        names = [Path(str(name)).name for name in record["files"]]  # nothing outside the folder
        return {"settings": dict(record["settings"]), "files": names}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _in_words(settings: Settings) -> str:
    said = [f"{name}={json.dumps(value)}" for name, value in sorted(settings.items())]
    return ", ".join(said) or "the usual settings"
