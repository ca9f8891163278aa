"""Write the figures of the README and the model card: `python -m ttsgrid.cli.documents [STORE]`.

For those who work on ttsgrid. With a store of the default sweep its summary is made anew;
in any case the documents are written from the committed summary.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from ttsgrid.core.errors import TtsgridError

ROOT = Path(__file__).parents[2]
SUMMARY = Path("docs/default_sweep.json")
PICTURE = Path("docs/frontier.png")
DOCUMENTS = (Path("README.md"), Path("ttsgrid/zoo/weights/README.md"))
BENCHMARK = "zoo"


def main(arguments: list[str] | None = None) -> int:
    """Write the documents; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ttsgrid.cli.documents",
        description="Write the figures of the README and the zoo's model card.",
    )
    parser.add_argument("store", nargs="?", help="a default sweep, to make the summary anew")
    options = parser.parse_args(arguments)
    try:
        if options.store:
            summarise_store(options.store, ROOT)
    except TtsgridError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    write_documents(ROOT)
    print(f"written: {', '.join(str(document) for document in DOCUMENTS)}")
    return 0


def summarise_store(store: str, root: Path) -> None:
    """Write the summary of a default sweep, and its picture, below `root`."""
    # Late, as in `write_documents`: `--help` should not wait for polars and matplotlib.
    from ttsgrid.analysis.frontier import analyse  # noqa: PLC0415
    from ttsgrid.views.files.export import write_frontier  # noqa: PLC0415
    from ttsgrid.views.files.summary import summarise, write_summary  # noqa: PLC0415

    frontier = analyse(store)
    write_summary(summarise(frontier, BENCHMARK), root / SUMMARY)
    folder = Path(store) / "frontier"
    write_frontier(frontier, folder)
    shutil.copy(folder / PICTURE.name, root / PICTURE)


def write_documents(root: Path) -> None:
    """Write the documents' blocks below `root` from the committed summary."""
    from ttsgrid.views.files.documents import with_figures  # noqa: PLC0415
    from ttsgrid.views.files.summary import read_summary  # noqa: PLC0415

    summary = read_summary(root / SUMMARY)
    for document in DOCUMENTS:
        path = root / document
        path.write_text(with_figures(path.read_text("utf-8"), summary), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
