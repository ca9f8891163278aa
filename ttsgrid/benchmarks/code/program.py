"""From what a model wrote to a program: find the code in a text, and fit it to its prompt.

A model may write the whole function in a fenced block, or go on where the prompt ends. The
assembly, stated here because published figures depend on it:

* the prompt's imports, constants and helper functions stay, before whatever was written, and
  so do imports inside the function that it begins;
* where the function itself was written, that is the program;
* where only its body was, the body follows the prompt's `def` line and the prompt's docstring
  is dropped, so that a body may be indented as it likes;
* the tests' own function `check` is renamed (`ttsgrid.benchmarks.sandbox.guest.tests`), so a
  solution may have one.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

from ttsgrid.benchmarks.code.task import CodeTask

SOLUTION = "Solution"
METHOD = "ttsgrid_method"  # the function through which a method of `Solution` is tested

_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+-]*)[^\n]*\n", re.MULTILINE)
_CLOSE = re.compile(r"^[ \t]*```[ \t]*$", re.MULTILINE)
_PYTHON = ("", "python", "py", "python3", "Python")


def code_in(text: str, name: str = "") -> str | None:
    """Return the code in a text; None where it has none.

    Args:
        text: what a model wrote. Without blocks of code it is code itself.
        name: what the code should define: the last Python block that does is taken, for
            a block after it shows how it is called. Without a name, or such a block, the last.
    """
    if "```" not in text:
        return text if text.strip() else None
    blocks = [block for block in _python_blocks(text) if block.strip()]
    defining = [block for block in blocks if name and _defines(block, name)]
    found = defining or blocks
    return found[-1] if found else None


def _python_blocks(text: str) -> Iterator[str]:
    position = 0
    while opening := _FENCE.search(text, position):
        closing = _CLOSE.search(text, opening.end())
        end = closing.start() if closing else len(text)
        if opening[1] in _PYTHON:
            yield text[opening.end() : end]
        position = closing.end() if closing else len(text)


def is_code_ended(text: str) -> bool:
    """Say whether a text holds a block of code that was closed."""
    opening = _FENCE.search(text)
    return opening is not None and _CLOSE.search(text, opening.end()) is not None


def program_of(task: CodeTask, code: str) -> str:
    """Return the program that code makes of a task; see the module for the rules."""
    if not task.method:
        return assembled(task.setup, task.entry_point, code)
    call = f"def {METHOD}(*given):\n    return {SOLUTION}().{task.method}(*given)\n"
    return f"{task.setup}\n{code}\n\n{call}"


def sought_in(task: CodeTask) -> str:
    """Return the name that a solution of a task defines; empty where none is asked for."""
    return SOLUTION if task.method else task.entry_point


def assembled(setup: str, entry_point: str, code: str) -> str:
    """Return the program that code makes after its prompt; see the module for the rules."""
    before, header = _split(setup, entry_point)
    if not header or _defines(code, entry_point):
        return f"{before}\n{code}\n"
    for body in _indented(code):
        program = f"{before}\n{header}\n{body}\n"
        if _parses(program):
            return program
    return f"{before}\n{header}\n{code}\n"


def _split(setup: str, entry_point: str) -> tuple[str, str]:
    """Return a prompt's code before its function, and the function's `def` line or lines."""
    try:
        tree = ast.parse(setup)
    except SyntaxError:
        return setup, ""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == entry_point:
            lines, first = setup.splitlines(), node.body[0].lineno - 1
            before = lines[: node.lineno - 1] + [ast.unparse(part) for part in _imports(node)]
            return "\n".join(before), "\n".join(lines[node.lineno - 1 : first])
    return setup, ""


def _imports(stub: ast.FunctionDef) -> list[ast.stmt]:
    """Return the imports inside a stub: HumanEval/115 has one before its docstring."""
    return [part for part in stub.body if isinstance(part, ast.Import | ast.ImportFrom)]


def _defines(code: str, entry_point: str) -> bool:
    name = re.escape(entry_point)
    return re.search(rf"^(?:(?:async\s+)?def|class)\s+{name}\b|^{name}\s*=", code, re.M) is not None


def _indented(code: str) -> list[str]:
    """Return the ways in which a body may have lost its indentation, as it stands first."""
    lines = code.lstrip("\n").splitlines()
    second = next((line for line in lines[1:] if line.strip()), "")
    margin = second[: len(second) - len(second.lstrip())]
    # A text that was stripped lost the margin of its first line alone.
    stripped = [margin + "\n".join(lines)] if margin else []
    return [code, *stripped, textwrap.indent(code, "    ")]


def _parses(program: str) -> bool:
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    # Of a body that lost its indentation the first line alone may have found its place.
    return not any(isinstance(node, ast.Return) for node in tree.body)
