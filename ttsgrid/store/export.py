"""Export a store: few large files, and a card by which the Hugging Face hub reads them.

An export is a store: its tables are folders of Parquet, so the hub's `datasets`, pandas and
DuckDB read them, and every command of ttsgrid reads it as it is. It is made to be published,
so it doesn't name hosts, folders and addresses unless asked to (`ttsgrid.store.places`).
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
from ttsgrid.store.places import Places, as_recorded
from ttsgrid.store.versions import require_current

CARD = "README.md"


def export(
    source: Files, folder: Path, tell: Tell = no_news, *, with_places: bool = False
) -> Merge:
    """Write a store into a folder that is empty or not there.

    Args:
        source: the store; only read.
        folder: becomes the data set.
        tell: hears what the store says of itself as it is made.
        with_places: whether hosts, folders and addresses are named as they were recorded.

    Raises:
        StoreError: the folder holds something, or the store can't be read.
    """
    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise StoreError(f"{folder} holds something already; name a folder that is empty or new")
    require_current(source)  # before the folder is made
    change = as_recorded if with_places else Places.of(source).hidden
    files = locate(folder)
    with Store.open(files, run_id="export", tell=tell) as store:
        exported = merge(store, source, change=change)
        store.compact()
    written = card(files, folder.absolute().name, with_places=with_places)
    (folder / CARD).write_text(written, encoding="utf-8")
    return exported
