"""Display names, colours and marks stand in the catalogues and the palette, and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ttsgrid.core.strategies import STRATEGIES
from ttsgrid.views.palette import MARKERS

PACKAGE = Path(__file__).resolve().parents[2] / "ttsgrid"
SAID_IN = {PACKAGE / name for name in ("core/strategies.py", "core/voting.py", "views/palette.py")}
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b")
SHAPES = {entry.look.shape for entry in STRATEGIES if entry.look.shape} - {"circle", "square"}
NAMES = {entry.display for entry in STRATEGIES} | {entry.at_n for entry in STRATEGIES if entry.at_n}


def literals(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the string literals of a module but for its docstrings, with their lines."""
    tree = ast.parse(file.read_text())
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.lineno, node.value


def found_elsewhere(wrong: set[str], pattern: re.Pattern[str] | None = None) -> list[str]:
    return [
        f"{file.relative_to(PACKAGE)}:{line}: {text!r}"
        for file in sorted(PACKAGE.rglob("*.py"))
        if file not in SAID_IN
        for line, text in literals(file)
        if text in wrong or (pattern is not None and pattern.search(text))
    ]


def test_display_names_of_strategies_stand_in_their_catalogue_alone() -> None:
    assert len(NAMES) > len(STRATEGIES.names)
    assert found_elsewhere(NAMES) == []


def test_colours_stand_in_the_palette_alone() -> None:
    assert COLOUR.search("#2f6fc4")
    assert found_elsewhere(set(), COLOUR) == []


def test_marks_stand_in_the_catalogue_and_the_palette_alone() -> None:
    assert {"diamond", "triangle-up"} <= SHAPES
    assert found_elsewhere({MARKERS, *(str(shape) for shape in SHAPES)}) == []
