"""Live progress: one bar and one line per worker; plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from ttsgrid.cluster.driver.deaths import Cause, WorkerDiedError, in_words
from ttsgrid.core.records import UnitResult
from ttsgrid.core.tally import Tally
from ttsgrid.core.units import Unit
from ttsgrid.engines.base import EngineStats

PLAIN_EVERY_S = 10.0
SMOOTHING = 0.3  # weight of the newest second in tokens/s


@dataclass
class _Line:
    """One worker as shown."""

    state: str = "waits"
    tokens_per_s: float = 0.0
    running: int = 0
    total_tokens: int = 0
    seen_at: float = field(default_factory=time.monotonic)

    def update(self, stats: EngineStats) -> None:
        now = time.monotonic()
        total = stats.generated_tokens + stats.computed_prompt_tokens
        # Polls come each second but may bunch up: never divide by nothing.
        rate = (total - self.total_tokens) / max(now - self.seen_at, 1e-3)
        self.tokens_per_s += SMOOTHING * (rate - self.tokens_per_s)
        self.total_tokens, self.seen_at, self.running = total, now, stats.running


class Progress:
    """What the driver tells and a person sees."""

    def __init__(self, console: Console, units: Mapping[str, int]) -> None:
        """Set up for `units`: missing units by model name."""
        self._console = console
        self._left = dict(units)
        self._total = sum(units.values())
        self._done = self._failed = self._answers = self._correct = 0
        self._deaths: Counter[Cause] = Counter()
        self._generated = Tally()
        self._lines: dict[str, _Line] = {}
        self._started = time.monotonic()
        self._said_at = self._started
        self._bar = Bar(
            TextColumn("[bold]units"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._task = self._bar.add_task("units", total=self._total, left="")

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show progress while the block runs."""
        self._started = self._said_at = time.monotonic()
        if not self._console.is_terminal:  # a log file: a redrawn bar would fill it
            yield
            self._say()
            return
        with Live(get_renderable=self._render, console=self._console, refresh_per_second=4):
            yield

    def state(self, worker: str, state: str) -> None:
        """Set what a worker is doing."""
        self._lines.setdefault(worker, _Line()).state = state
        if not self._console.is_terminal:
            self._console.print(f"{self._clock()} {worker} {state}", highlight=False)

    def counters(self, worker: str, stats: EngineStats) -> None:
        """Take in an engine's counters."""
        self._lines.setdefault(worker, _Line()).update(stats)
        if not self._console.is_terminal and time.monotonic() - self._said_at >= PLAIN_EVERY_S:
            self._say()

    def finished(self, unit: Unit, result: UnitResult) -> None:
        """Count a unit that has its result."""
        self._done += 1
        self._left[unit.runs_on.name] -= 1
        if result.error is not None:  # the next run tries it again
            self._failed += 1
            return
        self._generated += Tally.of([unit])
        self._answers += len(result.solutions)
        self._correct += sum(solution.correct for solution in result.solutions)

    def skipped(self, model: str) -> None:
        """Count a unit that cannot run because what it needs failed."""
        self._total -= 1
        self._left[model] -= 1

    def died(self, worker: str, death: WorkerDiedError) -> None:
        """Count a worker's death, and say why it died, where, and where its log is."""
        self._deaths[death.cause] += 1
        self.note(f"{worker}: its worker died, {death}; what it had is handed out again")

    def note(self, text: str) -> None:
        """Say something that should stay on the screen."""
        self._console.print(f"{self._clock()} {text}", style="yellow", highlight=False)

    @property
    def committed_of_all(self) -> tuple[int, int]:
        """Units that have their result, and all that were to run."""
        return self._done, self._total

    @property
    def num_failed(self) -> int:
        """Units that failed."""
        return self._failed

    @property
    def tokens(self) -> int:
        """Tokens that engines computed, as far as heard."""
        return sum(line.total_tokens for line in self._lines.values())

    def _clock(self) -> str:
        seconds = int(time.monotonic() - self._started)
        return f"[{seconds // 60:02d}:{seconds % 60:02d}]"

    def _time_left(self) -> str:
        if not self._done:
            return ""
        seconds = (time.monotonic() - self._started) / self._done * (self._total - self._done)
        return f"about {int(seconds) // 60}:{int(seconds) % 60:02d} left"

    def _summary(self) -> str:
        share = f" ({self._correct / self._answers:.0%} correct)" if self._answers else ""
        failed = f", {self._failed} failed" if self._failed else ""
        rate = sum(line.tokens_per_s for line in self._lines.values())
        died = f", {in_words(self._deaths)}" if self._deaths else ""
        return f"{self._generated}{share}{failed}{died}, {rate:,.0f} tokens/s"

    def _say(self) -> None:
        self._said_at = time.monotonic()
        counts = f"{self._clock()} {self._done}/{self._total} units"
        text = f"{counts}, {self._summary()}, {self._time_left()}"
        self._console.print(text.rstrip(", "), highlight=False)

    def _render(self) -> RenderableType:
        self._bar.update(
            self._task, completed=self._done, total=self._total, left=self._time_left()
        )
        table = Table(box=None, pad_edge=False)
        for heading in ("worker", "state", "units left", "in flight", "tokens/s"):
            table.add_column(heading, justify="left" if heading in ("worker", "state") else "right")
        for name, line in self._lines.items():
            left = self._left.get(name.split("/")[0], 0)
            row = (name, line.state, f"{left:,}", f"{line.running:,}", f"{line.tokens_per_s:,.0f}")
            table.add_row(*row, style="dim" if line.state == "done" else "")
        return Group(self._bar, Text(self._summary()), table)
