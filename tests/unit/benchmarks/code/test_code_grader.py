"""The grader of code: verdicts by tests, votes by behaviour, refusal without a sandbox."""

from __future__ import annotations

import base64
import json
import pickle
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.unit.benchmarks.code.sandboxes import sandbox_or_skip
from ttsgrid.benchmarks import CodeGrader, judge, load_benchmark, make_grader, require_ready
from ttsgrid.benchmarks.code.rows import human_eval, live_code_bench, mbpp
from ttsgrid.benchmarks.sandbox import bubblewrap
from ttsgrid.core.errors import ConfigError

PROMPT = """\
def double(x):
    '''Return twice x.
    >>> double(2)
    4
    >>> double(0)
    0
    '''
"""
ROW = {
    "prompt": PROMPT,
    "entry_point": "double",
    "test": "def check(f):\n    assert f(3) == 6\n    assert f('a') == 'aa'\n",
}
GOLD = str(human_eval(ROW)["answer"])


def _block(code: str) -> str:
    return f"Here it is.\n```python\n{code}\n```\n"


@pytest.fixture
def grader() -> CodeGrader:
    sandbox_or_skip()
    return CodeGrader(cpu_seconds=2)


def test_a_verdict_says_what_the_run_came_to(grader: CodeGrader) -> None:
    right = judge(grader, _block("def double(x):\n    return x + x"), GOLD)
    wrong = judge(grader, _block("def double(x):\n    return x ** 2"), GOLD)
    assert (right.correct, right.outcome, right.detail) == (True, "passed", None)
    assert (wrong.correct, wrong.outcome) == (False, "failed assertion")
    assert wrong.detail == "assert f(3) == 6"


def test_votes_group_by_behaviour_on_the_prompts_examples_alone(grader: CodeGrader) -> None:
    texts = ("return x + x", "return 2 * x", "return x ** 2", "return x + 2", "return x.y")
    answers = [judge(grader, f"    {text}\n", GOLD).answer for text in texts]
    # On 2 and 0 the square is the double, though the hidden tests tell them apart.
    assert answers == ["4 | 0", "4 | 0", "4 | 0", "4 | 2", "<AttributeError> | <AttributeError>"]
    assert grader.group([str(answer) for answer in answers]) == [0, 0, 0, 1, 2]


def test_where_there_is_nothing_to_call_programs_are_compared_by_their_text(
    grader: CodeGrader,
) -> None:
    row = {"text": "Say 1.", "code": "def one(*of): return 1", "test_list": ["assert one() == 1"]}
    gold = str(mbpp(row)["answer"])
    assert judge(grader, _block("def one(): return 1"), gold).answer == "1"
    gold = gold.replace('"inputs":"[()]"', '"inputs":"[]"')
    assert judge(grader, _block("def one(): return 1"), gold).answer == "def one(): return 1"


def test_a_program_that_does_not_load_has_no_answer(grader: CodeGrader) -> None:
    broken = judge(grader, _block("def double(x):\n    return (x"), GOLD)
    assert broken.answer is None
    assert broken.outcome == "error"
    assert judge(grader, "", GOLD).outcome is None


def test_equal_values_are_one_behaviour_however_they_are_made(grader: CodeGrader) -> None:
    gold = str(human_eval({**ROW, "prompt": "def double(x):\n    '''double(2)'''\n"})["answer"])
    alike = ("return {3, 1}", "return {1, 3}", "return set([1.0, 3])")
    answers = {judge(grader, f"    {text}\n", gold).answer for text in alike}
    assert answers == {"{1, 3}"}


@pytest.mark.usefixtures("grader")
def test_a_run_that_never_ends_on_an_example_ends() -> None:
    answer = judge(CodeGrader(cpu_seconds=1), "    while x: pass\n    return 0\n", GOLD).answer
    assert answer == "<time-out> | <not tried>"


@pytest.mark.parametrize(
    "line",
    ["[", "[" * 100_000, "{}", "7", '{"value": ["set", 5]}', '{"value": 4}', '{"names": 5}'],
)
def test_replies_that_a_program_forges_are_a_verdict_and_no_failure(
    grader: CodeGrader, line: str
) -> None:
    code = (
        f"import os\nfor fd in range(3, 12):\n    try: os.write(fd, {line!r}.encode() + b'\\n')\n"
        "    except OSError: pass\ndef double(x):\n    return 5"
    )
    judged = judge(grader, _block(code), GOLD)
    assert not judged.correct
    assert judged.outcome in ("error", "early exit", "failed assertion")


def test_a_change_in_place_is_seen_by_the_tests(grader: CodeGrader) -> None:
    row = {
        "prompt": "def put(items):\n    '''Append 1. put([])'''\n",
        "entry_point": "put",
        "test": "def check(candidate):\n    a = [0]\n    candidate(a)\n    assert a == [0, 1]\n",
    }
    gold = str(human_eval(row)["answer"])
    assert judge(grader, "    items.append(1)\n", gold).correct
    assert not judge(grader, "    items = items + [1]\n", gold).correct


def test_objects_of_the_programs_own_classes_go_to_the_tests_and_back(grader: CodeGrader) -> None:
    row = {
        "task_id": 601,
        "prompt": "Write a function to sum the sides of pairs.",
        "code": "class Pair:\n    pass\ndef total(pairs):\n    return 0",
        "test_list": ["assert total([Pair(1, 2), Pair(3, 4)]) == 10"],
    }
    gold = str(mbpp(row)["answer"])
    code = (
        "class Pair:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n"
        "def total(pairs):\n    return sum(p.a + p.b for p in pairs)"
    )
    assert judge(grader, _block(code), gold).correct


