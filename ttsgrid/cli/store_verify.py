"""Check every byte of a store and say what is wrong: `python -m ttsgrid.store verify STORE`."""

from __future__ import annotations

from ttsgrid.core.errors import StoreBusyError, StoreReadOnlyError
from ttsgrid.core.tally import counted
from ttsgrid.store.commit import Store
from ttsgrid.store.epochs import deciding_ledger
from ttsgrid.store.files import Files
from ttsgrid.store.integrity import flaw
from ttsgrid.store.layout import commits
from ttsgrid.store.recover import missing
from ttsgrid.views.terminal.console import Console


def verify(console: Console, files: Files) -> int:
    """Set aside what is damaged, or only say it where a driver has the store or nobody may write.

    Returns:
        The exit status: 1 where something was wrong, even if it is set aside now.
    """
    told: list[str] = []

    def tell(sentence: str) -> None:
        told.append(sentence)
        console.print(sentence, soft_wrap=True, highlight=False, markup=False)

    try:
        with Store.open(files, run_id="verify", tell=tell) as store:
            store.verify(tell)
    except (StoreBusyError, StoreReadOnlyError) as refused:
        found = commits(files)
        for commit in found:
            if fault := flaw(files, commit):
                tell(f"store {files.uri}: {fault}")
        # Of a driver that has it, a compaction may come in between.
        alone = isinstance(refused, StoreReadOnlyError)
        for name in missing(deciding_ledger(files), found) if alone else ():
            tell(f"store {files.uri}: commit {name} is gone")
        console.print(f"nothing was set aside: {refused}", soft_wrap=True, markup=False)
    console.print(_summary(files), highlight=False, soft_wrap=True, markup=False)
    return 1 if told else 0


def _summary(files: Files) -> str:
    found = commits(files)
    num_bytes = sum(commit.num_bytes for commit in found)
    unsigned = sum(commit.manifest is None for commit in found)
    text = f"{counted(len(found), 'commit')} read, {num_bytes / 2**20:,.1f} MiB"
    if unsigned:
        text += f"; {unsigned:,} of them have no checksums (written before schema 3)"
    return text
