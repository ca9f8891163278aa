"""Look after stores: `ttsgrid store ls|verify|compact|merge|export STORE`; alone, it is shown.

`ls` shows what a store holds, `--failed` which units failed, by cause. `verify` reads every
byte, sets aside what is not as it was written, and says so. `compact` merges small files.
`merge` adds other stores to one, `export` writes a data set for the Hugging Face hub.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ttsgrid.cli.exits import DONE, command
from ttsgrid.cli.options import Parser
from ttsgrid.cli.store_contents import show_contents, show_failed
from ttsgrid.cli.store_union import export_store, merge_stores
from ttsgrid.cli.store_verify import verify
from ttsgrid.core.checks import did_you_mean
from ttsgrid.core.errors import ConfigError, TtsgridError
from ttsgrid.store.commit import Store
from ttsgrid.store.files import Files
from ttsgrid.store.location import holds_store, locate
from ttsgrid.views.terminal.console import Console

LIST = "ls"
ABOUT = {
    LIST: "Show what a store holds. `verify STORE` checks every byte of it, `compact STORE` "
    "merges its small files.",
    "verify": "Check every byte of a store; set aside what is damaged.",
    "compact": "Merge a store's small files into few.",
    "merge": "Add what other stores, or exports of them, hold to a store; each unit is kept once.",
    "export": "Write a store as a data set for the Hugging Face hub, with a card. An export is a "
    "store: `frontier` shows it, and `merge` adds it to another.",
}


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked; return the exit status."""
    told = list(sys.argv[1:] if arguments is None else arguments)
    # `store STORE` came before there were several things to do with one.
    action, rest = (told[0], told[1:]) if told[:1] and told[0] in ABOUT else (LIST, told)
    if action == LIST and len(rest) > 1 and not any(name.startswith("-") for name in rest[:2]):
        raise ConfigError(
            f"a store has no {rest[0]!r} to do; there are {', '.join(ABOUT)}."
            f"{did_you_mean(rest[0], ABOUT)}"
        )
    options = _parser(action).parse_args(rest)
    console, files = Console(), locate(options.store)
    if action == "merge":
        merge_stores(console, files, [_there(name) for name in options.sources], options.keep_first)
        return DONE
    _there(options.store)
    if action == "export":
        export_store(console, files, options.folder, options.with_places)
        return DONE
    if action == "verify":
        return verify(console, files)
    if action == "compact" or options.compact:
        _compact(console, files)
    if action == LIST:
        show = show_failed if options.failed else show_contents
        show(console, files)
    return DONE


def _there(store: str) -> Files:
    files = locate(store)
    if not holds_store(files):
        raise TtsgridError(f"there is no store at {files.uri}")
    return files


def _parser(action: str) -> argparse.ArgumentParser:
    parser = Parser(prog=f"ttsgrid store {action}", description=ABOUT[action])
    made = "; made if absent" if action == "merge" else ""
    parser.add_argument("store", help=f"folder or URI of the store{made}")
    if action == "merge":
        parser.add_argument("sources", nargs="+", metavar="FROM", help="stores to add; only read")
        parser.add_argument(
            "--keep-first",
            action="store_true",
            help="where FROM has other solutions of a unit, or scores too far off for chance, keep "
            "those that came first",
        )
    if action == "export":
        parser.add_argument("folder", type=Path, help="becomes the data set; empty or new")
        parser.add_argument(
            "--with-places",
            action="store_true",
            help="name hosts, folders and endpoints as recorded; not for publication",
        )
    if action == LIST:
        parser.add_argument("--failed", action="store_true", help="units that failed, by cause")
        parser.add_argument("--compact", action="store_true", help="merge small files first")
    return parser


def _compact(console: Console, files: Files) -> None:
    with Store.open(files, run_id="compact", tell=console.print) as store:
        compaction = store.compact()
    console.print(f"merged {compaction.num_merged} commits into {compaction.num_written}")


if __name__ == "__main__":
    sys.exit(main())
