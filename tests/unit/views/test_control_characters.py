"""What a model wrote can't steer the terminal of whoever reads it."""

from __future__ import annotations

import io

import pytest
from rich.text import Text
from rich.tree import Tree

from ttsgrid.views.terminal.console import Console
from ttsgrid.views.words.control import visible

HOSTILE = "clear \x1b[2J title \x1b]0;taken\x07 \x9b31m back \u202ereversed\r\x08"


@pytest.mark.parametrize("renderable", [HOSTILE, Text(HOSTILE), Tree(Text(HOSTILE))])
@pytest.mark.parametrize("is_terminal", [True, False])
def test_escape_sequences_are_shown_as_text(renderable: object, is_terminal: bool) -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=is_terminal, width=200, color_system=None)
    console.print(renderable, markup=False, highlight=False)
    shown = file.getvalue()
    assert "\\x1b[2J" in shown
    assert not set(shown) & set("\x1b\x07\x9b\u202e\r\x08")


def test_line_ends_and_tabs_stay() -> None:
    assert visible("a\n\tb \x00") == "a\n\tb \\x00"


def test_a_dotted_path_in_a_message_is_no_emoji() -> None:
    file = io.StringIO()
    Console(file=file, width=200).print("engine.kind: my_module:X: it is missing")
    assert "my_module:X: it is missing" in file.getvalue()


def test_a_message_keeps_its_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=100).print("the same command with 'strategies=[majority,best_of_n]'")
    assert "strategies=[majority,best_of_n]" in capsys.readouterr().out
