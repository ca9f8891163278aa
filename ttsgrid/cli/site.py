"""Build the site: `python -m ttsgrid.cli.site [--zoo STORE] [--smollm2 STORE]`, or `make docs`.

For those who work on ttsgrid. The site has the repository's own pages at their own paths, so
that a link holds on both: README, `docs/`, and whatever file those link to. The gallery gets
the whole report of each store that is there; of the study's points it always does.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from ttsgrid.analysis.frontier import analyse
from ttsgrid.cli.exits import command
from ttsgrid.cli.gallery import PAGE, PICTURES, study_store
from ttsgrid.core.errors import ConfigError
from ttsgrid.views.html.page import write_report

ROOT = Path(__file__).parents[2]
README = Path("README.md")
FIRST = (README, Path("CHANGELOG.md"), Path("CONTRIBUTING.md"))
OUT, SOURCE, SITE = Path("build"), "site_source", "site"
STYLE = Path("site.css")
# On a phone a table of settings is scrolled rather than its names cut in two.
_RULES = ".md-typeset table td:first-child code { white-space: nowrap; }\n"
_LINK = re.compile(r"\]\(([^)\s#:]+)(?:#[^)]*)?\)")
_CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_REPORT = re.compile(r"<!-- report:(\w+) -->\n")


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Put the pages together and build them; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ttsgrid.cli.site", description=__doc__)
    parser.add_argument("--zoo", default="results/zoo", help="a store of the default sweep")
    parser.add_argument("--smollm2", default="results/smollm2", help="a store of `make smollm2`")
    parser.add_argument("--out", type=Path, default=OUT, help="where site/ and its sources go")
    options = parser.parse_args(arguments)
    stores = {"zoo": Path(options.zoo), "smollm2": Path(options.smollm2)}
    there = {name: store for name, store in stores.items() if store.is_dir()}
    print(f"Site: {build(ROOT, options.out, there) / 'index.html'}")
    return 0


def build(root: Path, out: Path, stores: Mapping[str, Path]) -> Path:
    """Build the site into `out`; return the folder with its pages.

    Raises:
        ConfigError: a page links to what isn't there, or mkdocs warns of anything.
    """
    pages = prepare(root, out / SOURCE, stores)
    settings = {
        "INHERIT": str(root / "mkdocs.yml"),
        "docs_dir": str((out / SOURCE).resolve()),
        "site_dir": str((out / SITE).resolve()),
        "nav": navigation(root, pages),
        "extra_css": [str(STYLE)],
    }
    config = out / "mkdocs.yml"
    config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-f", str(config)],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},  # a page of mkdocs-material's own news
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        raise ConfigError(f"mkdocs refuses the site: {told.stderr.strip()}")
    return out / SITE


def navigation(root: Path, pages: Iterable[Path]) -> list[dict[str, object]]:
    """Return the site's navigation: guides in README's order, then what it leaves out."""
    named = [path for path in _linked(root, README) if path.suffix == ".md"]
    guides = [path for path in dict.fromkeys(named) if path.parent == PAGE.parent]
    others = sorted({path for path in pages if path.suffix == ".md"} - {README, PAGE, *guides})
    more = [path for path in others if path.parent == PAGE.parent]
    project = [path for path in others if path not in more]
    return [
        {"Start": str(README)},
        {"Gallery": str(PAGE)},
        {"Guides": [str(path) for path in [*guides, *more] if path != PAGE]},
        {"Project": [str(path) for path in project]},
    ]


def prepare(root: Path, source: Path, stores: Mapping[str, Path]) -> list[Path]:
    """Write into `source` the pages, what they link to, and the stores' reports.

    Returns:
        The pages and the files, by their paths in the repository.
    """
    shutil.rmtree(source, ignore_errors=True)
    files = sorted(_reachable(root))
    for path in files:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path, source / path)
    (source / STYLE).write_text(_RULES, encoding="utf-8")
    study = study_store(root, source.parent / "study")
    reports = {**stores, "study": study}
    for name, store in reports.items():
        write_report(store, analyse(store), source / PICTURES / f"{name}.html")
    shutil.rmtree(study)
    page = source / PAGE
    text = _REPORT.sub(lambda found: _about_report(found[1], reports), page.read_text("utf-8"))
    page.write_text(text, encoding="utf-8")
    return files


def _about_report(name: str, reports: Mapping[str, Path]) -> str:
    return f"[The whole report]({PICTURES.name}/{name}.html)\n" if name in reports else ""


def _reachable(root: Path) -> set[Path]:
    """Files of the repository that its first pages and docs/ are, or link to."""
    waiting = [*FIRST]
    waiting += [path.relative_to(root) for path in (root / "docs").glob("*.md")]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _linked(root, path)
    return found


def _linked(root: Path, page: Path) -> Iterator[Path]:
    if page.suffix != ".md":
        return
    text = _CODE.sub("", (root / page).read_text(encoding="utf-8"))
    for target in _LINK.findall(text):
        path = (root / page.parent / target).resolve()
        if not path.is_file() or not path.is_relative_to(root.resolve()):
            raise ConfigError(f"{page} links to {target}, which is no file of the repository")
        yield path.relative_to(root.resolve())


if __name__ == "__main__":
    sys.exit(main())
