"""What was meant by `ttsgrid import` where it doesn't say what is imported."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from ttsgrid.core.checks import did_you_mean
from ttsgrid.importer.documents import store_instead
from ttsgrid.store.location import holds_store

KINDS = ("samples", "points")


def needs_a_kind(told: Sequence[str]) -> bool:
    """Whether a command line begins with a name that is neither a kind nor an option."""
    return bool(told) and told[0] not in KINDS and not told[0].startswith("-")


def what_to_type(told: Sequence[str]) -> str:
    """Return a sentence with the command that does what was probably meant."""
    names = [name for name in told if not name.startswith("-")]
    stores = [name for name in names if "://" not in name and holds_store(name)]
    if stores:
        # Of two stores the first is one's own, as everywhere.
        return store_instead(stores[-1], into=names[0] if names[0] != stores[-1] else None)
    there = [name for name in names if Path(name).exists()]
    if there:
        return (
            f"import what: `ttsgrid import --guess {shlex.join(there)}` says what it is and what "
            "to type next"
        )
    return f"say samples, points or --guess FILE, not {told[0]!r}.{did_you_mean(told[0], KINDS)}"
