"""`make docs` builds a site without a warning, from the repository's own pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttsgrid.cli.site import ROOT, build
from ttsgrid.core.errors import ConfigError


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="needs mkdocs, which the dev extra brings")
    return build(ROOT, tmp_path_factory.mktemp("site"), {})


def test_the_site_is_built_strictly_and_holds_every_page(site: Path) -> None:
    """`build` raises at the first warning: a dead link, an anchor, a page that nothing leads to."""
    assert "Two commands" in (site / "index.html").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert (site / "docs" / f"{page.stem}.html").is_file()
    reference = (site / "docs" / "reference.html").read_text("utf-8")
    assert "pretraining_tokens" in reference


def test_the_gallery_has_the_report_on_the_studys_points(site: Path) -> None:
    gallery = (site / "docs" / "gallery.html").read_text("utf-8")
    assert 'href="gallery/study.html"' in gallery
    assert "<!-- report" not in gallery
    report = (site / "docs" / "gallery" / "study.html").read_text("utf-8")
    assert "Llama-3.1-405B" in report


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    for page in ("index.html", "docs/gallery.html"):
        text = (site / page).read_text("utf-8")
        assert 'src="http' not in text
        assert "fonts.googleapis" not in text


def test_a_dead_link_is_refused_with_its_page(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        (tmp_path / name).write_text("[lost](docs/lost.md)\n")
    with pytest.raises(ConfigError, match=r"\.md links to docs/lost\.md"):
        build(tmp_path, tmp_path / "build", {})
