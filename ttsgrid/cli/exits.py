"""How a command ends that can't go on: one sentence and a status, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from rich.text import Text

from ttsgrid.views.terminal.console import Console


def exit_with(error: Exception) -> NoReturn:
    """Say what is wrong in one sentence, as it is: its brackets are no markup."""
    Console(stderr=True, soft_wrap=True).print(
        Text("ttsgrid:", style="bold red"), str(error), highlight=False
    )
    sys.exit(1)


@contextmanager
def quiet_when_unread() -> Iterator[None]:
    """End without a word where nobody reads what is printed any more, as after `| head`.

    The status is 1, as rich's consoles end then: what comes after the printing isn't done.
    """
    try:
        yield
        sys.stdout.flush()  # while it can still be caught
    except BrokenPipeError:
        # Python writes what is left when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
