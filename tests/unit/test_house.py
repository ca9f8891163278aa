"""The house: its drawing is true, its files and functions are small, its facts have one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_import_graph import MODULES, arrows, place_of

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 50
UNIT_CLASSES = {"SampleBlock", "ScoreBlock", "SearchTree"}


def drawn_arrows() -> set[tuple[str, str]]:
    """The arrows that the design document draws, e.g. `views -> analysis, store, core`."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    lines = re.findall(r"^([a-z0-9]+) -> ([a-z0-9, ]+)$", text, re.MULTILINE)
    return {(room, target) for room, targets in lines for target in targets.split(", ")}


def test_the_design_document_draws_every_arrow_between_rooms_and_no_other() -> None:
    found = {(a.split(".")[0], b.split(".")[0]) for a, b in arrows()}
    assert drawn_arrows() == {(a, b) for a, b in found if a != b}


def test_every_room_says_in_its_docstring_what_it_is_for() -> None:
    for place in {place_of(module) for module in MODULES} - {"cli"}:
        face = ROOT / "ttsgrid" / Path(*place.split(".")) / "__init__.py"
        assert ast.get_docstring(ast.parse(face.read_text(encoding="utf-8"))), face


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_and_no_function_is_long() -> None:
    too_long = []
    for file in MODULES.values():
        text = file.read_text(encoding="utf-8")
        name, num_lines = file.relative_to(ROOT).as_posix(), len(text.splitlines())
        if num_lines > MOST_LINES_OF_A_FILE:
            too_long.append(f"{name}: {num_lines} lines")
        for function in functions(ast.parse(text)):
            length = (function.end_lineno or 0) - function.lineno + 1
            if length > MOST_LINES_OF_A_FUNCTION:
                too_long.append(f"{name}: {function.name} has {length} lines")
    assert not too_long


def names_in_isinstance(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
            yield from (n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name))


def test_nobody_asks_a_unit_for_its_class() -> None:
    for module, file in MODULES.items():
        asked = set(names_in_isinstance(ast.parse(file.read_text(encoding="utf-8"))))
        assert module == "ttsgrid.core.units" or not asked & UNIT_CLASSES, module


@pytest.mark.parametrize("word", ["json_path_match"])
def test_readers_find_columns_where_the_store_found_json(word: str) -> None:
    places = {place_of(m) for m, file in MODULES.items() if word in file.read_text("utf-8")}
    assert places <= {"store"}
