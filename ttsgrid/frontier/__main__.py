"""Compute and show the frontier of a store: `python -m ttsgrid.frontier STORE`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from ttsgrid.errors import TtsgridError
from ttsgrid.frontier.analysis import analyse


def main(arguments: list[str] | None = None) -> int:
    """Print the tables and the headline; write tables and picture."""
    parser = argparse.ArgumentParser(
        prog="python -m ttsgrid.frontier", description="Show the frontier of a results store."
    )
    parser.add_argument("store", help="folder or URI of the store")
    parser.add_argument("--out", type=Path, help="folder for the files (default: STORE/frontier)")
    parser.add_argument("--budgets", type=_budgets, help="N of the cells, e.g. 1,2,8,32")
    options = parser.parse_args(arguments)
    if options.out is None and "://" in options.store:
        parser.error("--out: say where the files shall go, the store is not a local folder")
    try:
        frontier = analyse(options.store, budgets=options.budgets)
    except TtsgridError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    folder = options.out or Path(options.store) / "frontier"
    frontier.print(Console())
    frontier.write(folder)
    print(f"Tables and picture: {folder}")
    return 0


def _budgets(text: str) -> list[int]:
    budgets = [int(part) for part in text.split(",")]
    if min(budgets) < 1:
        raise argparse.ArgumentTypeError("each N must be at least 1")
    return budgets


if __name__ == "__main__":
    sys.exit(main())
