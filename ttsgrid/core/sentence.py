"""How a command of argparse's ends when what it was told is wrong."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager

from ttsgrid.core.errors import TtsgridError

WRONG = 2  # argparse's own status for a wrong argument


@contextmanager
def ends_in_a_sentence(parser: ArgumentParser) -> Iterator[None]:
    """Say an error of ours in one sentence and end the process, as `parser.error` would."""
    try:
        yield
    except TtsgridError as error:
        parser.exit(WRONG, f"{parser.prog}: {error}\n")
