"""Look at a store: `python -m ttsgrid.store ls STORE`, and `verify STORE`.

`ls` shows what a store holds, `--failed` which units failed, by cause; `--compact` merges small
files first. `verify` reads every byte, sets aside what is not as it was written, and says so.
"""

from __future__ import annotations

import argparse
import sys

from ttsgrid.cli.exits import quiet_when_unread
from ttsgrid.cli.store_contents import show_contents, show_failed
from ttsgrid.cli.store_verify import verify
from ttsgrid.core.errors import TtsgridError
from ttsgrid.store.commit import Store
from ttsgrid.store.files import Files
from ttsgrid.store.location import locate
from ttsgrid.store.schema import SCHEMAS
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.words.control import visible

COMMANDS = ("ls", "verify")


@quiet_when_unread()
def main(arguments: list[str] | None = None) -> int:
    """Do what is asked; return the exit status."""
    told = sys.argv[1:] if arguments is None else arguments
    command, rest = (told[0], told[1:]) if told[:1] and told[0] in COMMANDS else ("ls", told)
    options = _parser(command).parse_args(rest)
    console = Console()
    try:
        files = locate(options.store)
        if not any(files.sizes(table) for table in SCHEMAS):
            raise TtsgridError(f"there is no store at {files.uri}")
        return verify(console, files) if command == "verify" else _list(console, files, options)
    except TtsgridError as error:
        print(f"error: {visible(str(error))}", file=sys.stderr)
        return 1


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m ttsgrid.store {command}",
        description="Check every byte of a store; set aside what is damaged."
        if command == "verify"
        else "Show what a store holds; `verify STORE` checks every byte of it.",
    )
    parser.add_argument("store", help="folder or URI of the store")
    if command == "ls":
        parser.add_argument("--failed", action="store_true", help="units that failed, by cause")
        parser.add_argument("--compact", action="store_true", help="merge small files first")
    return parser


def _list(console: Console, files: Files, options: argparse.Namespace) -> int:
    if options.compact:
        with Store.open(files, run_id="compact", tell=console.print) as store:
            compaction = store.compact()
        console.print(f"merged {compaction.num_merged} commits into {compaction.num_written}")
    show = show_failed if options.failed else show_contents
    show(console, files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
