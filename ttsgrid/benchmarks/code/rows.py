"""Rows of the known code benchmarks, read into questions and tasks.

A benchmark's YAML names one of these in `read_row`. Each takes a row of the file and returns
a question with its gold answer, a `CodeTask` as JSON; level and subject where the row has them.

* `human_eval`: `prompt`, `entry_point`, `test` (openai/human-eval; MBPP is also found so).
* `mbpp`: `prompt` or `text`, `code`, `test_list`, imports of the tests (google-research).
* `live_code_bench`: `question_content`, `starter_code`, public and private test cases, of
  programs that read standard input or of a method of `class Solution`.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import pickle
import zlib
from collections.abc import Mapping
from typing import Any

from ttsgrid.benchmarks.code.inputs import vote_inputs
from ttsgrid.benchmarks.code.program import METHOD
from ttsgrid.benchmarks.code.task import CodeTask

Row = Mapping[str, Any]
Read = dict[str, object]


def human_eval(row: Row) -> Read:
    """Read a row whose prompt is the beginning of a program."""
    # Two of MBPP's entry points end in a space, as `def f (x)` suggests.
    prompt, entry = _text(row, "prompt"), _text(row, "entry_point").strip()
    task = CodeTask(prompt, entry, _text(row, "test"), inputs=vote_inputs(prompt, entry))
    return {"question": prompt, "answer": task.as_json()}


def mbpp(row: Row) -> Read:
    """Read a row whose prompt is a sentence; the function's signature is added to it."""
    if "entry_point" in row:
        return human_eval(row)
    sentence = _text(row, "prompt" if "prompt" in row else "text")
    tests = "\n".join(row.get("test_list") or ())
    entry = _called_first(tests)
    header = _header(_text(row, "code"), entry)
    setup = "\n".join([*_lines(row, "test_imports"), *_lines(row, "test_setup_code")])
    stub = f"{header}\n    pass\n"
    task = CodeTask(setup, entry, tests, inputs=vote_inputs(stub, entry, sentence))
    return {"question": f"{sentence}\n\n{header}", "answer": task.as_json()}


def _called_first(tests: str) -> str:
    """Return the function that tests are of: the first called that isn't Python's own."""
    own = {*dir(__import__("builtins"))}
    calls = (node.func for node in ast.walk(ast.parse(tests)) if isinstance(node, ast.Call))
    names = [call.id for call in calls if isinstance(call, ast.Name) and call.id not in own]
    if not names:
        raise ValueError("has tests that call no function")
    return names[0]


def _header(code: str, entry: str) -> str:
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef) and node.name == entry:
            return f"def {entry}({ast.unparse(node.args)}):"
    raise ValueError(f"has no function {entry} in its code")


# What the site's editor offers a solution without its asking.
_LIVE_SETUP = """\
from bisect import *
from collections import *
from functools import *
from heapq import *
from itertools import *
from math import *
from typing import *
from builtins import *
import bisect, collections, functools, heapq, itertools, math, random, re, string, sys
"""
_LIVE_TESTS = """\
def plain(value):
    return [plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def check(candidate):
    for given, expected in {cases!r}:
        assert plain(candidate(*given)) == plain(expected)
"""


def live_code_bench(row: Row) -> Read:
    """Read a row of LiveCodeBench's shape; the public cases are what votes compare on."""
    starter = str(row.get("starter_code") or "")
    question = _text(row, "question_content")
    asked = f"{question}\n\n{starter}" if starter.strip() else question
    public = _cases(row["public_test_cases"])
    cases = [*public, *_cases(row.get("private_test_cases") or "[]")]
    if not cases:
        raise ValueError("has no test cases")
    if cases[0]["testtype"] == "functional":
        task = _of_method(row, public, cases)
    else:
        pairs = tuple((case["input"], case["output"]) for case in cases)
        inputs = [case["input"] for case in public]
        task = CodeTask(_LIVE_SETUP, cases=pairs, inputs=repr(inputs))
    return {
        "question": asked,
        "answer": task.as_json(),
        "subject": row.get("platform"),
        "level": {"easy": 1, "medium": 2, "hard": 3}.get(str(row.get("difficulty"))),
    }


def _of_method(row: Row, public: list[Row], cases: list[Row]) -> CodeTask:
    metadata = row["metadata"]
    name = (json.loads(metadata) if isinstance(metadata, str) else metadata)["func_name"]
    pairs = [(_arguments(case["input"]), json.loads(case["output"])) for case in cases]
    inputs = [_arguments(case["input"]) for case in public]
    tests = _LIVE_TESTS.format(cases=pairs)
    return CodeTask(_LIVE_SETUP, METHOD, tests, inputs=repr(inputs), method=name)


def _arguments(text: str) -> tuple[Any, ...]:
    return tuple(json.loads(line) for line in text.split("\n") if line.strip())


def _cases(held: object) -> list[Row]:
    """Return test cases: a list, its JSON, or that pickled, compressed and in base 64."""
    if not isinstance(held, str):
        return [dict(case) for case in held]  # type: ignore[attr-defined]
    if held.lstrip().startswith("["):
        return list(json.loads(held))
    packed = zlib.decompress(base64.b64decode(held))
    return list(json.loads(_TextOnly(io.BytesIO(packed)).load()))


class _TextOnly(pickle.Unpickler):
    """Reads a pickled text; a pickle can call anything that it finds, so it finds nothing."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - refuses
        raise ValueError(f"has private test cases that would run {module}.{name}")


def _lines(row: Row, field: str) -> list[str]:
    held = row.get(field)
    return [held] if isinstance(held, str) else list(held or ())


def _text(row: Row, field: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"has no text in field {field!r}; it has: {', '.join(row)}")
    return value
