"""Live progress: one bar and one line per worker; plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from ttsgrid.cluster.driver.deaths import WorkerDiedError
from ttsgrid.cluster.driver.figures import Figures
from ttsgrid.cluster.driver.figures_in_words import some_of, summary
from ttsgrid.cluster.driver.phases import Phase
from ttsgrid.cluster.driver.time_left import TimeLeft, about
from ttsgrid.core.spent import Spent, Stage
from ttsgrid.engines.base import EngineStats

PLAIN_EVERY_S = 10.0
STARTING_EVERY_S = 60.0  # weights of hundreds of gigabytes, and what is compiled, take many minutes
HEADINGS = ("worker", "state", "units left", "in flight", "tokens/s", "busy", "restarts")


class Progress:
    """What the driver tells a person while it runs.

    Attributes:
        figures: what it tells of; Ray's metrics tell the same.
    """

    def __init__(
        self,
        console: Console,
        units: Mapping[str, int],
        clock: Callable[[], float] = time.monotonic,
        spent: Spent | None = None,
    ) -> None:
        """Set up for `units`: missing units by model name; `spent` hears where time goes."""
        self.figures = Figures(units, clock, spent)
        self._console = console
        self._clock = clock
        self._left = TimeLeft(clock)
        self._started = clock()
        self._said_at = self._starting_said_at = self._started
        self._bar = Bar(
            TextColumn("[bold]units"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._task = self._bar.add_task("units", total=self.figures.num_units, left="")

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show progress while the block runs."""
        self._started = self._said_at = self._clock()
        if not self._console.is_terminal:  # a log file: a redrawn bar would fill it
            yield
            self._say()
            return
        with Live(get_renderable=self._render, console=self._console, refresh_per_second=4):
            yield

    def state(self, worker: str, state: str, line: str | None = None) -> None:
        """Set what a worker is doing; a log says `line`, if not the state, unless it is empty."""
        said = state if line is None else line
        self.figures.enters(worker, state)
        if said and not self._console.is_terminal:
            self._console.print(f"{self._stamp()} {worker} {said}", highlight=False)

    def counters(self, worker: str, stats: EngineStats) -> None:
        """Take in an engine's counters."""
        self.figures.heard(worker, stats)
        if not self._console.is_terminal and self._clock() - self._said_at >= PLAIN_EVERY_S:
            self._say()

    def look(self) -> None:
        """Say in a log, once a minute and in one line, whose model still loads, and how far."""
        starting = self._starting()
        longest_s = max(starting.values(), default=0.0)
        quiet_s = self._clock() - self._starting_said_at
        if self._console.is_terminal or min(longest_s, quiet_s) < STARTING_EVERY_S:
            return
        self._starting_said_at = self._clock()
        line = f"{self._stamp()} starting for {longest_s:.0f} s: {self._how_far(starting)}"
        self._console.print(line, highlight=False)

    def _how_far(self, labels: Iterable[str]) -> str:
        """Name workers by the stages that they are in, each stage once."""
        at: dict[Stage | None, list[str]] = {}
        for label in labels:
            at.setdefault(self.figures.worker(label).stage, []).append(label)
        told = [f"{some_of(them)}{f': {stage}' if stage else ''}" for stage, them in at.items()]
        return "; ".join(told)

    def _starting(self) -> dict[str, float]:
        """Return for how many seconds each worker that starts has been at it."""
        told = self.figures
        starting = [label for label, one in told.workers.items() if one.state == Phase.LOADING]
        return {label: told.seconds_in_state(label) for label in starting}

    def died(self, worker: str, death: WorkerDiedError) -> None:
        """Count a worker's death, and say why it died, where, and where its log is."""
        self.figures.died(worker, death.cause)
        self.note(f"{worker}: its worker died, {death}; what it had is handed out again")

    def note(self, text: str) -> None:
        """Say something that should stay on the screen."""
        self._console.print(f"{self._stamp()} {text}", style="yellow", highlight=False)

    @property
    def committed_of_all(self) -> tuple[int, int]:
        """Units that have their result, and all that were to run."""
        return self.figures.num_ended, self.figures.num_units

    @property
    def num_failed(self) -> int:
        """Units that failed."""
        return self.figures.num_failed

    def _stamp(self) -> str:
        minutes, seconds = divmod(int(self._clock() - self._started), 60)
        hours, minutes = divmod(minutes, 60)
        hours_first = f"{hours}:" if hours else ""
        return f"[{hours_first}{minutes:02d}:{seconds:02d}]"

    def _time_left(self) -> str:
        seconds = self._left.seconds(*self.committed_of_all)
        return "" if seconds is None else f"{about(seconds)} left"

    def _say(self) -> None:
        self._said_at = self._clock()
        ended, num_units = self.committed_of_all
        counts = f"{self._stamp()} {ended}/{num_units} units"
        said = [counts, summary(self.figures), self._time_left()]
        self._console.print(", ".join(filter(None, said)), highlight=False)

    def _render(self) -> RenderableType:
        ended, num_units = self.committed_of_all
        self._bar.update(self._task, completed=ended, total=num_units, left=self._time_left())
        table = Table(box=None, pad_edge=False)
        for heading in HEADINGS:
            table.add_column(heading, justify="left" if heading in HEADINGS[:2] else "right")
        starting = self._starting()
        for label, worker in self.figures.workers.items():
            stage = f": {worker.stage}" if worker.stage else ""
            since = f"{stage}, {starting[label]:.0f} s" if label in starting else ""
            row = (
                label,
                f"{worker.state}{since}",
                f"{self.figures.left(worker.model):,}",
                f"{worker.total.running:,}",
                f"{worker.tokens_per_s:,.0f}",
                f"{worker.busy_share:.0%}",
                str(worker.restarts or ""),
            )
            table.add_row(*row, style="dim" if worker.state == "done" else "")
        return Group(self._bar, Text(summary(self.figures)), table)
