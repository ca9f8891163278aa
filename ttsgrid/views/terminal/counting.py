"""Progress of one long loop: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PLAIN_EVERY_S = 10.0


class Counting:
    """Counts what is done of a known number of things."""

    def __init__(self, console: Console, things: str, total: int) -> None:
        self._console, self._things, self._total = console, things, total
        self._done, self._said_at = 0, time.monotonic()
        self._bar = Progress(
            TextColumn(f"[bold]{things}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task(things, total=total)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show progress while the block runs."""
        if not self._console.is_terminal:  # a log file: a redrawn bar would fill it
            yield
            return
        with self._bar:
            yield

    def one_more(self) -> None:
        """Count one."""
        self._done += 1
        self._bar.advance(self._task)
        if not self._console.is_terminal and time.monotonic() - self._said_at >= PLAIN_EVERY_S:
            self._said_at = time.monotonic()
            self._console.print(f"{self._done:,}/{self._total:,} {self._things}", highlight=False)
