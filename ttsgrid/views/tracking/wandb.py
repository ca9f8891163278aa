"""Weights & Biases: progress as a history, the frontier as a table, pictures as images.

Where it writes is wandb's own to say: WANDB_MODE=offline, WANDB_PROJECT, WANDB_DIR and the like
are honoured; without a project it is `ttsgrid`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import wandb

from ttsgrid.core.tracking import Point


class WandbTracker:
    """One run of W&B."""

    def __init__(self) -> None:
        self._run: Any = None

    def started(self, settings: Mapping[str, str]) -> None:
        """Begin a run, with the settings of its grid."""
        project = os.environ.get("WANDB_PROJECT", "ttsgrid")
        self._run = wandb.init(project=project, config=dict(settings))

    def progress(self, figures: Mapping[str, float]) -> None:
        """Add a row to the run's history."""
        self._run.log(dict(figures))

    def frontier(self, points: Sequence[Point], files: Sequence[Path]) -> None:
        """Keep the points as a table, and the files as images and an artifact."""
        columns = list(points[0]) if points else []
        rows = [[point[name] for name in columns] for point in points]
        shown: dict[str, Any] = {"frontier": wandb.Table(columns=columns, data=rows)}
        pictures = [file for file in files if file.suffix == ".png"]
        shown |= {f"pictures/{file.stem}": wandb.Image(str(file)) for file in pictures}
        self._run.log(shown)
        kept = wandb.Artifact("frontier", type="frontier")
        for file in files:
            kept.add_file(str(file))
        self._run.log_artifact(kept)

    def finished(self, ok: bool) -> None:
        """End the run."""
        self._run.finish(exit_code=0 if ok else 1)
