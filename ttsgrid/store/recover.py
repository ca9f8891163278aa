"""What a new holder does first: finish or undo what a crashed one left.

A compaction past its commit point is finished; everything else in `_staging/`
is dropped, and so are data files whose commit never got its units file. Then
plain `*.parquet` globs are right again. Each step may itself be cut short and
repeated.
"""

from __future__ import annotations

from ttsgrid.store.files import Files, staged_path
from ttsgrid.store.layout import JOURNAL, Journal, commit_files
from ttsgrid.store.schema import COMMITTED_TABLES, DATA_TABLES


def recover(files: Files) -> None:
    """Bring a store whose lease we hold back to whole commits and nothing else."""
    finish_compaction(files)
    files.clear_staging()
    committed = commit_files(files, "units").keys()
    for table in DATA_TABLES:
        for name in sorted(commit_files(files, table).keys() - committed):
            files.delete(f"{table}/{name}")


def finish_compaction(files: Files) -> None:
    """Carry out the journal, if there is one; safe to repeat from any point of it."""
    journal = Journal.of(files)
    if journal is None:
        return
    for table in COMMITTED_TABLES:
        files.swap(table, journal.new.get(table, ()), journal.old)
    files.delete(JOURNAL)
    for table, names in journal.new.items():
        for name in names:
            files.delete(staged_path(table, name))  # an exchange leaves its hard links
