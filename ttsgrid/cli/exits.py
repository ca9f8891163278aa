"""How a command ends that can't go on: one sentence and a status, never a traceback."""

from __future__ import annotations

import sys
from typing import NoReturn

from rich.text import Text

from ttsgrid.views.terminal.console import Console


def exit_with(error: Exception) -> NoReturn:
    """Say what is wrong in one sentence, as it is: its brackets are no markup."""
    Console(stderr=True, soft_wrap=True).print(
        Text("ttsgrid:", style="bold red"), str(error), highlight=False
    )
    sys.exit(1)
