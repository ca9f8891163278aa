"""Export a store: few large files, and a card by which the Hugging Face hub reads them.

An export is a store: its tables are folders of Parquet, so the hub's `datasets`, pandas and
DuckDB read them, and every command of ttsgrid reads it as it is.
"""

from __future__ import annotations

from pathlib import Path

from ttsgrid.core.errors import StoreError
from ttsgrid.store.card import card
from ttsgrid.store.commit import Store
from ttsgrid.store.files import Files
from ttsgrid.store.lease import Tell, no_news
from ttsgrid.store.location import locate
from ttsgrid.store.merge import Merge, merge
from ttsgrid.store.versions import require_current

CARD = "README.md"


def export(source: Files, folder: Path, tell: Tell = no_news) -> Merge:
    """Write a store into a folder that is empty or not there.

    Args:
        source: the store; only read.
        folder: becomes the data set.
        tell: hears what the store says of itself as it is made.

    Raises:
        StoreError: the folder holds something, or the store can't be read.
    """
    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise StoreError(f"{folder} holds something already; name a folder that is empty or new")
    require_current(source)  # before the folder is made
    files = locate(folder)
    with Store.open(files, run_id="export", tell=tell) as store:
        exported = merge(store, source)
        store.compact()
    (folder / CARD).write_text(card(files, folder.absolute().name), encoding="utf-8")
    return exported
