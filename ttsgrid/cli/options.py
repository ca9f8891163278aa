"""The parser of a command's options: what is wrong is one sentence, without the usage."""

from __future__ import annotations

import argparse
import sys
import textwrap
from typing import Any, NoReturn

from ttsgrid.views.words.control import visible


class Help(argparse.HelpFormatter):
    """argparse's help, in which names such as `small-vs-large` stay on one line."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


class Parser(argparse.ArgumentParser):
    """argparse's parser; its usage, ten lines for some commands, would hide what is wrong."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401 - argparse's own
        super().__init__(*arguments, **{"formatter_class": Help, **settings})

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with the status of a wrong command line."""
        print(f"ttsgrid: error: {visible(message)}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)
