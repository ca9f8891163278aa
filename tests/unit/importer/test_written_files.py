"""Each shipped layout reads what its tool wrote, with the figures that the tool printed.

The files lie in `written/`, one folder per tool, with the script that made them. Each tool ran
against one scripted model; what it printed about its run was kept beside its files.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

from tests.unit.importer.made import made_run
from ttsgrid.analysis import analyse
from ttsgrid.analysis.frames.equivalence import store_equivalence
from ttsgrid.analysis.frames.load import load
from ttsgrid.importer import import_samples, load_layout, recorded_figures
from ttsgrid.store import scan

WRITTEN = Path(__file__).parent / "written"
VERDICT = "symbolic_correct"  # NeMo-Skills' name of its grader's


def _imported(store: Path, layout: str, *files: str, **changes: str) -> dict[str, float]:
    """Import files of `written/` without a PRM; return the figures of the whole pools."""
    paths = [WRITTEN / file for file in files]
    run = made_run(prm=None, chars_per_token=None)
    import_samples(store, paths, load_layout(layout, changes), run)
    figures = recorded_figures(load(store, store_equivalence(store)))
    return dict(figures.select("figure", "accuracy").iter_rows())


def _cell(store: Path, strategy: str, n: int) -> float:
    cells = analyse(store, budgets=[n]).cells.frame
    return float(cells.filter(strategy=strategy, n=n, bin="all")["accuracy"].item())


@pytest.mark.parametrize("kind", ["strict-match", "flexible-extract"])
def test_lm_eval_by_filter(tmp_path: Path, kind: str) -> None:
    printed = (WRITTEN / "lm_eval/printed.txt").read_text()
    (said,) = re.findall(rf"{kind}\s*\|.*?exact_match\|↑\s*\|\s*([\d.]+)", printed)
    figures = _imported(
        tmp_path, "lm_eval", "lm_eval/samples_scripted.jsonl", where=f"filter={kind}"
    )
    assert figures == {"pass@1": pytest.approx(float(said))}


def test_lm_eval_with_repeats_is_a_pool_whose_majority_is_its_filters(tmp_path: Path) -> None:
    printed = (WRITTEN / "lm_eval/printedrepeated.txt").read_text()
    (said,) = re.findall(r"maj@4\s*\|.*?exact_match\|↑\s*\|\s*([\d.]+)", printed)
    figures = _imported(tmp_path, "lm_eval_repeats", "lm_eval/samples_repeated.jsonl")
    assert figures["majority"] == pytest.approx(float(said))
    assert len(scan(tmp_path, "solutions").collect()) == 20


@pytest.mark.parametrize("file", ["inspect_ai/log.json.gz", "inspect_ai/log.eval"])
def test_inspect_ai_in_both_of_its_formats(tmp_path: Path, file: str) -> None:
    mean, pass_at_2 = re.findall(r"[\d.]+", (WRITTEN / "inspect_ai/printed.txt").read_text())
    figures = _imported(tmp_path, "inspect", file)
    assert figures["pass@1"] == pytest.approx(float(mean), abs=5e-4)
    assert _cell(tmp_path, "pass@k", 2) == pytest.approx(float(pass_at_2), abs=5e-4)
    # Words of the scripted solutions: 4 of a one-line answer, 20 of the prompt.
    first = scan(tmp_path, "solutions").filter(sample=0).collect()
    assert set(first["generated_tokens"]) == {4}
    assert set(first["prompt_tokens"]) == {20}


def test_inspect_ais_two_formats_are_one_log(tmp_path: Path) -> None:
    for name in ("log.json.gz", "log.eval"):
        _imported(tmp_path / name, "inspect", f"inspect_ai/{name}")
    kept = ["problem_id", "sample", "text", "answer", "correct", "generated_tokens"]
    json_log, zipped = (
        scan(tmp_path / name, "solutions").select(kept).collect().sort("problem_id", "sample")
        for name in ("log.json.gz", "log.eval")
    )
    assert json_log.equals(zipped)


def test_evalscope(tmp_path: Path) -> None:
    (said,) = re.findall(r"(\d+)%", (WRITTEN / "evalscope/printed.txt").read_text())
    figures = _imported(tmp_path, "evalscope", "evalscope/gsm8k_main.jsonl")
    assert figures["pass@1"] == pytest.approx(int(said) / 100)
    assert scan(tmp_path, "solutions").select(pl.col("generated_tokens").min()).collect().item()


def test_nemo_skills_with_one_file_per_seed(tmp_path: Path) -> None:
    printed = json.loads((WRITTEN / "nemo_skills/printed.json").read_text())["_all_"]
    files = [f"nemo_skills/output-rs{seed}.jsonl" for seed in range(4)]
    figures = _imported(tmp_path, "nemo_skills", *files)
    assert 100 * figures["pass@1"] == pytest.approx(printed["pass@1[avg-of-4]"][VERDICT])
    assert 100 * figures["pass@n"] == pytest.approx(printed["pass@4"][VERDICT])
    # It shares a tie between answers, as cells do; the figures of whole pools take the first.
    for strategy, n, theirs in (("majority", 4, "majority@4"), ("pass@k", 2, "pass@2")):
        assert 100 * _cell(tmp_path, strategy, n) == pytest.approx(printed[theirs][VERDICT])


def test_a_folder_stands_for_the_files_in_it(tmp_path: Path) -> None:
    apart = _imported(
        tmp_path / "a",
        "nemo_skills",
        *(f"nemo_skills/output-rs{seed}.jsonl" for seed in range(4)),
    )
    assert _imported(tmp_path / "b", "nemo_skills", "nemo_skills") == apart
