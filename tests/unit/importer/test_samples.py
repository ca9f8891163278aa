"""A recorded run becomes a store like any other."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.unit.importer.made import PROBLEMS, made_run, write_lines
from ttsgrid.analysis.frames.equivalence import store_equivalence
from ttsgrid.analysis.frames.load import load
from ttsgrid.analysis.frontier import analyse
from ttsgrid.benchmarks import BenchmarkConfig, grader_for, load_benchmark
from ttsgrid.core.errors import ConfigError, StoreError
from ttsgrid.core.records import Problem
from ttsgrid.core.units import SamplingIdentity
from ttsgrid.importer import import_samples, load_layout, make_layout, recorded_figures
from ttsgrid.importer.records import read_records
from ttsgrid.store import scan

DEFAULT = load_layout("default", {})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "run.jsonl", PROBLEMS)


def _figures(store: Path) -> dict[tuple[str, str | None], float]:
    figures = recorded_figures(load(store, store_equivalence(store)))
    keys = zip(figures["figure"], figures["aggregation"], strict=True)
    return dict(zip(keys, figures["accuracy"], strict=True))


def test_the_figures_are_those_worked_out_by_hand(file: Path, tmp_path: Path) -> None:
    done = import_samples(tmp_path / "store", file, DEFAULT, made_run())
    assert (done.num_problems, done.num_samples, done.num_new_units) == (2, 8, 4)
    assert (done.num_without_answer, done.num_differing) == (1, 0)
    figures = _figures(tmp_path / "store")
    assert figures["pass@1", None] == 0.5
    # 0.5 and 1/2 are one answer and came first; 2 beats 3 two to one.
    assert figures["majority", None] == 1.0
    assert figures["pass@n", None] == 1.0
    # The best last step of problem `half` is a wrong solution's; 3 outranks both 2's.
    assert figures["best-of-n", "last"] == 0.0
    assert figures["best-of-n", "min"] == 0.5
    assert figures["weighted", "min"] == 0.5


def test_tokens_and_prompts_are_counted_as_the_rules_say(file: Path, tmp_path: Path) -> None:
    import_samples(tmp_path, file, DEFAULT, made_run())
    half = scan(tmp_path, "solutions").sort("sample").filter(pl.col("text") != "c").collect()
    assert half["generated_tokens"].to_list() == [10, 12]
    prompt = round(len("What is 1 over 2?") / 4)
    assert half["prompt_tokens"].to_list() == [prompt, prompt]
    assert half["cached_tokens"].to_list() == [0, prompt]
    read = scan(tmp_path, "scores").sort("prompt_tokens").collect()["prompt_tokens"].to_list()
    assert read[0] == 10 + prompt
    said = json.loads(scan(tmp_path, "units").collect()["provenance"][0])
    assert said["imported_from"] == "run.jsonl"
    assert said["prompt_tokens"].startswith("estimated")


def test_what_was_not_recorded_is_unknown_and_not_nothing(file: Path, tmp_path: Path) -> None:
    import_samples(tmp_path, file, DEFAULT, made_run())
    cells = analyse(tmp_path, price_per_device_hour=2.0).cells.frame
    assert cells["device_seconds"].null_count() == cells["money"].null_count() == len(cells)
    assert not cells["flops"].has_nulls()


def test_tokens_that_are_not_recorded_are_unknown_unless_they_are_estimated(
    file: Path, tmp_path: Path
) -> None:
    layout = load_layout("default", {"tokens": ""})
    done = import_samples(tmp_path / "a", file, layout, made_run(chars_per_token=None))
    assert not done.has_costs
    cells = analyse(tmp_path / "a").cells.frame
    assert cells["flops"].null_count() == len(cells)
    assert cells["policy_generated_tokens"].null_count() == len(cells)
    assert not cells["accuracy"].has_nulls()
    import_samples(tmp_path / "b", file, layout, made_run(chars_per_token=2.0))
    longest = scan(tmp_path / "b", "solutions").collect()["generated_tokens"].to_list()
    assert max(longest) == round(len("a\n\nb") / 2)


def test_counts_of_some_samples_alone_are_refused(tmp_path: Path) -> None:
    changed = copy.deepcopy(PROBLEMS)
    del changed[0]["samples"][1]["tokens"]
    path = write_lines(tmp_path / "run.jsonl", changed)
    with pytest.raises(ConfigError, match=r"1 of 8 samples have no token count.*--chars-per-token"):
        import_samples(tmp_path / "s", path, DEFAULT, made_run(chars_per_token=None))


def test_the_same_file_again_adds_nothing(file: Path, tmp_path: Path) -> None:
    first = import_samples(tmp_path / "store", file, DEFAULT, made_run())
    again = import_samples(tmp_path / "store", file, DEFAULT, made_run())
    assert (first.num_new_units, again.num_new_units) == (4, 0)


def test_another_file_with_the_same_samples_is_refused(file: Path, tmp_path: Path) -> None:
    import_samples(tmp_path / "store", file, DEFAULT, made_run())
    changed = copy.deepcopy(PROBLEMS)
    changed[0]["samples"][0]["answer"] = "7"
    other = write_lines(tmp_path / "other.jsonl", changed)
    with pytest.raises(StoreError, match="--first-sample"):
        import_samples(tmp_path / "store", other, DEFAULT, made_run())
    import_samples(tmp_path / "store", other, DEFAULT, made_run(first_sample=4))
    pools = scan(tmp_path / "store", "solutions").group_by("problem_id").len().collect()
    assert pools["len"].to_list() == [8, 8]


def test_the_same_file_read_in_another_way_is_refused_but_scores_may_be_added(
    file: Path, tmp_path: Path
) -> None:
    import_samples(tmp_path / "store", file, DEFAULT, made_run(prm=None))
    with pytest.raises(StoreError, match="read in another way"):
        import_samples(tmp_path / "store", file, DEFAULT, made_run(prm=None, grader="text"))
    added = import_samples(tmp_path / "store", file, DEFAULT, made_run())
    assert added.num_new_units == 2
    assert len(scan(tmp_path / "store", "scores").collect()) == 8


def test_a_problem_without_id_is_the_sweeps_own_problem(tmp_path: Path) -> None:
    without = [{k: v for k, v in problem.items() if k != "id"} for problem in PROBLEMS]
    import_samples(
        tmp_path / "store", write_lines(tmp_path / "run.jsonl", without), DEFAULT, made_run()
    )
    path = write_lines(
        tmp_path / "bench.jsonl",
        [{"question": p["question"], "answer": p["answer"]} for p in PROBLEMS],
    )
    known = _benchmark_problems(path)
    stored = set(scan(tmp_path / "store", "problems").collect()["problem_id"])
    assert stored == {problem.id for problem in known}


def _benchmark_problems(path: Path) -> tuple[Problem, ...]:
    return load_benchmark(BenchmarkConfig("by-hand"), path=path)


def test_one_sample_a_line_and_parallel_lists_read_alike(file: Path, tmp_path: Path) -> None:
    flat = [
        {**{k: p[k] for k in ("id", "question", "answer")}, **{f"s_{k}": v for k, v in s.items()}}
        for p in PROBLEMS
        for s in p["samples"]
    ]
    names = ("text", "answer", "correct", "scores", "tokens")
    parallel = [
        {
            **{k: p[k] for k in ("id", "question", "answer")},
            **{f"s_{k}": [s[k] for s in p["samples"]] for k in names},
        }
        for p in PROBLEMS
    ]
    problem = {"id": "id", "question": "question", "gold": "answer"}
    a_line = make_layout({**problem, **{k: f"s_{k}" for k in names}})
    lists = make_layout({**problem, **{k: f"s_{k}[]" for k in names}})
    expected = read_records(file, DEFAULT)
    assert read_records(write_lines(tmp_path / "flat.jsonl", flat), a_line) == expected
    assert read_records(write_lines(tmp_path / "lists.jsonl", parallel), lists) == expected


def test_keyed_mappings_read_as_records(tmp_path: Path) -> None:
    document = {"said": {"a": ["x", "y"]}, "right": {"a": [True, False]}, "pass_at_1": 0.5}
    path = tmp_path / "keyed.json"
    path.write_text(json.dumps(document))
    layout = make_layout({"records": "{}", "id": "key", "answer": "said[]", "correct": "right[]"})
    (problem,) = read_records(path, layout)
    assert problem.id == "a"
    assert [(s.answer, s.correct) for s in problem.samples] == [("x", True), ("y", False)]


def test_one_score_a_solution_says_what_it_is(tmp_path: Path) -> None:
    single = copy.deepcopy(PROBLEMS)
    for sample in (s for problem in single for s in problem["samples"]):
        sample["scores"] = sample["scores"][0]
    path = write_lines(tmp_path / "run.jsonl", single)
    with pytest.raises(ConfigError, match="scores_are"):
        read_records(path, DEFAULT)
    layout = load_layout("default", {"scores_are": "avg"})
    import_samples(tmp_path / "store", path, layout, made_run(layout))
    assert {how for _, how in _figures(tmp_path / "store")} == {None, "avg"}


def test_a_logit_becomes_a_probability_and_other_numbers_are_refused(tmp_path: Path) -> None:
    changed = copy.deepcopy(PROBLEMS[:1])
    for sample, score in zip(changed[0]["samples"], (0.0, -800.0, 800.0, 1.0), strict=True):
        sample["scores"] = score
    path = write_lines(tmp_path / "run.jsonl", changed)
    with pytest.raises(ConfigError, match="no probability; set the layout's `scale`"):
        read_records(path, load_layout("default", {"scores_are": "last"}))
    logits = load_layout("default", {"scores_are": "last", "scale": "logit"})
    (problem,) = read_records(path, logits)
    scores = [sample.scores[0] for sample in problem.samples]
    assert scores == pytest.approx([0.5, 0.0, 1.0, 0.7310585786])


def test_a_right_sample_whose_answer_nobody_finds_has_the_gold_answer(tmp_path: Path) -> None:
    changed = copy.deepcopy(PROBLEMS[:1])
    changed[0]["samples"][0]["answer"] = None
    import_samples(tmp_path / "s", write_lines(tmp_path / "r.jsonl", changed), DEFAULT, made_run())
    first = scan(tmp_path / "s", "solutions").sort("sample").collect().row(0, named=True)
    assert (first["answer"], first["correct"]) == ("1/2", True)


def test_without_verdicts_the_grader_gives_them(tmp_path: Path, file: Path) -> None:
    layout = load_layout("default", {"correct": ""})
    import_samples(tmp_path / "s", file, layout, made_run())
    given = scan(tmp_path / "s", "solutions").collect()["correct"].to_list()
    assert sum(given) == 4
    with pytest.raises(ConfigError, match="`correct` or `gold`"):
        import_samples(
            tmp_path / "t", file, load_layout("default", {"correct": "", "gold": ""}), made_run()
        )


def test_recorded_verdicts_stand_and_differences_are_counted(tmp_path: Path) -> None:
    changed = copy.deepcopy(PROBLEMS)
    changed[1]["samples"][0]["correct"] = False
    path = write_lines(tmp_path / "run.jsonl", changed)
    done = import_samples(tmp_path / "store", path, DEFAULT, made_run())
    assert done.num_differing == 1
    assert _figures(tmp_path / "store")["pass@1", None] == 3 / 8


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"correct": "maybe"}, "no_answer"),
        ({"correct": 0.5}, "no_answer"),
        ({"tokens": -1}, "tokens"),
        ({"scores": ["high"]}, "finite number"),
        ({"scores": [0.1, 0.2, 0.3]}, "2 steps and 3 scores"),
        ({"scores": None}, "leave --prm out"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    changed = copy.deepcopy(PROBLEMS)
    changed[0]["samples"][0].update(change)
    path = write_lines(tmp_path / "run.jsonl", changed)
    with pytest.raises(ConfigError, match=said):
        import_samples(tmp_path / "store", path, DEFAULT, made_run())


def test_a_greedy_import_is_cot(file: Path, tmp_path: Path) -> None:
    one = [{**p, "samples": p["samples"][:1]} for p in PROBLEMS]
    path = write_lines(tmp_path / "one.jsonl", one)
    run = made_run(sampling=SamplingIdentity(0.0, 1.0, 0, 0), prm=None)
    import_samples(tmp_path / "store", path, DEFAULT, run)
    series = load(tmp_path / "store", lambda _: grader_for("math").group).series
    assert series["greedy"].to_list() == [True]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"id": "id"}, "give answer, or text"),
        ({"answer": "a[]"}, "id or question"),
        ({"id": "id", "answer": "a[]", "scale": "log"}, "scale must be one of"),
        ({"id": "id", "answer": "a[]", "colour": "c"}, "no field 'colour'"),
        ({"id": "id", "answer": 3}, "answer must be text"),
    ],
)
def test_a_wrong_layout_is_refused_with_the_choices(content: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make_layout(content)


def test_an_unknown_layout_names_those_that_ship() -> None:
    with pytest.raises(ConfigError, match="crucible, crucible_steps, cruxeval, default"):
        load_layout("nothing", {})