def test_helpers_of_the_prompt_are_not_the_programs_to_replace(grader: CodeGrader) -> None:
    row = {
        "prompt": "def value(c, x):\n    return c * x\n\ndef root(c):\n    '''root(1)'''\n",
        "entry_point": "root",
        "test": "def check(candidate):\n    assert value(3, candidate(3)) == 6\n",
    }
    gold = str(human_eval(row)["answer"])
    assert judge(grader, _block("def root(c):\n    return 2"), gold).correct
    cheat = "def value(c, x):\n    return 6\ndef root(c):\n    return 7"
    assert not judge(grader, _block(cheat), gold).correct
    assert not judge(
        grader, _block("def root(c):\n    return 7\nabs = len = repr = root"), gold
    ).correct


def _live(**fields: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"question_content": "Add the numbers.", "difficulty": "easy", "platform": "x", **fields}


def test_a_program_that_reads_standard_input_is_graded_by_what_it_prints(
    grader: CodeGrader,
) -> None:
    public = [{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]
    private = [{"input": "5 5\n", "output": "10", "testtype": "stdin"}]
    packed = base64.b64encode(zlib.compress(pickle.dumps(json.dumps(private)))).decode()
    read = live_code_bench(
        _live(public_test_cases=json.dumps(public), private_test_cases=packed, metadata="{}")
    )
    gold = str(read["answer"])
    right = judge(grader, _block("print(sum(map(int, input().split())))"), gold)
    wrong = judge(grader, _block("print(3)"), gold)
    assert (right.correct, right.answer, read["level"]) == (True, '"3"', 1)
    assert (wrong.correct, wrong.outcome, wrong.answer) == (False, "failed assertion", '"3"')
    main = (
        "import sys\nif __name__ == '__main__':\n    print(sum(map(int, sys.stdin.read().split())))"
    )
    assert judge(grader, _block(main), gold).correct
    assert judge(grader, _block("1 / 0"), gold).detail == "ZeroDivisionError: division by zero"
    assert judge(grader, _block("import os\nos.fork()"), gold).outcome == "escape refused"


def test_a_method_of_a_class_is_graded_by_what_it_returns(grader: CodeGrader) -> None:
    case = {"input": "[1, 2]\n3", "output": "6", "testtype": "functional"}
    read = live_code_bench(
        _live(
            starter_code="class Solution:\n    def total(self, nums: List[int], k: int) -> int:\n",
            public_test_cases=[case],
            metadata={"func_name": "total"},
        )
    )
    code = "class Solution:\n    def total(self, nums: List[int], k):\n        return sum(nums) + k"
    assert judge(grader, _block(code), str(read["answer"])).correct
    assert not judge(grader, _block(code.replace("+", "-")), str(read["answer"])).correct


def test_a_pickle_that_calls_anything_is_refused() -> None:
    class Call:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return (eval, ("1",))

    packed = base64.b64encode(zlib.compress(pickle.dumps(Call()))).decode()
    with pytest.raises(ValueError, match=r"would run builtins\.eval"):
        live_code_bench(_live(public_test_cases="[]", private_test_cases=packed))


def test_without_a_sandbox_nothing_runs_unless_the_user_allows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bubblewrap, "_missing", lambda: "there is no bubblewrap")
    with pytest.raises(ConfigError, match=r"allow_unsafe=true"):
        require_ready(make_grader("code"))
    with pytest.raises(ConfigError, match="in a sandbox alone"):
        judge(CodeGrader(), "    return 2 * x\n", GOLD)
    unsafe = make_grader("code", {"allow_unsafe": True})
    require_ready(unsafe)
    assert judge(unsafe, "    return 2 * x\n", GOLD).correct
    assert judge(unsafe, "    return open('/etc/passwd')\n", GOLD).outcome == "escape refused"


def test_reading_a_store_needs_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "_missing", lambda: "there is no bubblewrap")
    assert make_grader("code").group(["4 | 0", "4 | 2", "4 | 0"]) == [0, 1, 0]


def test_a_limit_must_be_above_zero() -> None:
    with pytest.raises(ConfigError, match="cpu_seconds=0"):
        make_grader("code", {"cpu_seconds": 0})


def test_a_file_of_code_problems_loads_with_level_and_subject(tmp_path: Path) -> None:
    public = [{"input": "1", "output": "1", "testtype": "stdin"}]
    rows = [_live(public_test_cases=public), _live(public_test_cases=public, difficulty="hard")]
    rows[1]["question_content"] = "Another."
    (tmp_path / "live.jsonl").write_text("\n".join(map(json.dumps, rows)))
    problems = load_benchmark("livecodebench", path=tmp_path / "live.jsonl")
    assert [(p.level, p.subject) for p in problems] == [(1, "x"), (3, "x")]
    assert problems[0].question == "Add the numbers."


@pytest.mark.parametrize(
    ("benchmark", "row", "said"),
    [
        ("humaneval", {"prompt": "def f(): pass"}, "line 1 has no text in field 'entry_point'"),
        ("mbpp", {"text": "Do.", "code": "x", "test_list": ["assert ("]}, "line 1 does not fit"),
        ("livecodebench", {"question_content": "Do."}, "KeyError: 'public_test_cases'"),
    ],
)
def test_a_row_of_another_shape_is_refused_in_a_sentence(
    tmp_path: Path, benchmark: str, row: dict[str, Any], said: str
) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_benchmark(benchmark, path=tmp_path / "rows.jsonl")
