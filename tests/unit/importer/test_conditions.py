"""What other tools write beside their samples, and must not end up in a pool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.unit.importer.made import made_run, write_lines
from ttsgrid.analysis import analyse
from ttsgrid.analysis.frames.load import load
from ttsgrid.benchmarks import load_benchmark, make_grader
from ttsgrid.core.errors import ConfigError
from ttsgrid.importer import Layout, import_samples, load_layout, make_layout, recorded_prm
from ttsgrid.importer.figures import recorded_figures
from ttsgrid.importer.records import read_records
from ttsgrid.store import scan

DEFAULT = load_layout("default", {})


def _accuracy(store: Path) -> float:
    return float(scan(store, "solutions").select(pl.col("correct").mean()).collect().item())


def _lm_eval(doc: int, answer: str, text: str, filtered: str, kind: str) -> dict[str, Any]:
    right = filtered == answer
    return {
        "doc_id": doc,
        "doc": {"question": f"q{doc}?"},
        "target": f"so\n#### {answer}",
        "resps": [[text]],
        "filtered_resps": [filtered],
        "filter": kind,
        "exact_match": float(right),
    }


FILTERED = [
    _lm_eval(0, "7", "#### 7", "7", "strict-match"),
    _lm_eval(1, "10", "The answer is 10.", "[invalid]", "strict-match"),
    _lm_eval(0, "7", "#### 7", "7", "flexible-extract"),
    _lm_eval(1, "10", "The answer is 10.", "10", "flexible-extract"),
]


def test_two_filters_of_one_sample_are_no_two_samples(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "run.jsonl", FILTERED)
    with pytest.raises(ConfigError, match=r"differ in filter \(flexible-extract, strict-match\)"):
        read_records(path, load_layout("lm_eval", {}))
    for kind, expected in (("strict-match", 0.5), ("flexible-extract", 1.0)):
        layout = load_layout("lm_eval", {"where": f"filter={kind}"})
        done = import_samples(tmp_path / kind, path, layout, made_run(prm=None))
        assert done.num_samples == 2
        assert _accuracy(tmp_path / kind) == expected


@pytest.mark.parametrize("field", ["scorer", "budget", "retry", "max_tokens"])
def test_records_that_differ_in_how_they_were_made_are_refused_by_name(
    tmp_path: Path, field: str
) -> None:
    rows = [{"question": "q", "answer": "1", "said": "1", field: i} for i in (1, 2)]
    path = write_lines(tmp_path / "run.jsonl", rows)
    content = {"question": "question", "gold": "answer", "answer": "said"}
    with pytest.raises(ConfigError, match=f"differ in {field}"):
        read_records(path, make_layout(content))
    (both,) = read_records(path, make_layout({**content, "samples_differ_in": [field]}))
    assert len(both.samples) == 2
    (one,) = read_records(path, make_layout({**content, "where": {field: 2}}))
    assert len(one.samples) == 1
    with pytest.raises(ConfigError, match=f"where leaves no record; in the file {field} is 1, 2"):
        read_records(path, make_layout({**content, "where": {field: 3}}))


def test_hashes_are_read_in_golds_and_in_answers(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "run.jsonl", FILTERED[:2])
    layout = load_layout("lm_eval", {"answer": "", "correct": ""})
    import_samples(tmp_path / "s", path, layout, made_run(prm=None))
    assert scan(tmp_path / "s", "problems").collect()["answer"].sort().to_list() == ["10", "7"]
    assert _accuracy(tmp_path / "s") == 1.0


def test_the_answers_of_a_search_are_no_pool(tmp_path: Path) -> None:
    beams = [{"path_idx": i, "text": "\\boxed{5}", "reward_history": [0.8]} for i in range(2)]
    path = write_lines(tmp_path / "r.jsonl", [{"question": "q", "gold": "5", "output": beams}])
    content = {"question": "question", "gold": "gold", "text": "output[].text"}
    with pytest.raises(ConfigError, match=r"answers of a search \(it has path_idx, reward_hist"):
        read_records(path, make_layout(content))
    (known,) = read_records(path, make_layout({**content, "independent": "yes"}))
    assert len(known.samples) == 2


NEGATIVE = [
    {
        "question": "1+1?",
        "answer": "2",
        "samples": [
            {"text": f"\\boxed{{{said}}}", "tokens": 5, "score": score}
            for said, score in ((2, -1.0), (2, -1.2), (2, -1.1), (99, -2.5))
        ],
    }
]


def test_scores_that_can_be_negative_are_never_summed_nor_multiplied(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "run.jsonl", NEGATIVE)
    changes = {"scores": "samples[].score", "scores_are": "last", "scale": "raw"}
    layout = load_layout("default", changes)
    done = import_samples(tmp_path / "s", path, layout, made_run(layout))
    assert done.is_signed
    frames = load(tmp_path / "s", lambda _: make_grader("math").group)
    figures = recorded_figures(frames).drop_nulls("prm")
    assert figures.select("figure", "accuracy").rows() == [("best-of-n", 1.0)]
    cells = analyse(tmp_path / "s").cells.frame
    assert set(cells["vote"].drop_nulls()) == {"max"}
    steps = load_layout("default", {"scale": "raw"})
    assert '"scale":"raw"' in recorded_prm("p", 1, steps).identity.format


def test_steps_of_negative_scores_have_no_product(tmp_path: Path) -> None:
    samples = [{"text": "a\n\nb", "answer": "2", "tokens": 5, "scores": [-1, -2]}] * 2
    path = write_lines(tmp_path / "run.jsonl", [{**NEGATIVE[0], "samples": samples}])
    layout = load_layout("default", {"scale": "raw"})
    import_samples(tmp_path / "s", path, layout, made_run(layout))
    cells = analyse(tmp_path / "s").cells.frame
    assert set(cells["aggregation"].drop_nulls()) == {"min", "last", "avg"}


def test_the_score_of_an_empty_last_step_is_dropped_and_counted(tmp_path: Path) -> None:
    texts = ["a\n\n\\boxed{5}", "a\n\n\\boxed{6}\n\n"]
    row = {
        "unique_id": "t/1", "problem": "2+3?", "answer": "5", "subject": "Algebra", "level": 1,
        "completions": texts, "scores": [[0.9, 0.95], [0.4, 0.2, 0.3]],
        "completion_tokens": [31, 33],
    }  # fmt: skip
    layout = load_layout("search_and_learn", {})
    path = write_lines(tmp_path / "run.jsonl", [row])
    done = import_samples(tmp_path / "s", path, layout, made_run(layout))
    assert done.num_dropped_scores == 1
    scores = scan(tmp_path / "s", "scores").sort("sample").collect()["step_scores"].to_list()
    assert scores == [[0.9, 0.95], [0.4, 0.2]]


def _inspect(sample: int, epoch: int, value: str, **scorers: object) -> dict[str, Any]:
    parts = [{"type": "reasoning", "reasoning": "hm 3"}, {"type": "text", "text": "\\boxed{5}"}]
    return {
        "id": sample, "epoch": epoch, "input": f"{sample}+3?", "target": ["5"],
        "output": {
            "choices": [{"message": {"content": parts if epoch == 2 else "\\boxed{5}"}}],
            "usage": {"output_tokens": 11, "input_tokens": 20},
        },
        "scores": {"match": {"value": value, "answer": "5"}, **scorers},
    }  # fmt: skip


def test_an_inspect_log_is_read_by_its_shipped_layout(tmp_path: Path) -> None:
    samples = [_inspect(i, epoch, "C" if epoch == 1 else "I") for i in (1, 2) for epoch in (1, 2)]
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"samples": samples}))
    problems = read_records(path, load_layout("inspect", {}))
    assert [len(problem.samples) for problem in problems] == [2, 2]
    assert {sample.text for problem in problems for sample in problem.samples} == {"\\boxed{5}"}
    assert [s.correct for s in problems[0].samples] == [True, False]
    assert (problems[0].gold, problems[0].samples[0].prompt_tokens) == ("5", 20)


def test_a_log_with_several_scorers_or_golds_is_refused_by_name(tmp_path: Path) -> None:
    two = _inspect(1, 1, "C", choice={"value": "I", "answer": "5"})
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"samples": [two]}))
    with pytest.raises(ConfigError, match="match, choice"):
        read_records(path, load_layout("inspect", {}))
    named = {"answer": "scores.match.answer", "correct": "scores.match.value"}
    assert len(read_records(path, load_layout("inspect", named))) == 1
    path.write_text(json.dumps({"samples": [{**_inspect(1, 1, "C"), "target": ["5", "6"]}]}))
    with pytest.raises(ConfigError, match="gold must be one answer, not a list of 2"):
        read_records(path, load_layout("inspect", {}))


def test_optional_lists_that_are_absent_do_not_count(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "r.jsonl",
        [{"problem": "1+1?", "answer": "2", "completions": ["\\boxed{2}"] * 8}],
    )
    layout = load_layout("default", {"question": "problem", "text": "completions[]"})
    (problem,) = read_records(path, layout)
    assert len(problem.samples) == 8


@pytest.mark.parametrize("field", ["question", "answer"])
def test_a_backslash_lost_in_json_is_refused_with_its_record_and_cause(
    tmp_path: Path, field: str
) -> None:
    row = {"question": "half?", "answer": "1", "samples": [{"answer": "1", "tokens": 5}]}
    path = write_lines(tmp_path / "r.jsonl", [row, {**row, field: "\frac{1}{2}"}])
    with pytest.raises(ConfigError, match=r"record 2: field .* control character \(\\f\)"):
        read_records(path, DEFAULT)


def test_an_answer_of_many_digits_is_judged_with_a_gold_answer_and_without(tmp_path: Path) -> None:
    long = "1" * 5000
    samples = [{"answer": long, "tokens": 5}, {"answer": "2", "tokens": 5}]
    with_gold = write_lines(
        tmp_path / "a.jsonl", [{"question": "q", "answer": long, "samples": samples}]
    )
    import_samples(tmp_path / "a", with_gold, DEFAULT, made_run(prm=None))
    judged = [{**samples[0], "correct": False}, {**samples[1], "correct": True}]
    without = write_lines(tmp_path / "b.jsonl", [{"question": "q", "samples": judged}])
    import_samples(tmp_path / "b", without, DEFAULT, made_run(prm=None))
    for store in (tmp_path / "a", tmp_path / "b"):
        assert _accuracy(store) == 0.5
        assert not analyse(store).cells.frame.is_empty()


def test_an_imported_problem_is_the_sweeps_own_whatever_the_file_calls_it(tmp_path: Path) -> None:
    row: Mapping[str, object] = {"question": "1+1?", "answer": "so\n#### 1,000"}
    (swept,) = load_benchmark("gsm8k", path=write_lines(tmp_path / "b.jsonl", [dict(row)]))
    named = {**row, "id": "mine", "samples": [{"answer": "1000", "tokens": 5}]}
    run = made_run(prm=None, benchmark="gsm8k")
    import_samples(tmp_path / "s", write_lines(tmp_path / "r.jsonl", [named]), DEFAULT, run)
    only_id = {"id": "mine", "samples": [{"answer": "3", "correct": False, "tokens": 5}]}
    layout: Layout = load_layout("default", {"question": "", "gold": "", "id": "id"})
    import_samples(
        tmp_path / "s",
        write_lines(tmp_path / "o.jsonl", [only_id]),
        layout,
        made_run(prm=None, benchmark="gsm8k", first_sample=1),
    )
    assert set(scan(tmp_path / "s", "solutions").collect()["problem_id"]) == {swept.id}
    problems = scan(tmp_path / "s", "problems").collect()
    assert problems.select("question", "answer").rows() == [("1+1?", "1000")]
