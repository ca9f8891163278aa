"""From a model's text to a program, and the inputs that votes compare programs on."""

from __future__ import annotations

import ast

import pytest

from ttsgrid.benchmarks.code.inputs import NUM_GENERATED, shown_calls, vote_inputs
from ttsgrid.benchmarks.code.program import assembled, code_in, is_code_ended

SETUP = (
    'import math\nLIMIT = 7\n\ndef area(r):\n    """Return it.\n    >>> area(1)\n    3\n    """\n'
)


def _call(program: str, argument: object = 2) -> object:
    space: dict[str, object] = {}
    exec(compile(program, "program", "exec"), space)
    area = space["area"]
    assert callable(area)
    return area(argument)


@pytest.mark.parametrize(
    "code",
    [
        "    return r * LIMIT + math.floor(0.5)\n",
        "  return r * LIMIT + math.floor(0.5)\n",
        "\treturn r * LIMIT + math.floor(0.5)\n",
        "\n        x = r * LIMIT\n        return x\n",
        "return r * LIMIT",
        "x = r * LIMIT\nreturn x",
        "x = r * LIMIT\n    return x",
        "def area(r):\n    return r * LIMIT\n",
        "def helper(r):\n  return r * LIMIT\n\ndef area(r):\n  return helper(r)\n",
        "area = lambda r: r * LIMIT",
    ],
)
def test_a_function_or_its_body_however_indented_makes_one_program(code: str) -> None:
    assert _call(assembled(SETUP, "area", code)) == 14


def test_an_import_inside_the_prompts_function_stays() -> None:
    setup = "def area(r):\n    import math\n    '''Return it.'''\n"
    assert _call(assembled(setup, "area", "  return math.floor(r + 0.5)\n")) == 2


def test_what_is_neither_stays_as_it_was_written_and_fails_as_it_does() -> None:
    with pytest.raises(SyntaxError):
        _call(assembled(SETUP, "area", "    return (r"))


def test_the_last_block_of_python_is_the_code() -> None:
    text = "One:\n```python\nx = 1\n```\nTwo:\n```python\nx = 2\n```\nPrints:\n```text\n2\n```\n"
    assert code_in(text) == "x = 2\n"
    assert code_in("```\nx = 1\n```") == "x = 1\n"
    assert code_in("    return 1\n") == "    return 1\n"
    assert code_in("```json\n{}\n```") is None
    assert code_in("  \n") is None


def test_a_block_that_only_calls_the_function_is_not_the_program() -> None:
    text = "```python\ndef f(x):\n    return x\n```\nUse it so:\n```python\nprint(f(1))\n```\n"
    assert code_in(text, "f") == "def f(x):\n    return x\n"
    assert code_in(text, "g") == "print(f(1))\n"
    assert code_in("```python\nclass Solution:\n    pass\n```\n", "Solution") is not None


def test_code_has_ended_when_its_block_is_closed() -> None:
    assert not is_code_ended("```python\nx = 1\n")
    assert is_code_ended("```python\nx = 1\n```\n")
    assert not is_code_ended("    return 1\n")


def test_inputs_are_the_calls_that_a_prompt_shows() -> None:
    docstring = "f([1, 2], 'x)') == 3\n    >>> f((), b=1)\n    f([1, 2], 'x)') f(n)\n"
    text = f"def f(a, b):\n    '''{docstring}'''"
    assert shown_calls(text, "f") == [([1, 2], "x)")]


def test_inputs_are_generated_from_the_signature_where_none_are_shown() -> None:
    setup = (
        "from typing import List\ndef f(words: List[str], n: int, flag: bool):\n    '''No call.'''"
    )
    inputs = ast.literal_eval(vote_inputs(setup, "f"))
    assert len(inputs) == NUM_GENERATED
    for words, number, flag in inputs:
        assert all(isinstance(word, str) for word in words)
        assert isinstance(number, int)
        assert isinstance(flag, bool)
    assert vote_inputs(setup, "f") == vote_inputs(setup, "f")


def test_a_parameter_without_an_annotation_is_known_by_its_name() -> None:
    for words, text, number in ast.literal_eval(vote_inputs("def f(lst, s, k): pass", "f")):
        assert isinstance(words, list)
        assert isinstance(text, str)
        assert isinstance(number, int)
