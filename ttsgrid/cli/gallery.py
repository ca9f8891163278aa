"""Write the gallery: `python -m ttsgrid.cli.gallery [--zoo STORE] [--smollm2 STORE]`.

For those who work on ttsgrid. `docs/gallery.md` shows what a report says of three stores: the
default sweep, a real language model, the study's published points. What stands between its
comments, and the pictures in `docs/gallery/`, are written from the stores that are named; the
points ship beside them and are always written anew. `python -m ttsgrid.cli.site` adds the
whole reports.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from ttsgrid.analysis.frontier import analyse
from ttsgrid.core.errors import TtsgridError
from ttsgrid.importer.points import import_points, load_points_layout
from ttsgrid.views.figures.frontier import draw
from ttsgrid.views.figures.published import draw_published
from ttsgrid.views.words.brief import in_brief
from ttsgrid.views.words.external import note, small_beats_large
from ttsgrid.views.words.finding import findings

ROOT = Path(__file__).parents[2]
PAGE, PICTURES = Path("docs/gallery.md"), Path("docs/gallery")
POINTS, LAYOUT = PICTURES / "arxiv-2502.06703.csv", "study"
DPI = 110  # keeps each picture well below 200 kB
_BLOCK = re.compile(r"(<!-- gallery:(\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main(arguments: list[str] | None = None) -> int:
    """Write the page and its pictures; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ttsgrid.cli.gallery", description=__doc__)
    parser.add_argument("--zoo", help="a store of the default sweep")
    parser.add_argument("--smollm2", help="a store of `make smollm2`")
    options = parser.parse_args(arguments)
    try:
        write_gallery(ROOT, {"zoo": options.zoo, "smollm2": options.smollm2})
    except TtsgridError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"written: {PAGE}")
    return 0


def write_gallery(root: Path, stores: dict[str, str | None]) -> None:
    """Write below `root` the blocks and pictures of the stores that are given, and the points'."""
    texts = {name: _of_store(root, name, store) for name, store in stores.items() if store}
    with tempfile.TemporaryDirectory() as folder:
        texts["study"] = _of_points(root, study_store(root, Path(folder) / "study"))
    page = root / PAGE
    kept = page.read_text(encoding="utf-8")

    def renewed(block: re.Match[str]) -> str:
        text = texts.get(block[2])
        return block[0] if text is None else f"{block[1]}{text}\n{block[3]}"

    page.write_text(_BLOCK.sub(renewed, kept), encoding="utf-8")


def study_store(root: Path, folder: Path) -> Path:
    """Import the study's published points into a store; return it."""
    import_points(folder, root / POINTS, load_points_layout(LAYOUT, {}, {}))
    return folder


def _of_store(root: Path, name: str, store: str) -> str:
    frontier = analyse(store)
    said = [" ".join(in_brief(frontier, benchmark)) for benchmark in frontier.benchmarks]
    return _block(root, name, said, lambda: draw(frontier.shared, findings(frontier)))


def _of_points(root: Path, store: Path) -> str:
    points = analyse(store).external
    said = [sentence for sentence in (small_beats_large(points), note(points)) if sentence]
    return _block(root, "study", said, lambda: draw_published(points))


def _block(root: Path, name: str, said: list[str], drawn: Callable[[], Figure]) -> str:
    file = root / PICTURES / f"{name}.png"
    drawn().savefig(file, dpi=DPI, metadata={"Software": None})
    text = "\n\n".join(f"> {sentence}" for sentence in said)
    return f"{text}\n\n![Accuracy against compute: {name}]({PICTURES.name}/{file.name})"


if __name__ == "__main__":
    sys.exit(main())
