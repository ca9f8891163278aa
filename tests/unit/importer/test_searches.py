"""Searches from elsewhere: what a record is, what it costs, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.importer.made import made_run, write_lines
from ttsgrid.analysis import analyse
from ttsgrid.core.errors import ConfigError
from ttsgrid.importer import import_samples, make_layout, recorded_search
from ttsgrid.store import scan

LAYOUT = make_layout(
    {
        "question": "question",
        "gold": "gold",
        "text": "beams[].text",
        "scores": "beams[].scores?",
        "search_tokens": "tokens?",
    }
)


def _record(said: str, tokens: int | None = 100, **changes: object) -> dict[str, Any]:
    beams = [{"text": f"\\boxed{{{each}}}", "scores": [0.5]} for each in said.split()]
    return {"question": "1+1?", "gold": "2", "beams": beams, "tokens": tokens, **changes}


def _imported(tmp_path: Path, kind: str, budget: int, records: list[dict[str, Any]]) -> Path:
    search = recorded_search(kind, budget, 4, "paper")
    path = write_lines(tmp_path / "run.jsonl", records)
    import_samples(tmp_path / "s", path, LAYOUT, made_run(search=search))
    return tmp_path / "s"


def test_what_subtrees_generated_and_a_prm_read_adds_up(tmp_path: Path) -> None:
    store = _imported(tmp_path, "dvts", 8, [_record("2 3"), _record("2 2", tokens=300)])
    cells = analyse(store).cells.frame.filter(bin="all", vote="majority").sort("n")
    assert cells["n"].to_list() == [4, 8]
    # At N = 4 one of the two subtrees, drawn at random.
    assert cells["policy_generated_tokens"].to_list() == [200.0, 400.0]
    question = round(len("1+1?") / 4)
    assert cells["prm_tokens"].to_list() == [200 + question, 400 + 2 * question]
    assert not cells["flops"].has_nulls()


def test_answers_of_all_subtrees_in_one_record_are_cut_into_them(tmp_path: Path) -> None:
    store = _imported(tmp_path, "dvts", 8, [_record("2 3 2 3 2 2 2 2")])
    units = scan(store, "units").collect().sort("subtree")
    assert units["subtree"].to_list() == [0, 1]
    answers = scan(store, "solutions").collect().group_by("unit_id").len()
    assert answers["len"].to_list() == [4, 4]


def test_without_the_tokens_of_a_search_its_costs_are_unknown(tmp_path: Path) -> None:
    store = _imported(tmp_path, "beam", 8, [_record("2 3", tokens=None)])
    cells = analyse(store).cells.frame
    assert (
        cells["flops"].null_count() == cells["policy_generated_tokens"].null_count() == len(cells)
    )
    assert not cells["accuracy"].has_nulls()


@pytest.mark.parametrize(
    ("kind", "records", "said"),
    [
        ("dvts", [_record("2 3 2 3 2 2")], "6 answers are no subtrees of 4 each; set --beam-width"),
        ("beam", [_record("2"), _record("2")], "has 2 records, and a beam search of a problem is"),
        ("beam", [_record("2", beams=[{"text": "\\boxed{2}"}])], "answer 1 has no scores"),
    ],
)
def test_what_is_no_such_search_is_refused(
    tmp_path: Path, kind: str, records: list[dict[str, Any]], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        _imported(tmp_path, kind, 8, records)
