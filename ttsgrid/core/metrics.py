"""The catalogue of metrics: what a running sweep tells Ray, and so Prometheus and Grafana.

The driver alone tells them, from what it hears of its workers, so that a worker's death takes
no count away. Each is said here once; the dashboard and the documentation take names and
meanings from here. Ray puts `ray_` before a name, and OpenTelemetry `_total` after a counter's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MetricKind(StrEnum):
    """How a metric moves, in Prometheus's words."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        tags: what tells its series apart, beside the run's id, which all have, and what Ray adds.
        boundaries: upper ends of a histogram's buckets.
    """

    name: str
    kind: MetricKind
    meaning: str
    tags: tuple[str, ...] = ()
    boundaries: tuple[float, ...] = ()

    @property
    def scraped(self) -> str:
        """Its name as Prometheus finds it; of a histogram, without `_bucket`, `_sum`, `_count`."""
        return f"ray_{self.name}{'_total' if self.kind is MetricKind.COUNTER else ''}"


RUN_TAG = "run"
OF_A_WORKER = ("model", "role", "worker")

UNITS = Metric(
    "ttsgrid_units",
    MetricKind.GAUGE,
    "Units of this run by state: waiting, running, done, failed, or skipped because what they "
    "need failed.",
    ("model", "state"),
)
ATTEMPTS = Metric(
    "ttsgrid_attempts",
    MetricKind.COUNTER,
    "Units handed to workers, again after a death too.",
    ("model",),
)
TOKENS = Metric(
    "ttsgrid_tokens",
    MetricKind.COUNTER,
    "Tokens of engines: generated, prompt (computed of prompts), scored (computed by PRMs), "
    "cached (read from the prefix cache instead).",
    (*OF_A_WORKER, "kind"),
)
LIVE_REQUESTS = Metric(
    "ttsgrid_live_requests",
    MetricKind.GAUGE,
    "Requests that an engine has and has not answered.",
    OF_A_WORKER,
)
BUSY_SECONDS = Metric(
    "ttsgrid_busy_seconds",
    MetricKind.COUNTER,
    "Seconds in which an engine had a request; their rate is its busy share.",
    OF_A_WORKER,
)
WORKERS = Metric(
    "ttsgrid_workers",
    MetricKind.GAUGE,
    "Replicas by what they do: waits for room or a node, starts, works, done.",
    ("model", "role", "state"),
)
DEATHS = Metric(
    "ttsgrid_deaths",
    MetricKind.COUNTER,
    "Workers that died, by cause.",
    ("model", "cause"),
)
SOLUTIONS = Metric(
    "ttsgrid_solutions",
    MetricKind.COUNTER,
    "Solutions graded so far, right and wrong; those of searches count too.",
    ("model", "verdict"),
)
COMMIT_SECONDS = Metric(
    "ttsgrid_commit_seconds",
    MetricKind.HISTOGRAM,
    "How long commits to the store took.",
    boundaries=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
)
METRICS = (
    UNITS,
    ATTEMPTS,
    TOKENS,
    LIVE_REQUESTS,
    BUSY_SECONDS,
    WORKERS,
    DEATHS,
    SOLUTIONS,
    COMMIT_SECONDS,
)
