"""Each shipped layout reads what its tool wrote, with the figures that the tool printed.

The files lie in `written/`, one folder per tool, with the script that made them. Each tool ran
against one scripted model; what it printed about its run was kept beside its files.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.importer.made import made_run
from ttsgrid.analysis import analyse
from ttsgrid.analysis.frames.equivalence import store_equivalence
from ttsgrid.analysis.frames.load import load
from ttsgrid.core.errors import ConfigError, StoreError
from ttsgrid.importer import import_samples, load_layout, recorded_figures, recorded_search
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


def _searched(
    store: Path, layout: str, folder: str, kind: str, budget: int, beam_width: int
) -> dict[tuple[str | None, str], float]:
    """Import searches; return the accuracy of each aggregation and vote at N."""
    known = load_layout(layout, {})
    search = recorded_search(kind, budget, beam_width, known.preset)
    import_samples(store, WRITTEN / folder, known, made_run(search=search))
    cells = analyse(store).cells.frame.filter(strategy=kind, n=budget, bin="all")
    return {
        (row["aggregation"], row["vote"]): row["accuracy"] for row in cells.iter_rows(named=True)
    }


def _elected(file: str, n: int) -> dict[str, float]:
    """The accuracy of the answers that search-and-learn's votes at N elected, by vote."""
    rows = [json.loads(line) for line in (WRITTEN / file).read_text().splitlines()]
    gold = [f"\\boxed{{{row['answer']}}}" for row in rows]
    said = {
        vote: [row[f"pred_{vote}@{n}"] for row in rows] for vote in ("naive", "weighted", "maj")
    }
    return {vote: float(np.mean(np.equal(said[vote], gold))) for vote in said}


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


def test_search_and_learns_best_of_n(tmp_path: Path) -> None:
    layout = load_layout("search_and_learn", {})
    file = "search_and_learn/best_of_n_completions.jsonl"
    import_samples(tmp_path, WRITTEN / file, layout, made_run())
    figures = recorded_figures(load(tmp_path, store_equivalence(tmp_path)))
    last = dict(figures.filter(aggregation="last").select("figure", "accuracy").iter_rows())
    theirs = _elected(file, 4)
    assert last["best-of-n"] == pytest.approx(theirs["naive"])
    assert last["weighted"] == pytest.approx(theirs["weighted"])
    assert figures.filter(figure="majority")["accuracy"].item() == pytest.approx(theirs["maj"])


def test_search_and_learns_beam_search(tmp_path: Path) -> None:
    file = "search_and_learn/beam_search_completions.jsonl"
    ours = _searched(tmp_path, "search_and_learn_search", file, "beam", 4, 2)
    theirs = _elected(file, 4)
    assert ours["last", "max"] == pytest.approx(theirs["naive"])
    assert ours["last", "weighted"] == pytest.approx(theirs["weighted"])
    with pytest.raises(ConfigError, match=r"the file is beam_search_completions\.jsonl"):
        _imported(tmp_path / "pool", "search_and_learn", file)


def test_search_and_learns_dvts_where_it_elects_an_answer(tmp_path: Path) -> None:
    # Children that are unfinished vote there, with an empty answer that may win (its issue 57);
    # here they have none. So its votes are compared where they elected something.
    lines = (WRITTEN / "search_and_learn/dvts_completions.jsonl").read_text().splitlines()
    kept = [line for line in lines if json.loads(line)["pred_weighted@8"] != "\\boxed{}"]
    assert 2 <= len(kept) < len(lines)
    file = tmp_path / "dvts_completions.jsonl"
    file.write_text("\n".join(kept))
    ours = _searched(tmp_path / "s", "search_and_learn_search", str(file), "dvts", 8, 4)
    theirs = _elected(str(file), 8)
    assert ours["last", "max"] == pytest.approx(theirs["naive"])
    assert ours["last", "weighted"] == pytest.approx(theirs["weighted"])
    assert len(scan(tmp_path / "s", "units").collect()) == 2 * len(kept)


@pytest.mark.parametrize(("kind", "records"), [("beam", 1), ("dvts", 2)])
def test_compute_optimal_tts_searches_come_in_as_searches(
    tmp_path: Path, kind: str, records: int
) -> None:
    folder = f"compute_optimal_tts/{kind}"
    ours = _searched(tmp_path, "compute_optimal_tts", folder, kind, 8, 4)
    printed = json.loads((WRITTEN / "compute_optimal_tts/printed.json").read_text())[kind]
    for how in ("min", "last", "avg"):
        assert ours[how, "max"] == pytest.approx(printed[f"prm_{how}_max"])
        assert ours[how, "weighted"] == pytest.approx(printed[f"prm_{how}_vote"])
    units = scan(tmp_path, "units").collect()
    assert len(units.filter(kind="search")) == len(units) == 5 * records
    assert set(units["preset"]) == {"paper"}


