"""What a service that keeps runs (Weights & Biases, MLflow) is told of a sweep.

A tracker hears a run's progress while it goes on and its frontier when it is done. It is told,
and never asked: no unit, figure or decision depends on it.

    >>> class Printed:
    ...     def started(self, settings): print("started", dict(settings))
    ...     def progress(self, figures): print(dict(figures))
    ...     def frontier(self, points, files): print(len(points), "points")
    ...     def finished(self, ok): print("finished" if ok else "failed")
    >>> tracker: Tracker = Printed()
    >>> tracker.progress({"units/done": 3.0})
    {'units/done': 3.0}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

TRACKERS = ("wandb", "mlflow")
"""Those that ship, each by an extra of its name."""
Point = Mapping[str, str | int | float | None]


class Tracker(Protocol):
    """One service's run."""

    def started(self, settings: Mapping[str, str]) -> None:
        """Begin a run, with the settings of its grid."""

    def progress(self, figures: Mapping[str, float]) -> None:
        """Take in the figures of a running sweep; called every few seconds."""

    def frontier(self, points: Sequence[Point], files: Sequence[Path]) -> None:
        """Take in the best cell of each policy, strategy and N, and the pictures and tables."""

    def finished(self, ok: bool) -> None:
        """End the run."""
