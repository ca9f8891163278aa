"""MLflow: progress as metrics, accuracies as metrics whose step is N, files as artifacts.

Where it writes is MLflow's own to say: MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME are
honoured; without an experiment it is `ttsgrid`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

import mlflow

from ttsgrid.core.tracking import Point

_NOT_IN_NAMES = re.compile(r"[^\w\-. /]")  # what a metric's name may not have
_LONGEST_VALUE = 500  # characters of a parameter


class MlflowTracker:
    """One run of MLflow."""

    def __init__(self) -> None:
        self._steps = count()

    def started(self, settings: Mapping[str, str]) -> None:
        """Begin a run, with the settings of its grid."""
        mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", "ttsgrid"))
        mlflow.start_run()
        mlflow.log_params({name: value[:_LONGEST_VALUE] for name, value in settings.items()})

    def progress(self, figures: Mapping[str, float]) -> None:
        """Log the figures at the next step."""
        named = {_named(name): value for name, value in figures.items()}
        mlflow.log_metrics(named, step=next(self._steps))

    def frontier(self, points: Sequence[Point], files: Sequence[Path]) -> None:
        """Log each accuracy at its N, and keep the files."""
        for point in points:
            name = "/".join(str(point[part]) for part in ("benchmark", "policy", "strategy"))
            accuracy, n = point["accuracy"], point["n"]
            if accuracy is not None and n is not None:
                mlflow.log_metric(_named(f"frontier/{name}"), float(accuracy), step=int(n))
        mlflow.log_dict({"points": [dict(point) for point in points]}, "frontier.json")
        for file in files:
            mlflow.log_artifact(str(file), "frontier")

    def finished(self, ok: bool) -> None:
        """End the run."""
        mlflow.end_run("FINISHED" if ok else "FAILED")


def _named(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)
