"""What sharing saved: what models computed in fact, against their units' prices."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ttsgrid.analysis.frames.sharing import saved_by_sharing
from ttsgrid.store import scan
from ttsgrid.views.html.runs import run_sentences, units_by_kind


def test_each_model_is_held_against_the_sum_of_its_units_prices(store: Path) -> None:
    found = saved_by_sharing(store)
    assert set(found.select("role", "model").rows()) == {
        ("policy", "tiny"),
        ("policy", "small"),
        ("policy", "large"),
        ("prm", "sharp"),
        ("prm", "dull"),
    }
    small = found.filter(model="small").row(0, named=True)
    units = scan(store, "units").filter(kind="sample", policy="small").collect()

    def computed(way: str) -> int:
        parts = (pl.col(f"policy_{way}{kind}_tokens") for kind in ("prompt", "cached", "generated"))
        prompt, cached, generated = parts
        return int(units.select((prompt - cached + generated).sum()).item())

    assert small["computed_tokens"] == computed("")
    assert small["alone_tokens"] == computed("lone_")
    assert small["saved"] == pytest.approx(1 - computed("") / computed("lone_"))


def test_the_runs_page_says_what_was_saved(store: Path) -> None:
    said = " ".join(run_sentences(store, units_by_kind(store)))
    assert "Sharing prefixes and scores between units saved" in said
