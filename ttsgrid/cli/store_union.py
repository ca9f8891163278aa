"""Several stores to one, and one to a data set: `ttsgrid store merge` and `export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ttsgrid.core.tally import counted
from ttsgrid.store.commit import Store
from ttsgrid.store.export import CARD, export
from ttsgrid.store.files import Files
from ttsgrid.store.merge import Merge, merge
from ttsgrid.store.versions import require_current
from ttsgrid.views.terminal.console import Console


def merge_stores(
    console: Console, files: Files, sources: Sequence[Files], keep_first: bool
) -> None:
    """Add sources to a store, one after the other, and say what came of each."""
    for source in sources:
        require_current(source)  # before a store is made
    with Store.open(files, run_id="merge", tell=console.print) as store:
        for source in sources:
            done = merge(store, source, keep_first)
            _say(console, f"{source.uri}: {_in_words(done)}")
            if done.rescored:
                _say(console, f"{done.rescored}, there and before; the first store's scores stand.")
            if done.num_rejudged:
                solutions = counted(done.num_rejudged, "solution")
                _say(console, f"Other verdicts on {solutions}; the first store's verdicts stand.")
        store.compact()
        num_done = len(store.committed.done)
    _say(console, f"{files.uri} holds {counted(num_done, 'unit')}, each once; all are there.")


def export_store(console: Console, source: Files, folder: Path, with_places: bool) -> None:
    """Write a store as a data set, and say where its card lies."""
    done = export(source, folder, console.print, with_places=with_places)
    _say(console, f"{_added(done)} exported to {folder}; card: {folder / CARD}")


def _in_words(done: Merge) -> str:
    parts = [f"{_added(done)} added"]
    if done.num_in_both:
        parts.append(f"{done.num_in_both:,} in both, kept once")
    if done.num_left_out:
        parts.append(f"{done.num_left_out:,} left out, which scored other solutions")
    return ", ".join(parts)


def _added(done: Merge) -> str:
    points = counted(done.num_points, "published point") if done.num_points else ""
    units = counted(done.num_added, "unit") if done.num_added or not points else ""
    return " and ".join(filter(None, (units, points)))


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, soft_wrap=True, highlight=False, markup=False)
