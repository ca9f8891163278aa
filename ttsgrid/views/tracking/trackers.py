"""The trackers of a sweep, as one that can't stop it.

A service that is down or full says so once, and the sweep goes on without it: what it measures
is in the store. What is missing or misspelt is said before anything runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.tracking import Point, Tracker

EVERY_S = 10.0  # a history of a day has 8,640 rows then


class Trackers:
    """Tells several trackers, and leaves out those that fail."""

    def __init__(self, trackers: Mapping[str, Tracker], note: Callable[[str], None]) -> None:
        """Take the trackers by name; `note` says that one failed."""
        self._trackers = dict(trackers)
        self._note = note
        self._told_at = -EVERY_S
        self._untold: Callable[[], Mapping[str, float]] | None = None

    @contextmanager
    def running(self, settings: Mapping[str, str]) -> Iterator[None]:
        """Begin a run with the settings of its grid, and end it whatever becomes of the block.

        Raises:
            ConfigError: a service refuses it.
        """
        self.started(settings)
        ok = False
        try:
            yield
            ok = True
        finally:
            self.finished(ok)

    def started(self, settings: Mapping[str, str]) -> None:
        """Begin a run, with the settings of its grid.

        Raises:
            ConfigError: a service refuses it.
        """
        for name, tracker in self._trackers.items():
            try:
                tracker.started(settings)
            except Exception as error:
                raise ConfigError(f"log_to: {name} begins no run: {_first_line(error)}") from error

    def progress(self, figures: Callable[[], Mapping[str, float]]) -> None:
        """Tell a running sweep's figures, every few seconds at most; the last ones at its end."""
        self._untold = figures
        if time.monotonic() - self._told_at >= EVERY_S:
            self._tell_progress()

    def frontier(self, points: Callable[[], Sequence[Point]], files: Sequence[Path]) -> None:
        """Tell the frontier."""
        self._tell_progress()
        if self._trackers:
            told = points()
            self._each(lambda tracker: tracker.frontier(told, files))

    def finished(self, ok: bool) -> None:
        """End the run."""
        self._tell_progress()
        self._each(lambda tracker: tracker.finished(ok))
        self._trackers.clear()

    def _tell_progress(self) -> None:
        if self._untold is not None and self._trackers:
            told = self._untold()
            self._each(lambda tracker: tracker.progress(told))
            self._told_at, self._untold = time.monotonic(), None

    def _each(self, tell: Callable[[Tracker], None]) -> None:
        for name, tracker in list(self._trackers.items()):
            try:
                tell(tracker)
            except Exception as error:  # whatever a service's client raises
                del self._trackers[name]
                self._note(f"{name} is told no more: {_first_line(error)}; the sweep goes on")


NO_TRACKERS = Trackers({}, lambda _: None)


def make_trackers(names: Sequence[str], note: Callable[[str], None]) -> Trackers:
    """Return the trackers of some names.

    Raises:
        ConfigError: the package of one is missing.
    """
    return Trackers({name: _made(name) for name in names}, note)


def _made(name: str) -> Tracker:
    try:
        if name == "wandb":
            # Loaded here: whoever doesn't ask for it needs no such package.
            from ttsgrid.views.tracking.wandb import WandbTracker  # noqa: PLC0415

            return WandbTracker()
        from ttsgrid.views.tracking.mlflow import MlflowTracker  # noqa: PLC0415

        return MlflowTracker()
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"log_to=[{name}] needs a package that is not installed ({error.name}): "
            f"pip install 'ttsgrid[{name}]'"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