def test_what_a_search_of_compute_optimal_tts_generated_is_its_price(tmp_path: Path) -> None:
    _searched(tmp_path, "compute_optimal_tts", "compute_optimal_tts/beam", "beam", 8, 4)
    printed = json.loads((WRITTEN / "compute_optimal_tts/printed.json").read_text())["beam"]
    cells = analyse(tmp_path).cells.frame.filter(strategy="beam", bin="all")
    tokens = cells["policy_generated_tokens"].unique().to_list()
    assert tokens == [pytest.approx(printed["total_completion_tokens"])]
    assert not cells["flops"].has_nulls()


def test_compute_optimal_tts_best_of_n_is_a_pool(tmp_path: Path) -> None:
    folder = WRITTEN / "compute_optimal_tts/best_of_n"
    with pytest.raises(ConfigError, match="answers of a search"):
        _imported(tmp_path / "a", "compute_optimal_tts", "compute_optimal_tts/best_of_n")
    layout = load_layout("compute_optimal_tts", {"independent": "yes"})
    import_samples(tmp_path / "b", folder, layout, made_run())
    figures = recorded_figures(load(tmp_path / "b", store_equivalence(tmp_path / "b")))
    printed = json.loads((WRITTEN / "compute_optimal_tts/printed.json").read_text())["best_of_n"]
    assert figures.filter(figure="majority")["accuracy"].item() == printed["majority_vote"]
    for how in ("min", "last", "avg"):
        ours = dict(figures.filter(aggregation=how).select("figure", "accuracy").iter_rows())
        assert ours["best-of-n"] == pytest.approx(printed[f"prm_{how}_max"])
        assert ours["weighted"] == pytest.approx(printed[f"prm_{how}_vote"])


def test_a_second_file_of_the_same_search_is_refused(tmp_path: Path) -> None:
    folder = WRITTEN / "compute_optimal_tts/dvts"
    layout = load_layout("compute_optimal_tts", {})
    run = made_run(search=recorded_search("beam", 4, 4, "paper"))
    with pytest.raises(
        ConfigError, match="it has 2 records, and a beam search of a problem is one"
    ):
        import_samples(tmp_path, folder, layout, run)
    first, second = (sorted(folder.glob(f"*/record_{i}.jsonl")) for i in (0, 1))
    assert import_samples(tmp_path, first, layout, run).num_new_units == 5
    assert import_samples(tmp_path, first, layout, run).num_new_units == 0
    with pytest.raises(StoreError, match=r"holds this search of writer .* give --seed"):
        import_samples(tmp_path, second, layout, run)


def test_thinkboosters_baseline(tmp_path: Path) -> None:
    figures = _imported(tmp_path, "thinkbooster", "thinkbooster/results.json")
    printed = json.loads((WRITTEN / "thinkbooster/printed.json").read_text())
    assert figures == {"pass@1": pytest.approx(printed["exact_match/accuracy"])}
    written = scan(tmp_path, "solutions").collect()["generated_tokens"]
    assert written.sum() == printed["compute/total_output_tokens"]


def test_what_another_strategy_of_thinkbooster_chose_is_no_sample(tmp_path: Path) -> None:
    rows = json.loads((WRITTEN / "thinkbooster/results.json").read_text())
    for row in rows:
        row["token_stats"]["generation_count"] = 8
    path = tmp_path / "results.json"
    path.write_text(json.dumps(rows))
    with pytest.raises(ConfigError, match=r"in the file token_stats\.generation_count is 8"):
        _imported(tmp_path / "s", "thinkbooster", str(path))


def test_its_hubs_best_of_n(tmp_path: Path) -> None:
    layout = load_layout("its_hub", {})
    import_samples(tmp_path, WRITTEN / "its_hub/best_of_n.jsonl", layout, made_run(layout))
    figures = recorded_figures(load(tmp_path, store_equivalence(tmp_path)))
    printed = json.loads((WRITTEN / "its_hub/printed.json").read_text())
    best = figures.filter(figure="best-of-n", aggregation="last")["accuracy"].item()
    assert best == pytest.approx(printed["best_of_n"])


def test_its_hubs_self_consistency(tmp_path: Path) -> None:
    figures = _imported(tmp_path, "its_hub", "its_hub/self_consistency.jsonl")
    printed = json.loads((WRITTEN / "its_hub/printed.json").read_text())
    assert figures["majority"] == pytest.approx(printed["self_consistency"])
