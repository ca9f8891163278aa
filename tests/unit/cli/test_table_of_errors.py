"""Eighty inputs that are wrong: each ends in one sentence that says what to change, status 2.

Each row is a command line as it is typed in a folder with the files of `FILES`.
"""

from __future__ import annotations

import gzip
import io
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import polars as pl
import pytest

from tests.unit.store.driver import commit_groups
from ttsgrid.cli.main import main

SHARED_CASES = Path(__file__).resolve().parents[3].parent / "shared" / "cases"
FILES = {
    "ok.jsonl": '{"question": "1 + 1?", "answer": "2"}\n',
    "empty.jsonl": "",
    "cut.jsonl": '{"question": "1 + 1?", "answer": "2"}\n{"question": "2 +',
    "no_answer.jsonl": '{"question": "1 + 1?", "result": "2"}\n',
    "list.jsonl": '["1 + 1?", "2"]\n',
    "null_answer.jsonl": '{"question": "1 + 1?", "answer": null}\n',
    "empty.csv": "",
    "no_answer.csv": "question,result\n1 + 1?,2\n",
    "array.json": '{"question": "1 + 1?"}',
    "runs.jsonl": '{"question": "q", "answer": "1", "samples": [{"answer": "1", "tokens": 3}]}\n',
    "no_samples.jsonl": '{"question": "q", "answer": "1", "samples": []}\n',
    "cut_runs.jsonl": '{"question": "q", "answer": "1", "samples": [{"ans',
    "points.csv": "policy,accuracy\nm,0.5\n",
    "layout.yaml": "question: [",
    "my_conf/policy/broken.yaml": "model: [",
    "my_conf/policy/bare.yaml": "format: qwen\n",
    "my_conf/experiment/broken.yaml": "policies: [zoo-s\nbudgets: 4\n",
    "my_conf/experiment/typo.yaml": "polices: [zoo-s]\n",
    "my_conf/benchmark/tab.yaml": "\t- [",
    "my_conf/benchmark/empty.yaml": "",
    "my_conf/benchmark/list.yaml": "- a\n- b\n",
    "my_conf/benchmark/nameless.yaml": "path: ok.jsonl\n",
    "blank.jsonl": "\n\n\n",
    "a (b)=~c/cut.jsonl": '{"question": "1 + 1?", "answer": "2"}\n{"question": "2 +',
    "garbage.jsonl.gz": "no gzip",
    "checkpoint/config.json": "{",
    "a file": "text",
}
PLAN = "plan policies=[zoo-s] prms=[] strategies=[cot] store=none"
MINE = f"{PLAN} benchmark=math500"
RUNS = "--benchmark math500 --policy m --policy-parameters 1e9 --temperature 0.7"
# (what is typed, what the sentence names)
TABLE = [
    ("frontir results", "Did you mean frontier?"),
    ("sweep plan_only", "a setting is name=value"),
    (f"{PLAN} benchmrk=zoo", "Did you mean benchmark?"),
    (f"{PLAN} benchmark=math50", "Did you mean math500?"),
    (f"{PLAN} seed=one", "seed='one' must be a whole number"),
    (f"{PLAN} seed=1,2", "seed=[1,2]"),
    (f"{PLAN} 'budgets=[1,'", "quotes"),
    (f"{PLAN} sampling.temperature=3", "must be from 0.01 to 2"),
    (f"{PLAN} 'policies=[{{base: zoo}}]'", "Did you mean zoo-"),
    (f"{PLAN} policies=[zoo-x]", "of which the nearest are zoo-"),
    (f"{PLAN} 'policies=[{{name: m, model: ./nowhere, format: qwen}}]'", "./nowhere"),
    (f"{PLAN} 'policies=[{{name: m, model: ./checkpoint, format: qwen}}]'", "is not JSON"),
    (f"{PLAN} 'policies=[{{name: m, model: a/b/c, format: qwen}}]'", "a/b/c"),
    (f"{PLAN} --config-dir my_conf policies=[broken]", "broken.yaml"),
    (f"{PLAN} --config-dir my_conf policies=[bare]", "policies.bare.model is missing"),
    (f"{PLAN} --config-dir my_conf experiment=broken", "broken.yaml"),
    (f"{PLAN} --config-dir my_conf experiment=typo", "polices"),
    (f"{PLAN} --config-dir my_conf benchmark=tab", "tab.yaml can't be read as YAML"),
    (f"{PLAN} --config-dir my_conf benchmark=utf16", "utf16.yaml can't be read as YAML"),
    (f"{PLAN} --config-dir my_conf benchmark=empty", "empty.yaml is empty"),
    (f"{PLAN} --config-dir my_conf benchmark=list", "list.yaml=['a', 'b'] must be a mapping"),
    ("plan --config-dir my_conf benchmark=nameless", "benchmark has no name"),
    ("plan ~benchmark", "benchmark has no name"),
    ("plan 'policies={base: zoo-s}'", "policies is a list: policies=[{base: zoo-s}]"),
    ("plan plan.all=7", "plan.all=7 must be true or false"),
    ("plan plan.solution_tokens=nan", "plan.solution_tokens=nan must be a finite number"),
    (f"{PLAN} --config-dir nowhere", "nowhere is no folder"),
    (f"{PLAN} --nope", "unknown option --nope"),
    ("plan policies=[zoo-s] prms=[] store='a file'", "need a PRM"),
    (f"{PLAN} 'store=a file'", "is a file"),
    (f"{PLAN} store=nothing://here", "store nothing://here"),
    (f"{MINE} benchmark.path=nowhere.jsonl", "nowhere.jsonl"),
    (f"{MINE} benchmark.path=empty.jsonl", "empty.jsonl"),
    (f"{MINE} benchmark.path=cut.jsonl", "cut.jsonl line 2"),
    (f"{MINE} benchmark.path=no_answer.jsonl", "no_answer.jsonl line 1 has no field"),
    (f"{MINE} benchmark.path=list.jsonl", "list.jsonl"),
    (f"{MINE} benchmark.path=null_answer.jsonl", "null_answer.jsonl line 1"),
    (f"{MINE} benchmark.path=empty.csv", "empty.csv"),
    (f"{MINE} benchmark.path=no_answer.csv", "no_answer.csv line 2 has no field"),
    (f"{MINE} benchmark.path=array.json", "array.json"),
    (f"{MINE} benchmark.path=no_answer.parquet", "no_answer.parquet row 1"),
    (f"{MINE} benchmark.path=damaged.parquet", "damaged.parquet"),
    (f"{MINE} benchmark.path=damaged.jsonl.gz", "damaged.jsonl.gz"),
    (f"{MINE} benchmark.path=latin1.jsonl", "save it as UTF-8"),
    (f"{MINE} benchmark.path=blank.jsonl", "blank.jsonl holds no problems"),
    (f"{MINE} 'benchmark.path=a (b)=~c/cut.jsonl'", "a (b)=~c/cut.jsonl line 2"),
    (f"{MINE} benchmark.path=garbage.jsonl.gz", "garbage.jsonl.gz line 1 is no JSON"),
    (f"{MINE} benchmark.path=wrong.parquet", "wrong.parquet row 1 has no field for the question"),
    (f"{MINE} benchmark.path=no_rows.parquet", "no_rows.parquet holds no problems"),
    (f"{MINE} benchmark.path=.", "benchmark.path"),
    (f"{MINE} benchmark.path=ok.jsonl benchmark.grader=mth", "Did you mean math?"),
    (f"{MINE} benchmark.path=ok.jsonl benchmark.num_problems=5", "ok.jsonl holds 1, not 5"),
    ("frontier nowhere", "nowhere"),
    ("frontier 'a file'", "a file"),
    ("frontier nowhere --budgets 0", "--budgets"),
    ("report nowhere", "nowhere"),
    ("trace nowhere", "nowhere"),
    ("store nowhere", "there is no store"),
    ("store verify nowhere", "there is no store"),
    ("store verfy store", "Did you mean verify?"),
    ("check policy=nobody", "policies: 'nobody'"),
    ("prm-bench data=zoo", "prm is missing"),
    ("prm-bench prm=zoo-prm data=nowhere.jsonl", "nowhere.jsonl"),
    (f"import samples st nowhere.jsonl {RUNS}", "nowhere.jsonl"),
    (f"import samples st cut_runs.jsonl {RUNS}", "cut_runs.jsonl"),
    (f"import samples st no_samples.jsonl {RUNS}", "no samples"),
    (f"import samples st runs.jsonl {RUNS} --layout layout.yaml", "layout.yaml line 1 is no YAML"),
    (f"import samples st runs.jsonl {RUNS} --layout lm_evl", "lm_evl"),
    (f"import samples st runs.jsonl {RUNS} --field answer", "NAME=VALUE"),
    ("import points st points.csv", "points.csv"),
    ("import export", "`ttsgrid store merge STORE export` adds it to yours"),
    ("import mine export", "`ttsgrid store merge mine export` adds it to mine"),
    (f"import samples st export {RUNS}", "`ttsgrid frontier export` shows it"),
    ("import --guess export", "`ttsgrid frontier export` shows it"),
    (f"import samples st no_answer.parquet {RUNS}", "no_answer.parquet is Parquet"),
    ("import st runs.jsonl", "`ttsgrid import --guess runs.jsonl`"),
    ("import sample st runs2.jsonl", "Did you mean samples?"),
]
BENCHMARKS = ("benchmark_latin1.jsonl", "benchmark_one_backslash.jsonl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file of the table."""
    root = tmp_path_factory.mktemp("errors")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    pl.DataFrame({"question": ["1 + 1?"]}).write_parquet(root / "no_answer.parquet")
    commit_groups(root / "store", 0, 1)
    assert main(["store", "export", str(root / "store"), str(root / "export")]) == 0
    pl.DataFrame({"id": [1], "text": ["x"]}).write_parquet(root / "wrong.parquet")
    no_rows = pl.DataFrame({"question": ["1 + 1?"], "answer": ["2"]}).clear()
    no_rows.write_parquet(root / "no_rows.parquet")
    (root / "my_conf/benchmark/utf16.yaml").write_bytes(b"\xff\xfe")
    (root / "damaged.parquet").write_bytes(b"PAR1 and no more")
    (root / "damaged.jsonl.gz").write_bytes(gzip.compress(b"{}" * 99)[:20])
    (root / "latin1.jsonl").write_bytes('{"question": "naïf?", "answer": "1"}\n'.encode("latin-1"))
    return root


def refusal(line: str) -> str:
    """Run a line in this process; return what it says, once it has ended as it should."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(shlex.split(line))
        except SystemExit as end:  # argparse's way
            status = int(end.code or 0)
    said = err.getvalue()
    assert status == 2, (status, said, out.getvalue()[-300:])
    assert "Traceback" not in said
    assert 1 <= said.count("\n") < 3, said
    assert said.startswith("ttsgrid: ")
    return said


@pytest.mark.parametrize(("line", "names"), TABLE, ids=[line for line, _ in TABLE])
def test_a_wrong_input_ends_in_a_sentence_that_names_it(
    folder: Path, line: str, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(sys, "argv", ["ttsgrid"])
    assert names in refusal(line)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_small_files_that_once_failed_are_refused_with_their_name(name: str) -> None:
    if not SHARED_CASES.is_dir():
        pytest.skip("needs ../shared/cases beside the checkout, which is absent")
    assert name in refusal(f"{MINE} benchmark.path={SHARED_CASES / name}")
