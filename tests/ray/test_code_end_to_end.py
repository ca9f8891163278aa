"""Ten HumanEval problems from sweep to report: scripted solutions, the real sandbox.

The policy writes reference solutions and mutants of them; planning, workers, grading, store,
frontier and report are the real ones.
"""

from __future__ import annotations

import ast
import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.extending.page import ROOT, make_checkpoint, run
from tests.unit.benchmarks.code.mutants import mutant
from tests.unit.benchmarks.code.sandboxes import sandbox_or_skip
from ttsgrid.benchmarks.code.program import assembled
from ttsgrid.store import scan

pytestmark = pytest.mark.ray

STORE = "results/humaneval"
POLICY = """\
model: checkpoints/policy
engine: scripted_coder:Coder
format: {base: qwen, separator: "\\n"}
"""
ESCAPE = "```python\nimport os\nos._exit(0)\n```\n"


def _problems(shared_data: Path) -> list[dict[str, Any]]:
    data = gzip.decompress((shared_data / "problems" / "humaneval.jsonl.gz").read_bytes())
    rows = [json.loads(line) for line in data.decode().splitlines()]
    return [row for row in rows if mutant(_program(row), seed=0)][:10]


def _program(row: dict[str, Any]) -> str:
    return assembled(row["prompt"], row["entry_point"], row["canonical_solution"])


def _texts(row: dict[str, Any]) -> list[str]:
    """The reference, a mutant and a text that leaves early: what the policy may write."""
    program = _program(row)
    changed = mutant(program, seed=0)
    respelled = ast.unparse(ast.parse(program))
    return [f"```python\n{code}\n```\n" for code in (program, respelled, changed)] + [ESCAPE]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """A folder with a store of pools, their outcome scores and a search."""
    sandbox_or_skip()
    folder = tmp_path_factory.mktemp("code")
    rows = _problems(shared_data)
    (folder / "ten.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    script = folder / "script.json"
    script.write_text(json.dumps({row["entry_point"]: _texts(row) for row in rows}))
    make_checkpoint(folder, "policy")
    make_checkpoint(folder, "prm")
    (folder / "my_conf" / "policy").mkdir(parents=True)
    (folder / "my_conf" / "policy" / "coder.yaml").write_text(POLICY)
    run(
        folder,
        *("sweep", "--config-dir", "my_conf", "policies=[coder]"),
        *("benchmark=humaneval", "benchmark.path=ten.jsonl", f"store={STORE}"),
        "prms=[{name: orm, model: checkpoints/prm, format: qwen}]",
        *("strategies=[cot,majority,best_of_n,beam]", "budgets=[4]"),
        "benchmark.search_problems=2",
        *("engine.kind=fake", f"engine.options.script={script}", "sampling.max_tokens=4096"),
        *("cluster.dashboard=false", "engine.cpus=0.4", "engine.memory_gib=0.5"),
        path=[ROOT / "tests" / "own"],
    )
    return folder


def _solutions(folder: Path) -> pl.DataFrame:
    return scan(folder / STORE, "solutions").collect()


def test_each_solution_is_judged_by_its_tests_and_says_what_they_came_to(swept: Path) -> None:
    solutions = _solutions(swept)
    pools = solutions.filter(kind="sample")
    assert len(pools) == 10 * (1 + 4)
    assert pools["outcome"].null_count() == 0
    assert pools.filter(pl.col("correct") != (pl.col("outcome") == "passed")).is_empty()
    assert set(pools.filter(temperature=0)["outcome"]) == {"passed"}
    left = pools.filter(pl.col("text") == ESCAPE)
    assert set(left["outcome"]) == {"early exit"}
    assert not left["correct"].any()
    assert {"passed", "failed assertion", "early exit"} <= set(solutions["outcome"])


def test_steps_of_code_are_its_lines_where_the_separator_says_so(swept: Path) -> None:
    for row in _solutions(swept).filter(kind="sample").iter_rows(named=True):
        assert row["steps"] == [line for line in row["text"].split("\n") if line.strip()]


def test_answers_are_behaviour_so_that_alike_programs_share_a_vote(
    swept: Path, shared_data: Path
) -> None:
    references = [text for row in _problems(shared_data) for text in _texts(row)[:2]]
    pools = _solutions(swept).filter(pl.col("text").is_in(references), kind="sample")
    assert pools.group_by("problem_id").agg(pl.col("text").n_unique())["text"].max() == 2
    assert pools.group_by("problem_id").agg(pl.col("answer").n_unique())["answer"].max() == 1
    tests = scan(swept / STORE, "problems").collect()["answer"]
    assert all("assert" in json.loads(gold)["tests"] for gold in tests)
    assert not pools["answer"].str.contains("assert").any()


def test_frontier_and_report_show_what_the_tests_came_to_and_who_judged(swept: Path) -> None:
    shown = run(swept, "frontier", STORE, "--all")
    assert "What the tests came to" in shown
    assert "early exit" in shown
    assert "judged by the grader code: the same behaviour on the prompt's examples" in shown
    cells = pl.read_parquet(swept / STORE / "frontier" / "cells.parquet").filter(bin="all")
    assert {"cot", "majority", "best_of_n", "beam"} <= set(cells["strategy"])
    assert cells.filter(strategy="cot")["accuracy"].item() == 1.0
    counts = pl.read_parquet(swept / STORE / "frontier" / "run_outcomes.parquet")
    assert counts["num_solutions"].sum() == len(_solutions(swept))
    run(swept, "report", STORE)
    page = next((swept / STORE).glob("**/*.html")).read_text()
    assert "What the tests came to" in page
    assert "any program that passes the problem&#39;s tests" in page or "passes the problem" in page


def test_a_trace_says_what_became_of_each_answer(swept: Path) -> None:
    unit = _solutions(swept).filter(kind="search")["unit_id"][0]
    assert "[1] tests: " in run(swept, "trace", STORE, unit, "--html", "trace.html")
    assert "Tests of answer 1: " in (swept / "trace.html").read_text()
