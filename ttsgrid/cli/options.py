"""The parser of a command's options: what is wrong is one sentence, without the usage."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from ttsgrid.views.words.control import visible


class Parser(argparse.ArgumentParser):
    """argparse's parser; its usage, ten lines for some commands, would hide what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with the status of a wrong command line."""
        print(f"ttsgrid: error: {visible(message)}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)
