"""The catalogue's examples in docs/extending.md, used as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from tests.own.commands import ROOT, said
from tests.unit.views.html.made_store import MadeWorld, write_made_store

SECTIONS = {
    "A search": "narrowing",
    "A vote": "vote",
    "An aggregation": "first",
    "A bound": "bound",
}


def example(section: str) -> str:
    """Return the Python of a section."""
    page = (ROOT / "docs" / "extending.md").read_text()
    text = page.split(f"\n## {section}\n")[1].split("\n## ")[0]
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found is not None, section
    return found.group(1)


def test_the_examples_of_a_search_a_vote_an_aggregation_and_a_bound_work(tmp_path: Path) -> None:
    plugins = []
    for section, module in SECTIONS.items():
        (tmp_path / f"own_{module}.py").write_text(example(section))
        plugins += ["--plugin", f"own_{module}"]
    write_made_store(tmp_path / "store", MadeWorld(num_problems=8, pool_size=4, searches=False))

    printed = said(tmp_path, "frontier", "store", "--all", *plugins)

    assert "all of N samples" in printed
    cells = pl.read_parquet(tmp_path / "store" / "frontier" / "cells.parquet")
    assert {"squared"} <= set(cells["vote"])
    assert {"first"} <= set(cells["aggregation"])
    assert {"all@k"} <= set(cells["strategy"])
