"""A run's figures told to Ray, whose agents on each node offer them to Prometheus.

Ray sends them on every ten seconds, and once more when the driver leaves. A driver that reaches
its cluster through Ray's client (`ray://`) is no part of it, and tells nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ray.util.metrics import Counter, Gauge, Histogram

from ttsgrid.cluster.driver.figures import Figures
from ttsgrid.cluster.driver.samples import Sample, samples_of
from ttsgrid.core.metrics import METRICS, RUN_TAG, Metric, MetricKind

Series = tuple[tuple[str, str], ...]


class RayMetrics:
    """Tells Ray the figures of one run."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._made = {metric.name: _made(metric) for metric in METRICS}
        self._told: dict[str, dict[Series, float]] = defaultdict(dict)

    def tell(self, figures: Figures) -> None:
        """Tell the figures as they are now."""
        current: dict[str, dict[Series, float]] = defaultdict(dict)
        for sample in samples_of(figures):
            tags = {RUN_TAG: self._run_id, **sample.tags}
            self._tell(sample, tags)
            current[sample.metric.name][tuple(tags.items())] = sample.value
        # A gauge keeps its last value: a state that nobody is in any more is at zero.
        for name, series in self._told.items():
            made = self._made[name]
            if isinstance(made, Gauge):
                for gone in series.keys() - current[name].keys():
                    made.set(0, dict(gone))
        self._told = current

    def _tell(self, sample: Sample, tags: Mapping[str, str]) -> None:
        made, given = self._made[sample.metric.name], dict(tags)
        if isinstance(made, Gauge):
            made.set(sample.value, given)
        elif isinstance(made, Histogram):
            made.observe(sample.value, given)
        else:
            told = self._told[sample.metric.name].get(tuple(tags.items()), 0.0)
            if sample.value > told:
                made.inc(sample.value - told, given)


def _made(metric: Metric) -> Counter | Gauge | Histogram:
    tags = (RUN_TAG, *metric.tags)
    if metric.kind is MetricKind.HISTOGRAM:
        return Histogram(metric.name, metric.meaning, list(metric.boundaries), tags)
    kind = Counter if metric.kind is MetricKind.COUNTER else Gauge
    return kind(metric.name, metric.meaning, tags)
